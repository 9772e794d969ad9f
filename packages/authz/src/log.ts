import type { Did } from './did.ts'
import type { AuthzErrorCode } from './errors.ts'
import { MAX_PENDING_BYTES, MAX_PENDING_OPERATIONS, MAX_PENDING_PER_AUTHOR } from './limits.ts'
import type { VerifiedOperation } from './operation.ts'
import { admittedBy } from './state/facts.ts'
import { sortOperations } from './state/graph.ts'

/** What became of operations that arrived. */
export interface Arrival {
  /** Ids now part of the log: some may have waited before. */
  readonly stored: readonly string[]
  /** Ids that wait for ones they build on. */
  readonly pending: readonly string[]
  /** Ids that will not be kept, and why. */
  readonly refused: ReadonlyMap<string, AuthzErrorCode>
}

/** The operations of one flow as they arrive, in any order, with bounds. Keeps nothing of strangers. */
export interface OperationLog {
  add(operations: Iterable<VerifiedOperation>): Arrival
  has(id: string): boolean
  /** What can be judged: the set to apply. */
  operations(): readonly VerifiedOperation[]
  /** Ids that waiting operations name and that are not here: what to ask for. */
  missing(): readonly string[]
  readonly pendingCount: number
  readonly pendingBytes: number
}

/** What a log may hold back for operations whose past has not arrived. */
export interface LogLimits {
  readonly maxPending: number
  readonly maxPendingBytes: number
  readonly maxPendingPerAuthor: number
}

const LIMITS: LogLimits = { maxPending: MAX_PENDING_OPERATIONS, maxPendingBytes: MAX_PENDING_BYTES, maxPendingPerAuthor: MAX_PENDING_PER_AUTHOR }

/**
 * A log for `flow`. An operation is stored once all it builds on is; until then it waits, within bounds, and beyond them is refused with PENDING_FULL
 * (ask for it again later). One that nobody let in is refused with NOT_A_MEMBER and leaves no trace.
 */
export function createOperationLog(flow: string, limits: LogLimits = LIMITS): OperationLog {
  const stored = new Map<string, VerifiedOperation>()
  const pending = new Map<string, VerifiedOperation>()
  const waitingOf = new Map<Did, number>()
  let pendingBytes = 0

  const drop = (op: VerifiedOperation): void => {
    if (!pending.delete(op.id)) return
    pendingBytes -= op.bytes.length
    waitingOf.set(op.iss, (waitingOf.get(op.iss) ?? 1) - 1)
  }
  const hold = (op: VerifiedOperation): boolean => {
    const ofAuthor = waitingOf.get(op.iss) ?? 0
    if (pending.size >= limits.maxPending || pendingBytes + op.bytes.length > limits.maxPendingBytes || ofAuthor >= limits.maxPendingPerAuthor) return false
    pending.set(op.id, op)
    pendingBytes += op.bytes.length
    waitingOf.set(op.iss, ofAuthor + 1)
    return true
  }

  return {
    add(operations) {
      const refused = new Map<string, AuthzErrorCode>()
      const arrived = new Map<string, VerifiedOperation>()
      for (const op of operations) {
        if (op.flow !== flow) refused.set(op.id, 'FLOW_MISMATCH')
        else if (!stored.has(op.id) && !pending.has(op.id)) arrived.set(op.id, op)
      }
      const sorted = sortOperations([...stored.values(), ...pending.values(), ...arrived.values()], admittedBy)
      const now: string[] = []
      for (const op of sorted.graph.ops) {
        if (stored.has(op.id)) continue
        drop(op)
        stored.set(op.id, op)
        now.push(op.id)
      }
      for (const [id, code] of sorted.refused) {
        const op = arrived.get(id) ?? pending.get(id)
        if (op === undefined) continue
        if (code !== 'DEPENDENCY_MISSING') {
          drop(op)
          refused.set(id, code)
        } else if (!pending.has(id) && !hold(op)) refused.set(id, 'PENDING_FULL')
      }
      return { stored: now, pending: [...arrived.keys()].filter((id) => pending.has(id)), refused }
    },
    has: (id) => stored.has(id) || pending.has(id),
    operations: () => [...stored.values()],
    missing() {
      const asked = new Set<string>()
      for (const { prev, deps } of pending.values()) {
        for (const id of prev === undefined ? deps : [prev, ...deps]) if (!stored.has(id) && !pending.has(id)) asked.add(id)
      }
      return [...asked].sort()
    },
    get pendingCount() {
      return pending.size
    },
    get pendingBytes() {
      return pendingBytes
    }
  }
}
