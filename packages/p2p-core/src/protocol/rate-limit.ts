/** Lets so many through each second, and so many at once. */
export interface RateLimit {
  /** Takes one; returns how many ms to wait before it may be used (0 = at once). */
  take(): number
  /** Takes one where one may be used at once; else takes none, and is false. */
  tryTake(): boolean
}

/** A token bucket; `now` is in ms and never goes back. */
export function createRateLimit(perSecond: number, burst: number, now: () => number = () => performance.now()): RateLimit {
  let tokens = burst
  let atMs = now()
  const refill = (): void => {
    const nowMs = now()
    tokens = Math.min(burst, tokens + ((nowMs - atMs) * perSecond) / 1000)
    atMs = nowMs
  }
  return {
    take() {
      refill()
      tokens -= 1
      return tokens >= 0 ? 0 : Math.ceil((-tokens * 1000) / perSecond)
    },
    tryTake() {
      refill()
      if (tokens < 1) return false
      tokens -= 1
      return true
    }
  }
}
