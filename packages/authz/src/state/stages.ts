import type { AuthzErrorCode } from '../errors.ts'
import { MAX_TRANSFERS } from '../limits.ts'
import { ADMIN, EDITOR, type Level, OWNER } from '../roles.ts'
import { overAdmitted } from './admissions.ts'
import { judge, needOf } from './judge.ts'
import { isSenior } from './recovery.ts'
import { holds, isCut, type Standing, standingOf, type Tenure, type World } from './world.ts'
import { forkedOrTooWide } from './width.ts'

/** The level at which an author acts in a stage; undefined where the operation belongs to another stage. */
type Pick = (standing: Standing, at: number) => Level | undefined

/** Decides every operation: the owners' first, then the admins', then the rest (CONVERGENCE §4). */
export function decideAll(world: World, start: number): void {
  decideOwners(world, start)
  decideStage(world, ({ level }) => (level >= ADMIN ? ADMIN : undefined), true)
  for (const at of overAdmitted(world)) overrule(world, at, 'INVITE_EXHAUSTED')
  decideStage(world, ({ level }) => (level > EDITOR ? EDITOR : level), false)
}

function decideOwners(world: World, start: number): void {
  const { facts } = world
  let tenure: Tenure = { person: facts.founder, start, candidates: [] }
  for (let k = 0; k <= MAX_TRANSFERS; k++) {
    world.tenures.push(tenure)
    const { person, start: begin } = tenure
    const isOwner: Pick = (standing, at) =>
      standing.level === OWNER && standing.person === person && (k === 0 || facts.inScope(begin, at)) ? OWNER : undefined
    const open = decideStage(world, isOwner, false)
    const handed = open.filter((at) => facts.graph.ops[at]?.act.t === 'transfer' && holds(world, at))
    const candidates = handed.filter((at) => !handed.some((other) => facts.graph.before(other, at)))
    if (candidates.length === 0) return
    for (const at of open) world.verdicts[at] = undefined
    tenure.candidates = candidates
    // What the old owner's devices did beside the hand-over has an admin's power only.
    const beforeHandOver: Pick = (standing, at) =>
      candidates.includes(at) || candidates.some((candidate) => facts.graph.before(at, candidate)) ? isOwner(standing, at) : undefined
    decideStage(world, beforeHandOver, false)
    const only = candidates[0]
    const act = only === undefined ? undefined : facts.graph.ops[only]?.act
    if (candidates.length > 1 || only === undefined || act?.t !== 'transfer') {
      for (const at of candidates) overrule(world, at, 'FLOW_FROZEN')
      return
    }
    tenure = { person: act.dlg.aud, start: only, candidates: [] }
  }
}

/**
 * Decides the operations of one stage twice: first without what depends on the whole stage (recovery keys' revocations, revocations that are
 * forked or too wide), then with it. Returns the operations decided.
 */
function decideStage(world: World, pick: Pick, measure: boolean): readonly number[] {
  const first = decidePass(world, pick, new Map())
  const overruled = measure ? forkedOrTooWide(world, first) : new Map<number, AuthzErrorCode>()
  const claims = first.filter((at) => world.facts.graph.ops[at]?.act.t === 'revoke' && world.facts.reach(at).mode === 'recovery' && world.verdicts[at]?.code === undefined)
  const senior = claims.filter((at) => isSenior(world, at))
  for (const at of claims) if (!senior.includes(at)) overruled.set(at, 'RECOVERY_INVALID')
  if (overruled.size === 0 && senior.length === 0) return first
  const kept = new Map<number, NonNullable<World['verdicts'][number]>>()
  for (const at of senior) {
    const verdict = world.verdicts[at]
    if (verdict !== undefined) kept.set(at, verdict)
  }
  for (const at of first) world.verdicts[at] = undefined
  // Found senior by the first pass, they hold whatever the second says: else two of them could undo each other in a circle.
  for (const [at, verdict] of kept) {
    world.senior.add(at)
    world.verdicts[at] = verdict
  }
  return [...kept.keys(), ...decidePass(world, pick, overruled)].sort((a, b) => a - b)
}

function decidePass(world: World, pick: Pick, overruled: ReadonlyMap<number, AuthzErrorCode>): readonly number[] {
  const { facts, verdicts } = world
  const decided: number[] = []
  for (const [at, op] of facts.graph.ops.entries()) {
    if (verdicts[at] !== undefined) continue
    const standing: Standing | undefined = op.act.t === 'create' ? { person: op.iss, level: OWNER, by: at } : standingOf(world, op.iss, at)
    const level = standing === undefined ? undefined : pick(standing, at)
    if (standing === undefined || level === undefined) continue
    const author: Standing = { ...standing, level }
    const cut = op.act.t !== 'create' && isCut(world, at, author, needOf(world, op))
    verdicts[at] = { ...author, code: overruled.get(at) ?? (cut ? 'AUTHOR_REVOKED' : judge(world, at, author)) }
    decided.push(at)
  }
  return decided
}

function overrule(world: World, at: number, code: AuthzErrorCode): void {
  const verdict = world.verdicts[at]
  if (verdict !== undefined) world.verdicts[at] = { ...verdict, code }
}
