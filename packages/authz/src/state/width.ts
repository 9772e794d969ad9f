import type { AuthzErrorCode } from '../errors.ts'
import { MAX_VOIDED_BY_ADMIN } from '../limits.ts'
import { OWNER } from '../roles.ts'
import { needOf } from './judge.ts'
import { holds, levelAt, type World } from './world.ts'

/**
 * Revocations and role changes by admins that do not hold for what they would void (CONVERGENCE §5): the ones that do not descend from the
 * revoker's own last operation, and the ones that void what the owner, or for more than {@link MAX_VOIDED_BY_ADMIN} operations another member with
 * the membership right, already builds on. Building that happened with knowledge of the revocation does not count, so that nobody who was removed
 * can undo it by making more.
 */
export function forkedOrTooWide(world: World, stage: readonly number[]): Map<number, AuthzErrorCode> {
  const found = new Map<number, AuthzErrorCode>()
  const inStage = new Set(stage)
  for (const at of stage) {
    const act = world.facts.graph.ops[at]?.act
    const reach = world.facts.reach(at)
    if ((act?.t !== 'revoke' && act?.t !== 'grant') || reach.mode !== 'manager' || reach.devices.size === 0 || !holds(world, at)) continue
    if (isForked(world, at, inStage)) found.set(at, 'REVOCATION_FORKED')
    else if (isTooWide(world, at)) found.set(at, 'REVOCATION_TOO_WIDE')
  }
  return found
}

function isForked(world: World, at: number, stage: ReadonlySet<number>): boolean {
  const { graph } = world.facts
  const author = graph.ops[at]?.iss
  const own = author === undefined ? [] : (graph.byAuthor.get(author) ?? [])
  return own.some((other) => graph.concurrent(at, other) && stage.has(other) && holds(world, other))
}

function isTooWide(world: World, at: number): boolean {
  const { facts } = world
  const { graph } = facts
  const voided = voidedBy(world, at)
  if (voided.length === 0) return false
  const person = personHit(world, at)
  const builders: number[] = []
  for (const [i, verdict] of world.verdicts.entries()) {
    if (verdict !== undefined && verdict.person !== person && !graph.before(at, i) && i !== at && holds(world, i)) builders.push(i)
  }
  const builtOn = voided.filter((x) => builders.some((builder) => graph.before(x, builder)))
  const byOwner = builtOn.some((x) => builders.some((builder) => levelAt(world, builder) === OWNER && graph.before(x, builder)))
  return byOwner || builtOn.length > MAX_VOIDED_BY_ADMIN
}

/** Operations that the one at `at` would void: by those whom it reaches, made without knowing of it. */
function voidedBy(world: World, at: number): readonly number[] {
  const { facts } = world
  const { graph } = facts
  const act = graph.ops[at]?.act
  const { devices, cascaded } = facts.reach(at)
  const voided: number[] = []
  const letIn = [...cascaded].flatMap(([did, grants]) => (grants.some((grant) => holds(world, grant)) ? [did] : []))
  for (const did of [...devices, ...letIn]) {
    for (const other of graph.byAuthor.get(did) ?? []) {
      const op = graph.ops[other]
      if (op === undefined || !graph.concurrent(at, other)) continue
      if (act?.t !== 'grant' || needOf(world, op) > act.dlg.level) voided.push(other)
    }
  }
  return voided
}

function personHit(world: World, at: number): string | undefined {
  const act = world.facts.graph.ops[at]?.act
  if (act?.t === 'grant') return act.dlg.aud
  return act?.t === 'revoke' ? world.facts.personOf(act.who, at) : undefined
}
