import { P2pError } from '../errors.ts'
import { SEND_CONCURRENT_PER_PEER, SEND_QUEUED_PER_PEER } from '../limits.ts'

/** Lets a few transfers to each peer run at once, the others after them in order. */
export interface SendQueue {
  /** Runs `task` when it is its turn. Throws LIMIT_REACHED where too many wait, ABORTED where the signal aborts before its turn. */
  run<Result>(peer: string, signal: AbortSignal, task: () => Promise<Result>): Promise<Result>
}

interface Lane {
  running: number
  readonly waiting: Set<() => void>
}

/** Makes an empty queue. */
export function createSendQueue(): SendQueue {
  const lanes = new Map<string, Lane>()

  /** Resolves with a place of its own: taken at once where one is free, else handed over by who had it. */
  async function place(lane: Lane, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw aborted()
    if (lane.running < SEND_CONCURRENT_PER_PEER) {
      lane.running += 1
      return
    }
    if (lane.waiting.size >= SEND_QUEUED_PER_PEER) throw new P2pError('LIMIT_REACHED', `${SEND_QUEUED_PER_PEER} files wait for this peer already`, { retryable: true })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    lane.waiting.add(resolve)
    const onAbort = (): void => { if (lane.waiting.delete(resolve)) reject(aborted()) }
    signal.addEventListener('abort', onAbort, { once: true })
    await promise.finally(() => { signal.removeEventListener('abort', onAbort) })
  }

  function leave(peer: string, lane: Lane): void {
    const [next] = lane.waiting
    if (next !== undefined) {
      lane.waiting.delete(next)
      next()
      return
    }
    lane.running -= 1
    if (lane.running === 0) lanes.delete(peer)
  }

  return {
    async run(peer, signal, task) {
      const lane = lanes.get(peer) ?? { running: 0, waiting: new Set() }
      lanes.set(peer, lane)
      await place(lane, signal)
      try {
        return await task()
      } finally {
        leave(peer, lane)
      }
    }
  }
}

function aborted(): P2pError {
  return new P2pError('ABORTED', 'Stopped before it was sent')
}
