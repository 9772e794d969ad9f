import { SEND_MAX_WITHDRAWN, SEND_WITHDRAWN_PEERS, SEND_WITHDRAWN_WINDOW_MS } from '../limits.ts'

/** Notices who offers files only to take them back: each such offer is a notice to a person. */
export interface WithdrawnOffers {
  add(peer: string): void
  /** Whether a peer has taken back so many that its next offer is not shown. */
  tooMany(peer: string): boolean
}

/** Counts within a window of each peer, in bounded memory. `now` is in ms. */
export function createWithdrawnOffers(now: () => number = () => performance.now()): WithdrawnOffers {
  /** Those that took one back last stand last. */
  const windows = new Map<string, { readonly count: number; readonly sinceMs: number }>()
  const current = (peer: string): { readonly count: number; readonly sinceMs: number } => {
    const known = windows.get(peer)
    return known === undefined || now() - known.sinceMs >= SEND_WITHDRAWN_WINDOW_MS ? { count: 0, sinceMs: now() } : known
  }
  return {
    add(peer) {
      const { count, sinceMs } = current(peer)
      windows.delete(peer)
      windows.set(peer, { count: count + 1, sinceMs })
      const [oldest] = windows.keys()
      if (windows.size > SEND_WITHDRAWN_PEERS && oldest !== undefined) windows.delete(oldest)
    },
    tooMany: peer => current(peer).count >= SEND_MAX_WITHDRAWN
  }
}
