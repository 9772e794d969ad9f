/** Wakes a loop that waits. A wake-up while nobody waits ends the next wait at once. */
export interface Latch {
  wake(): void
  /** Resolves after `ms` (`undefined` = never by itself), at the next `wake`, or when the signal aborts. */
  wait(ms: number | undefined, signal: AbortSignal): Promise<void>
}

/** Makes a latch for one waiting loop. */
export function createLatch(): Latch {
  let pending = false
  let release: (() => void) | undefined
  return {
    wake() {
      pending = true
      release?.()
    },
    async wait(ms, signal) {
      if (!pending && !signal.aborted) {
        const { promise, resolve } = Promise.withResolvers<void>()
        const timer = ms === undefined ? undefined : setTimeout(resolve, ms)
        release = resolve
        const stop = (): void => { resolve() }
        signal.addEventListener('abort', stop, { once: true })
        await promise
        clearTimeout(timer)
        signal.removeEventListener('abort', stop)
        release = undefined
      }
      pending = false
    }
  }
}
