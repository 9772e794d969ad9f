/** What each peer may still send through the relay. Time is an argument of each call, in ms. */
export interface ByteQuota {
  /** Bytes that a peer may send now. */
  readonly left: (peer: string, nowMs: number) => number
  /** Uses up bytes; returns false, and uses none, where a peer has fewer left. */
  readonly spend: (peer: string, bytes: number, nowMs: number) => boolean
  readonly size: () => number
}

/** How much there is. */
export interface ByteQuotaLimits {
  /** In an hour, and at once after a quiet one; 0 = no limit. */
  readonly bytesPerHour: number
  /** Peers whose use is remembered; then the one that sent nothing for longest is forgotten. A new PeerId costs as little as that. */
  readonly maxPeers: number
}

interface Account {
  left: number
  atMs: number
}

const HOUR_MS = 60 * 60 * 1000

/** Makes the accounts of all peers, in bounded memory. Each pays for what it sends itself, so that nobody uses up what is another one's. */
export function createByteQuota({ bytesPerHour, maxPeers }: ByteQuotaLimits): ByteQuota {
  /** Those that sent last stand last. */
  const accounts = new Map<string, Account>()

  const leftOf = (account: Account | undefined, nowMs: number): number =>
    account === undefined ? bytesPerHour : Math.min(bytesPerHour, account.left + (Math.max(0, nowMs - account.atMs) / HOUR_MS) * bytesPerHour)

  return {
    left: (peer, nowMs) => bytesPerHour === 0 ? Number.POSITIVE_INFINITY : leftOf(accounts.get(peer), nowMs),
    spend: (peer, bytes, nowMs) => {
      if (bytesPerHour === 0) return true
      const left = leftOf(accounts.get(peer), nowMs)
      if (left < bytes) return false
      accounts.delete(peer)
      accounts.set(peer, { left: left - bytes, atMs: nowMs })
      for (const oldest of accounts.keys()) {
        if (accounts.size <= maxPeers) break
        accounts.delete(oldest)
      }
      return true
    },
    size: () => accounts.size
  }
}
