import type { TabMessage } from './tab-message.ts'

/** The lock of the origin: who holds it leads. At most one request of a tab is open at a time. */
export interface LeaderLock {
  /** Waits in the queue, or takes the lock from its holder. `onLost` is called when it is taken from this tab. */
  request(options: { readonly steal: boolean; readonly onGranted: () => void; readonly onLost: () => void }): void
  /** Gives the lock back, or leaves the queue. Neither callback of the request is called afterwards. */
  release(): void
}

/** The number that fences leaders. Shared by the tabs of an origin, never goes down. */
export interface EpochStore {
  /** Adds one, atomically, and returns the new number. Rejects where storage is refused. */
  raise(): Promise<number>
  read(): Promise<number>
}

/** Reaches the other tabs of the origin. A tab does not hear itself. */
export interface TabChannel {
  post(message: TabMessage): void
  listen(listener: (message: TabMessage) => void): void
  close(): void
}
