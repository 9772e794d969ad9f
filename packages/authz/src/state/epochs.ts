import type { Did } from '../did.ts'
import type { AuthzErrorCode } from '../errors.ts'
import { holds, type World } from './world.ts'

/** An epoch as the state knows it. */
export interface EpochRecord {
  readonly id: string
  readonly commit: Uint8Array
  /** Devices and links that the key was wrapped for. */
  readonly recipients: ReadonlySet<Did>
  /** True where nobody can read it who should not. */
  readonly usable: boolean
  /** True where no other epoch follows it. */
  readonly latest: boolean
}

/**
 * Decides what membership does not depend on: what epochs, shares and content name must be there (CONVERGENCE §9). Whether an epoch holds does not
 * matter to what was honestly written under it.
 */
export function decideEpochs(world: World): void {
  for (const at of world.facts.graph.ops.keys()) {
    const verdict = world.verdicts[at]
    if (verdict === undefined || verdict.code !== undefined) continue
    const code = judgeKeys(world, at)
    if (code !== undefined) world.verdicts[at] = { ...verdict, code }
  }
}

function judgeKeys(world: World, at: number): AuthzErrorCode | undefined {
  const { facts } = world
  const act = facts.graph.ops[at]?.act
  const isEpoch = (id: string, orPublic: boolean): boolean => {
    const target = facts.graph.index.get(id)
    if (target === undefined || !facts.inScope(target, at)) return false
    const named = facts.graph.ops[target]?.act
    return named?.t === 'epoch' || (orPublic && named?.t === 'public' && named.key !== undefined)
  }
  if (act?.t === 'content') return isEpoch(act.epoch, true) ? undefined : 'EPOCH_UNKNOWN'
  if (act?.t !== 'epoch' && act?.t !== 'share') return undefined
  const known = act.t === 'share' ? isEpoch(act.epoch, false) : act.prev.every((entry) => isEpoch(entry.epoch, false))
  if (!known) return 'EPOCH_UNKNOWN'
  const cameIn = (did: Did): boolean => [...facts.admissions(did), ...facts.invitesOf(did)].some((admission) => facts.inScope(admission, at))
  return act.wraps.every((wrap) => cameIn(wrap.did)) ? undefined : 'RECIPIENT_NOT_ALLOWED'
}

/** All epochs that hold, in the order of operations, with who can read them and whether they can be written under. */
export function epochRecords(world: World, allowed: ReadonlySet<Did>): readonly EpochRecord[] {
  const { graph } = world.facts
  const recipients = new Map<string, Set<Did>>()
  const held: number[] = []
  for (const [at, { id, act }] of graph.ops.entries()) {
    if (!holds(world, at) || (act.t !== 'epoch' && act.t !== 'share')) continue
    const epoch = act.t === 'epoch' ? id : act.epoch
    const readers = recipients.get(epoch) ?? new Set()
    for (const { did } of act.wraps) readers.add(did)
    recipients.set(epoch, readers)
    if (act.t === 'epoch') held.push(at)
  }
  return held.flatMap((at) => {
    const op = graph.ops[at]
    if (op?.act.t !== 'epoch') return []
    const readers = recipients.get(op.id) ?? new Set()
    return {
      id: op.id,
      commit: op.act.commit,
      recipients: readers,
      usable: [...readers].every((did) => allowed.has(did)),
      latest: !held.some((other) => graph.before(at, other))
    }
  })
}

/** The epoch to write under: of the latest that nobody reads who should not, the last by the order of operations. */
export function epochToWrite(records: readonly EpochRecord[]): EpochRecord | undefined {
  return records.findLast(({ usable, latest }) => usable && latest)
}
