import type { Did } from '../did.ts'
import type { AuthzErrorCode } from '../errors.ts'
import { ADMIN, type Level, OWNER } from '../roles.ts'
import type { Facts } from './facts.ts'
import type { Scope } from './graph.ts'

/** The time of one owner: from a creation or hand-over to the next (CONVERGENCE §4). */
export interface Tenure {
  readonly person: Did
  /** The operation that it begins with. */
  readonly start: number
  /** Hand-overs by this owner, none in another's past. */
  candidates: readonly number[]
}

/** What an author may do at an operation, by what is valid in its past. */
export interface Standing {
  readonly person: Did
  readonly level: Level
  /** The operation that the standing comes from: a creation, grant, hand-over or link. */
  readonly by: number
}

/** What was decided of one operation. */
export interface Verdict {
  readonly level: Level
  readonly person: Did
  readonly by: number
  /** Why it is void; undefined where it holds. */
  readonly code: AuthzErrorCode | undefined
}

/** What is decided so far, and what follows from that. Deciding goes by levels, the owner's first, so that nothing waits for something below it. */
export interface World {
  readonly facts: Facts
  readonly tenures: Tenure[]
  readonly verdicts: (Verdict | undefined)[]
  /** Revocations by recovery keys that were found senior. */
  readonly senior: Set<number>
}

export function createWorld(facts: Facts): World {
  return { facts, tenures: [], verdicts: facts.graph.ops.map(() => undefined), senior: new Set() }
}

/** True where the operation holds. A recovery key's revocation holds only once the key was found senior. */
export function holds(world: World, at: number): boolean {
  const verdict = world.verdicts[at]
  if (verdict === undefined || verdict.code !== undefined) return false
  const act = world.facts.graph.ops[at]?.act
  return act?.t !== 'revoke' || world.facts.reach(at).mode !== 'recovery' || world.senior.has(at)
}

export function levelAt(world: World, at: number): Level {
  return world.verdicts[at]?.level ?? 0
}

/** The tenure in force within a scope: the last whose beginning is in it. */
export function tenureIn(world: World, scope: Scope): Tenure | undefined {
  return world.tenures.findLast((tenure, i) => i === 0 || world.facts.inScope(tenure.start, scope))
}

/** The owner within a scope; undefined where two concurrent hand-overs in it froze the flow. */
export function ownerIn(world: World, scope: Scope): Did | undefined {
  const tenure = tenureIn(world, scope)
  const handedOver = tenure?.candidates.some((at) => world.facts.inScope(at, scope)) ?? false
  return handedOver ? undefined : tenure?.person
}

/** Something that makes a person a member: the level that it gives, and the level that gave it. */
interface Membership {
  readonly at: number
  readonly level: Level
  readonly giver: Level
}

/** What gives `person` a role in a scope, whether or not it ended. Hand-overs make the old owner an admin. */
function memberships(world: World, person: Did, scope: Scope): Membership[] {
  const { facts } = world
  const found: Membership[] = []
  for (const at of facts.grantsTo(person)) {
    const act = facts.graph.ops[at]?.act
    if (act?.t === 'grant' && facts.inScope(at, scope) && holds(world, at)) found.push({ at, level: act.dlg.level, giver: levelAt(world, at) })
  }
  for (const tenure of world.tenures) {
    if (tenure.person !== person) continue
    for (const at of tenure.candidates) if (facts.inScope(at, scope)) found.push({ at, level: ADMIN, giver: OWNER })
  }
  return found
}

/** The level of a person within a scope, and the operation that it comes from; undefined for one who is no member there (CONVERGENCE §3). */
export function personLevel(world: World, person: Did, scope: Scope): Membership | undefined {
  if (ownerIn(world, scope) === person) return { at: tenureIn(world, scope)?.start ?? 0, level: OWNER, giver: OWNER }
  const { facts } = world
  const latest: Membership[] = []
  // The order of operations respects what builds on what: going backwards, whatever something later and live builds on is not the latest.
  for (const membership of memberships(world, person, scope).sort((a, b) => b.at - a.at)) {
    if (latest.some(({ at }) => facts.graph.before(membership.at, at)) || isRemoved(world, person, membership, scope)) continue
    latest.push(membership)
  }
  // Of concurrent ones, the higher giver's; among those the lower role, so that nobody rises by a race.
  return latest.sort((a, b) => b.giver - a.giver || a.level - b.level || a.at - b.at)[0]
}

function isRemoved(world: World, person: Did, { at, level }: Membership, scope: Scope): boolean {
  const { facts } = world
  const op = facts.graph.ops[at]
  const ends = (by: number): boolean => facts.inScope(by, scope) && !facts.graph.before(by, at) && holds(world, by) && levelAt(world, by) > level
  if (facts.removing(person).some(ends)) return true
  if (op?.act.t !== 'grant') return false
  const { via } = op.act
  if (facts.cascades().some((by) => facts.reach(by).devices.has(op.iss) && ends(by))) return true
  return via !== undefined && facts.ending(via.iss).some((by) => facts.inScope(by, scope) && !facts.graph.before(by, at) && holds(world, by))
}

