import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { peerIdFromString } from '@libp2p/peer-id'
import { NEIGHBOUR_DIAL_TIMEOUT_MS, NEIGHBOUR_MAX_RETRY_MS, NEIGHBOUR_POLL_MS, NEIGHBOUR_RETRY_MS } from './limits.ts'

/** Keeps connections to other relays of the network for ever. Returns the function that stops it. */
export function keepNeighbours(libp2p: Libp2p, addresses: readonly string[]): () => void {
  const stops = addresses.map((address) => keepNeighbour(libp2p, multiaddr(address)))
  return () => { for (const stop of stops) stop() }
}

function keepNeighbour(libp2p: Libp2p, address: Multiaddr): () => void {
  const stopped = new AbortController()
  const id = address.getComponents().at(-1)?.value
  if (id === undefined || id === libp2p.peerId.toString()) return () => { /* that is this relay */ }
  const peer = peerIdFromString(id)
  let timer: NodeJS.Timeout
  let retryMs = NEIGHBOUR_RETRY_MS

  const again = (afterMs: number): void => {
    // Half to all of the time, so that relays that lost each other do not come back in step.
    if (!stopped.signal.aborted) timer = setTimeout(() => void look(), afterMs * (0.5 + Math.random() / 2))
  }
  const look = async (): Promise<void> => {
    if (libp2p.getConnections(peer).length > 0) {
      retryMs = NEIGHBOUR_RETRY_MS
      return again(NEIGHBOUR_POLL_MS)
    }
    try {
      await libp2p.dial(address, { signal: AbortSignal.any([stopped.signal, AbortSignal.timeout(NEIGHBOUR_DIAL_TIMEOUT_MS)]) })
      again(NEIGHBOUR_POLL_MS)
    } catch {
      again(retryMs)
      retryMs = Math.min(retryMs * 2, NEIGHBOUR_MAX_RETRY_MS)
    }
  }
  void look()
  return () => {
    stopped.abort()
    clearTimeout(timer)
  }
}
