import type { PeerId, StreamMiddleware } from '@libp2p/interface'
import { P2pError } from '../errors.ts'
import { INBOUND_ATTEMPT_POLL_MS, INBOUND_ATTEMPT_WAIT_MS, MAX_INBOUND_UPGRADES_PER_MINUTE } from '../limits.ts'
import { pause } from '../pause.ts'
import { createRateLimit } from '../rate-limit.ts'

/** The WebRTC attempts of others: which of them are answered, and whether one is under way. */
export interface InboundAttempts {
  /** Goes before libp2p's handler of the signalling protocol. */
  readonly guard: StreamMiddleware
  /** Resolves as soon as the peer has no attempt under way, after INBOUND_ATTEMPT_WAIT_MS at the latest, or at once when the signal aborts. */
  untilQuiet(peer: PeerId, signal: AbortSignal): Promise<void>
}

/**
 * Lets in only the attempts of those with whom a direct path is wanted: answering one shows this device's addresses. And only so many of
 * each. It remembers which are under way, so that this side does not begin one of its own meanwhile.
 */
export function createInboundAttempts(allowDirect: (peer: PeerId) => boolean, now: () => number): InboundAttempts {
  const rate = createRateLimit(MAX_INBOUND_UPGRADES_PER_MINUTE, 60_000, now)
  const underWay = new Map<string, number>()
  const count = (peer: string, by: number): void => {
    const left = (underWay.get(peer) ?? 0) + by
    if (left > 0) underWay.set(peer, left)
    else underWay.delete(peer)
  }
  return {
    guard(stream, connection, next) {
      if (stream.direction === 'inbound') {
        const peer = connection.remotePeer
        if (!allowDirect(peer)) throw new P2pError('ACCESS_DENIED', `No direct path to ${peer} is wanted.`)
        if (!rate.take(peer.toString())) throw new P2pError('LIMIT_REACHED', `${peer} asks for direct paths too often.`, { retryable: true })
        if (stream.status === 'open') {
          count(peer.toString(), 1)
          stream.addEventListener('close', () => { count(peer.toString(), -1) }, { once: true })
        }
      }
      next(stream, connection)
    },
    async untilQuiet(peer, signal) {
      const untilMs = performance.now() + INBOUND_ATTEMPT_WAIT_MS
      while (underWay.has(peer.toString()) && !signal.aborted && performance.now() < untilMs) await pause(INBOUND_ATTEMPT_POLL_MS, signal)
    }
  }
}
