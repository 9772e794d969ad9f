/** How much one key may use. */
export interface BucketLimits {
  readonly perSecond: number
  /** What may be used at once after a quiet time. */
  readonly burst: number
  /** Keys that are remembered at once. */
  readonly maxKeys: number
}

/** Counts use by key. Time is an argument, in ms. */
export interface TokenBuckets {
  /** Uses one token of `key`; returns false where it has none left. */
  readonly take: (key: string, nowMs: number) => boolean
  readonly size: () => number
}

interface Bucket {
  tokens: number
  atMs: number
}

/** Makes token buckets in bounded memory: when all keys are in use, full buckets are forgotten, and a new key without room is refused. */
export function createTokenBuckets(limits: BucketLimits): TokenBuckets {
  const buckets = new Map<string, Bucket>()
  let sweptAtMs = Number.NEGATIVE_INFINITY

  const refill = (bucket: Bucket, nowMs: number): void => {
    const gained = (Math.max(0, nowMs - bucket.atMs) / 1000) * limits.perSecond
    bucket.tokens = Math.min(limits.burst, bucket.tokens + gained)
    bucket.atMs = nowMs
  }
  /** At most once a second, since a flood of new keys would otherwise pay for it each time. */
  const makeRoom = (nowMs: number): boolean => {
    if (nowMs - sweptAtMs < 1000) return false
    sweptAtMs = nowMs
    for (const [key, bucket] of buckets) {
      refill(bucket, nowMs)
      if (bucket.tokens >= limits.burst) buckets.delete(key)
    }
    return buckets.size < limits.maxKeys
  }

  return {
    size: () => buckets.size,
    take: (key, nowMs) => {
      let bucket = buckets.get(key)
      if (bucket === undefined) {
        if (buckets.size >= limits.maxKeys && !makeRoom(nowMs)) return false
        bucket = { tokens: limits.burst, atMs: nowMs }
        buckets.set(key, bucket)
      }
      refill(bucket, nowMs)
      if (bucket.tokens < 1) return false
      bucket.tokens -= 1
      return true
    }
  }
}
