import { unwrapTabMessage, wrapTabMessage } from './tab-message.ts'
import type { EpochStore, LeaderLock, TabChannel } from './ports.ts'

const LOCK_NAME = 'gloflow-peer'
const CHANNEL_NAME = 'gloflow-peer'
const DATABASE_NAME = 'gloflow-tabs'
const STORE_NAME = 'epoch'
const EPOCH_KEY = 'epoch'

/** Web Locks. The browser frees the lock by itself when a tab closes or crashes. */
export function createWebLock(locks: LockManager): LeaderLock {
  let current: { abort: AbortController; free: () => void } | undefined
  function release(): void {
    current?.abort.abort()
    current?.free()
    current = undefined
  }
  return {
    request({ steal, onGranted, onLost }) {
      release()
      const abort = new AbortController()
      const held = Promise.withResolvers<void>()
      const mine = { abort, free: held.resolve }
      current = mine
      // A request that steals cannot be aborted; it is granted at once.
      locks.request(LOCK_NAME, steal ? { steal } : { signal: abort.signal }, async () => {
        if (current !== mine) return
        onGranted()
        await held.promise
      }).catch((error: unknown) => {
        if (current !== mine) return
        // A frame that the browser gives no storage gets no locks either: there is no other tab that it could share with.
        if (!(error instanceof DOMException && error.name === 'AbortError')) return onGranted()
        current = undefined
        onLost()
      })
    },
    release
  }
}

/** IndexedDB: the raise is one read-write transaction, so that two tabs never get the same number. */
export function createEpochStore(factory: () => IDBFactory): EpochStore {
  let opened: Promise<IDBDatabase> | undefined
  function open(): Promise<IDBDatabase> {
    opened ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = factory().open(DATABASE_NAME, 1)
      request.addEventListener('upgradeneeded', () => { request.result.createObjectStore(STORE_NAME) })
      request.addEventListener('success', () => { resolve(request.result) })
      request.addEventListener('error', () => { reject(request.error) })
      request.addEventListener('blocked', () => { reject(new DOMException('The tab database is blocked', 'AbortError')) })
    }).catch((error: unknown) => {
      opened = undefined
      throw error
    })
    return opened
  }
  async function within(mode: IDBTransactionMode, next: (epoch: number) => number): Promise<number> {
    const database = await open()
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE_NAME, mode)
      const store = transaction.objectStore(STORE_NAME)
      const read = store.get(EPOCH_KEY)
      let result = 0
      read.addEventListener('success', () => {
        const stored: unknown = read.result
        result = next(typeof stored === 'number' && Number.isSafeInteger(stored) ? stored : 0)
        if (mode === 'readwrite') store.put(result, EPOCH_KEY)
      })
      transaction.addEventListener('complete', () => { resolve(result) })
      transaction.addEventListener('abort', () => { reject(transaction.error) })
      transaction.addEventListener('error', () => { reject(transaction.error) })
    })
  }
  return {
    raise: () => within('readwrite', (epoch) => epoch + 1),
    read: () => within('readonly', (epoch) => epoch)
  }
}

/** BroadcastChannel. */
export function createTabChannel(): TabChannel {
  const channel = new BroadcastChannel(CHANNEL_NAME)
  return {
    post(message) { channel.postMessage(wrapTabMessage(message)) },
    listen(listener) {
      channel.addEventListener('message', (event: MessageEvent<unknown>) => {
        const message = unwrapTabMessage(event.data)
        if (message !== undefined) listener(message)
      })
    },
    close() { channel.close() }
  }
}
