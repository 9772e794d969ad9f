/** Lets each key do something so many times within a window, in bounded memory. */
export interface RateLimit {
  /** Counts one try; `false` = too many. */
  take(key: string): boolean
}

/** A window that begins anew for everyone at once: simple, and never more than twice the rate. */
export function createRateLimit(most: number, windowMs: number, now: () => number): RateLimit {
  const counts = new Map<string, number>()
  let windowStartMs = now()
  return {
    take(key) {
      if (now() - windowStartMs >= windowMs || now() < windowStartMs) {
        counts.clear()
        windowStartMs = now()
      }
      const count = (counts.get(key) ?? 0) + 1
      counts.set(key, count)
      return count <= most
    }
  }
}