/** What a device may do within a scope: by its own grant, or as a device of a person. The best of them (CONVERGENCE §3). */
export function standingOf(world: World, did: Did, scope: Scope): Standing | undefined {
  let best: Standing | undefined
  for (const standing of standingsOf(world, did, scope)) {
    if (best === undefined || standing.level > best.level || (standing.level === best.level && standing.person < best.person)) best = standing
  }
  return best
}

/** All that a device stands on within a scope. */
export function* standingsOf(world: World, did: Did, scope: Scope): Generator<Standing> {
  const { facts } = world
  const own = personLevel(world, did, scope)
  if (own !== undefined && !isFirstDeviceLost(world, did, scope)) yield { person: did, level: own.level, by: own.at }
  for (const at of facts.admissions(did)) {
    const op = facts.graph.ops[at]
    if (op === undefined || (op.act.t !== 'device' && op.act.t !== 'recovery') || !facts.inScope(at, scope) || !holds(world, at)) continue
    const link = linkLevel(world, at)
    if (isLinkEnded(world, did, at, link, scope)) continue
    const person = world.verdicts[at]?.person ?? op.iss
    const level = personLevel(world, person, scope)?.level
    if (level !== undefined) yield { person, level: level < link ? level : link, by: at }
  }
}

/** The most that a link can give: its command's level, or the owner's where the owner gave all. */
export function linkLevel(world: World, at: number): Level {
  const act = world.facts.graph.ops[at]?.act
  const author = levelAt(world, at)
  if (act?.t !== 'device' && act?.t !== 'recovery') return 0
  if (author === OWNER && act.dlg.level === ADMIN) return OWNER
  return act.dlg.level < author ? act.dlg.level : author
}

/** May what happened at `by` touch something that stands at `level`? */
function outranks(world: World, by: number, level: Level): boolean {
  const { mode } = world.facts.reach(by)
  if (mode === 'self') return true
  return mode === 'recovery' ? levelAt(world, by) >= level : levelAt(world, by) > level
}

/** Is `did` among those whom `by` is about? By a cascade only through a grant that holds and that was made from above `level`: anybody can sign a void one. */
function isAbout(world: World, by: number, did: Did, level: Level): boolean {
  const { devices, cascaded } = world.facts.reach(by)
  return devices.has(did) || (cascaded.get(did) ?? []).some((grant) => holds(world, grant) && levelAt(world, grant) > level)
}

function isLinkEnded(world: World, did: Did, link: number, level: Level, scope: Scope): boolean {
  const { facts } = world
  return facts
    .reaching(did)
    .some((by) => facts.graph.ops[by]?.act.t === 'revoke' && facts.inScope(by, scope) && !facts.graph.before(by, link) && holds(world, by) && isAbout(world, by, did, level) && outranks(world, by, level))
}

/** A person's first device that was revoked stays out, also when the person gets another role; only one that left by itself comes back by a grant. */
function isFirstDeviceLost(world: World, did: Did, scope: Scope): boolean {
  const { facts } = world
  return facts.reaching(did).some((by) => {
    const act = facts.graph.ops[by]?.act
    if (act?.t !== 'revoke' || act.scope !== 'device' || !facts.reach(by).devices.has(did) || !facts.inScope(by, scope) || !holds(world, by)) return false
    const given = memberships(world, did, scope)
    if (facts.reach(by).mode === 'self') return !given.some(({ at }) => facts.graph.before(by, at))
    let stood: Level = 0
    for (const { at, level } of given) if (level > stood && !facts.graph.before(by, at)) stood = level
    const owned = world.tenures.some(({ person, start }) => person === did && !facts.graph.before(by, start) && (start === world.tenures[0]?.start || facts.inScope(start, scope)))
    return outranks(world, by, owned ? OWNER : stood)
  })
}

/** True where an operation by `did` at `at` is void because of what concurrent ones say (CONVERGENCE §5). */
export function isCut(world: World, at: number, author: Standing, need: Level): boolean {
  const { facts } = world
  const did = facts.graph.ops[at]?.iss
  if (did === undefined) return false
  return facts.reaching(did).some((by) => by !== at && holds(world, by) && cuts(world, by, at, did, author, need))
}

function cuts(world: World, by: number, at: number, did: Did, author: Standing, need: Level): boolean {
  const { graph } = world.facts
  if (graph.before(by, at)) return false
  const act = graph.ops[by]?.act
  if (act?.t === 'revoke') {
    const erases = act.tips.some((tip) => tip.did === did && tip.seen === undefined)
    if (!erases && graph.before(at, by)) return false
    return isAbout(world, by, did, author.level) && outranks(world, by, author.level) && world.facts.reach(by).mode !== 'self'
  }
  return act?.t === 'grant' && !graph.before(at, by) && need > act.dlg.level && levelAt(world, by) > author.level
}

/** True where an invitation link admits and shows within a scope. */
export function inviteIn(world: World, link: Did, scope: Scope): number | undefined {
  const { facts } = world
  const ended = (at: number): boolean => facts.ending(link).some((by) => facts.inScope(by, scope) && !facts.graph.before(by, at) && holds(world, by))
  return facts.invitesOf(link).find((at) => facts.inScope(at, scope) && holds(world, at) && !ended(at))
}
