/** Counts the streams that each peer has open of each protocol, over all of its connections. */
export interface StreamCounter {
  /** Counts one more and returns the function that gives it back (once); `undefined` where `limit` is reached. */
  take(peer: string, protocol: string, limit: number): (() => void) | undefined
}

/** Makes a counter that keeps nothing about a peer without streams. */
export function createStreamCounter(): StreamCounter {
  const counts = new Map<string, number>()
  return {
    take(peer, protocol, limit) {
      const key = `${peer} ${protocol}`
      const count = counts.get(key) ?? 0
      if (count >= limit) return undefined
      counts.set(key, count + 1)
      let held = true
      return () => {
        if (!held) return
        held = false
        const left = (counts.get(key) ?? 1) - 1
        if (left === 0) counts.delete(key)
        else counts.set(key, left)
      }
    }
  }
}
