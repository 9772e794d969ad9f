import type { Registration } from './facts.ts'
import type { Scope } from './graph.ts'
import { holds, type World } from './world.ts'

/** True where the recovery key that signed the revocation at `at` outranks its person's devices (CONVERGENCE §6). */
export function isSenior(world: World, at: number): boolean {
  const { facts } = world
  const op = facts.graph.ops[at]
  const act = op?.act
  if (op === undefined || act?.t !== 'revoke') return false
  const person = facts.recoveredBy(op.iss, act.who, at)
  if (person === undefined) return false
  const known = facts.registrations(person).filter((registration) => facts.inScope(registration.at, at) && holds(world, registration.at))
  const current = known.filter((registration) => registration.key === op.iss)
  const replaced = known.some((registration) => registration.key !== op.iss && facts.graph.ops[registration.at]?.iss === op.iss)
  return !replaced && current.some((registration) => counts(world, registration, at)) && !isSeniorityFrozen(world, person)
}

/** True where two first recovery keys of a person were registered side by side: then none outranks, and the two are shown. */
export function isSeniorityFrozen(world: World, person: Registration['person']): boolean {
  const { facts } = world
  const firsts = facts.registrations(person).filter((registration) => registration.first === registration.at && counts(world, registration, facts.graph.all))
  return firsts.some((a) => firsts.some((b) => a.key !== b.key && facts.graph.concurrent(a.at, b.at)))
}

/**
 * The first registration that `registration` goes back to must be as old as the person, or confirmed by another device of the person or by someone
 * who may manage membership; and no other such key may have been there before it.
 */
function counts(world: World, registration: Registration, scope: Scope): boolean {
  const { facts } = world
  const first = facts.registrationAt(registration.first)
  if (first === undefined || !isEstablished(world, first, scope)) return false
  const others = facts.registrations(first.person).filter((other) => other.first === other.at && other.key !== first.key && facts.inScope(other.at, first.at))
  return !others.some((other) => isEstablished(world, other, first.at))
}

function isEstablished(world: World, first: Registration, scope: Scope): boolean {
  return holds(world, first.at) && (isOld(world, first) || isConfirmed(world, first, scope))
}

/** Made with the first device, before a second one was linked. */
function isOld(world: World, first: Registration): boolean {
  const { facts } = world
  const device = facts.graph.ops[first.at]?.iss
  return device === first.person && facts.devicesOf(first.person, first.at).size === 1
}

function isConfirmed(world: World, first: Registration, scope: Scope): boolean {
  const { facts } = world
  const id = facts.graph.ops[first.at]?.id
  return facts.confirmations().some((at) => {
    const act = facts.graph.ops[at]?.act
    return act?.t === 'confirm' && act.op === id && facts.inScope(at, scope) && holds(world, at)
  })
}
