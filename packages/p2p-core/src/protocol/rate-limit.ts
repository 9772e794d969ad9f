/** Lets so many through each second, and so many at once. */
export interface RateLimit {
  /** Takes one; returns how many ms to wait before it may be used (0 = at once). */
  take(): number
}

/** A token bucket; `now` is in ms and never goes back. */
export function createRateLimit(perSecond: number, burst: number, now: () => number = () => performance.now()): RateLimit {
  let tokens = burst
  let atMs = now()
  return {
    take() {
      const nowMs = now()
      tokens = Math.min(burst, tokens + ((nowMs - atMs) * perSecond) / 1000)
      atMs = nowMs
      tokens -= 1
      return tokens >= 0 ? 0 : Math.ceil((-tokens * 1000) / perSecond)
    }
  }
}
