import { CLOCK_CHECK_MS, CLOCK_JUMP_HIDDEN_MS, CLOCK_JUMP_MS } from '../limits.ts'

/** What happened that makes it worth looking at connections at once. */
export type WakeReason = 'online' | 'visible' | 'pageshow' | 'resume' | 'clock-jump'

/** Tells when this device, or this tab, may have lost its connections without being told, or may have its network back. */
export interface Wakeups {
  /** Whether nobody is looking: timers are slow then. Always false in Node. */
  readonly hidden: boolean
  /** Calls the listener at each wake-up; returns the function that takes it off. */
  subscribe(listener: (reason: WakeReason) => void): () => void
  stop(): void
}

/** What is listened to; a test gives another target and another clock. */
export interface WakeupSources {
  readonly window: Pick<EventTarget, 'addEventListener' | 'removeEventListener'> | undefined
  readonly document: (Pick<EventTarget, 'addEventListener' | 'removeEventListener'> & { readonly visibilityState: string }) | undefined
  readonly now: () => number
}

/** The sources of this platform: a browser's window and document where there are any, and the clock. */
export function platformWakeupSources(): WakeupSources {
  const inPage = typeof document !== 'undefined' && typeof window !== 'undefined'
  return { window: inPage ? window : undefined, document: inPage ? document : undefined, now: () => Date.now() }
}

/** Watches the sources until it is stopped. */
export function createWakeups(sources: WakeupSources = platformWakeupSources()): Wakeups {
  const listeners = new Set<(reason: WakeReason) => void>()
  const stopped = new AbortController()
  const wake = (reason: WakeReason): void => { for (const listener of [...listeners]) listener(reason) }
  const isHidden = (): boolean => sources.document?.visibilityState === 'hidden'
  const options = { signal: stopped.signal }
  sources.window?.addEventListener('online', () => { wake('online') }, options)
  sources.window?.addEventListener('pageshow', () => { wake('pageshow') }, options)
  sources.document?.addEventListener('resume', () => { wake('resume') }, options)
  sources.document?.addEventListener('visibilitychange', () => { if (!isHidden()) wake('visible') }, options)
  const clock = watchClock(sources.now, isHidden, () => { wake('clock-jump') })
  return {
    get hidden() { return isHidden() },
    subscribe(listener) {
      listeners.add(listener)
      return () => { listeners.delete(listener) }
    },
    stop() {
      stopped.abort()
      clearInterval(clock)
      listeners.clear()
    }
  }
}

/** A tick that comes much too late, or before its time, means that the device slept or that its clock was set. */
function watchClock(now: () => number, isHidden: () => boolean, onJump: () => void): ReturnType<typeof setInterval> {
  let lastMs = now()
  let wasHidden = isHidden()
  const timer = setInterval(() => {
    const elapsedMs = now() - lastMs
    const allowedMs = CLOCK_CHECK_MS + (wasHidden || isHidden() ? CLOCK_JUMP_HIDDEN_MS : CLOCK_JUMP_MS)
    lastMs = now()
    wasHidden = isHidden()
    if (elapsedMs > allowedMs || elapsedMs < 0) onJump()
  }, CLOCK_CHECK_MS)
  letProcessEnd(timer)
  return timer
}

/** Node's timers keep a process alive unless they are told not to; a browser's are numbers. */
function letProcessEnd(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function') timer.unref()
}
