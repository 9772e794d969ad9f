import { compareText } from '../bytes.ts'
import type { Did } from '../did.ts'
import type { AuthzErrorCode } from '../errors.ts'
import type { Scope } from './graph.ts'
import { holds, inviteIn, standingOf, type World } from './world.ts'

/** An epoch as the state knows it. */
export interface EpochRecord {
  readonly id: string
  readonly n: number
  readonly commit: Uint8Array
  /** Devices and links that the key was wrapped for. */
  readonly recipients: ReadonlySet<Did>
  /** True where nobody can read it who should not. */
  readonly usable: boolean
  /** True where no other epoch follows it. */
  readonly latest: boolean
}

/** Decides what membership does not depend on: epochs, shares, content, adoptions (CONVERGENCE §9). */
export function decideEpochs(world: World): void {
  const { graph } = world.facts
  const epochs: number[] = []
  for (const at of graph.ops.keys()) {
    const verdict = world.verdicts[at]
    if (verdict === undefined || verdict.code !== undefined) continue
    const code = judgeKeys(world, at, epochs)
    if (code !== undefined) world.verdicts[at] = { ...verdict, code }
    else if (graph.ops[at]?.act.t === 'epoch') epochs.push(at)
  }
}

function judgeKeys(world: World, at: number, epochs: readonly number[]): AuthzErrorCode | undefined {
  const { facts } = world
  const act = facts.graph.ops[at]?.act
  const isKnown = (id: string, orPublic: boolean): boolean => {
    const target = facts.graph.index.get(id)
    if (target === undefined || !facts.inScope(target, at) || !holds(world, target)) return false
    const t = facts.graph.ops[target]?.act
    return t?.t === 'epoch' || (orPublic && t?.t === 'public' && t.key !== undefined)
  }
  if (act?.t === 'content') return isKnown(act.epoch, true) ? undefined : 'EPOCH_UNKNOWN'
  if (act?.t !== 'epoch' && act?.t !== 'share') return undefined
  if (act.t === 'share' && !isKnown(act.epoch, false)) return 'EPOCH_UNKNOWN'
  if (act.t === 'epoch') {
    const before = epochs.filter((epoch) => facts.inScope(epoch, at)).map((epoch) => numberOf(world, epoch))
    if (act.n !== Math.max(-1, ...before) + 1 || !act.prev.every((entry) => isKnown(entry.epoch, false))) return 'EPOCH_UNKNOWN'
  }
  return act.wraps.every((wrap) => mayRead(world, wrap.did, at)) ? undefined : 'RECIPIENT_NOT_ALLOWED'
}

function numberOf(world: World, at: number): number {
  const act = world.facts.graph.ops[at]?.act
  return act?.t === 'epoch' ? act.n : -1
}

/** A device with a standing, or a live link. */
export function mayRead(world: World, did: Did, scope: Scope): boolean {
  return standingOf(world, did, scope) !== undefined || inviteIn(world, did, scope) !== undefined
}

/** All epochs that hold, with who can read them and whether they can be written under. */
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
      n: op.act.n,
      commit: op.act.commit,
      recipients: readers,
      usable: [...readers].every((did) => allowed.has(did)),
      latest: !held.some((other) => graph.before(at, other))
    }
  })
}

/** The epoch to write under: of the latest that nobody reads who should not, the one with the highest number, then the smallest id. */
export function epochToWrite(records: readonly EpochRecord[]): EpochRecord | undefined {
  return records.filter(({ usable, latest }) => usable && latest).sort((a, b) => b.n - a.n || compareText(a.id, b.id))[0]
}
