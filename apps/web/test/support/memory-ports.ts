import type { EpochStore, LeaderLock, TabChannel } from '../../src/lib/tabs/ports.ts'
import type { TabMessage } from '../../src/lib/tabs/tab-message.ts'

interface LockRequest { readonly onGranted: () => void; readonly onLost: () => void }

/** One lock for several tabs of one process. Grants arrive later, as a browser's do. */
export function createMemoryLocks(): () => LeaderLock {
  let holder: LockRequest | undefined
  const queue: LockRequest[] = []
  function grant(request: LockRequest | undefined): void {
    holder = request
    if (request !== undefined) queueMicrotask(() => { if (holder === request) request.onGranted() })
  }
  return () => {
    let mine: LockRequest | undefined
    function release(): void {
      const request = mine
      mine = undefined
      if (request === undefined) return
      const at = queue.indexOf(request)
      if (at >= 0) queue.splice(at, 1)
      if (holder === request) grant(queue.shift())
    }
    return {
      request({ steal, onGranted, onLost }) {
        release()
        const request: LockRequest = { onGranted, onLost: () => { if (mine === request) { mine = undefined; onLost() } } }
        mine = request
        if (holder === undefined) return grant(request)
        if (!steal) return void queue.push(request)
        const before = holder
        grant(request)
        queueMicrotask(() => { before.onLost() })
      },
      release
    }
  }
}

/** One number for several tabs of one process. */
export function createMemoryEpochs(): EpochStore {
  let epoch = 0
  return { raise: async () => ++epoch, read: async () => epoch }
}

/** Reaches the other tabs of one process; what passes is cloned, so that a test sees what cannot be. */
export function createMemoryChannels(): () => TabChannel & { frozen: boolean } {
  const listeners = new Set<(message: TabMessage) => void>()
  return () => {
    let own: ((message: TabMessage) => void) | undefined
    const held: TabMessage[] = []
    let frozen = false
    return {
      post(message) {
        if (frozen) return
        const clone = structuredClone(message)
        for (const listener of listeners) if (listener !== own) queueMicrotask(() => { listener(clone) })
      },
      listen(listener) {
        own = (message) => { if (frozen) held.push(message); else listener(message) }
        listeners.add(own)
      },
      close() { if (own !== undefined) listeners.delete(own) },
      get frozen() { return frozen },
      /** While frozen, nothing goes out, and what comes in waits. */
      set frozen(next) {
        frozen = next
        if (!next) for (const message of held.splice(0)) own?.(message)
      }
    }
  }
}
