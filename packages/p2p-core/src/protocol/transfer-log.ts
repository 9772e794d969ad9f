import { SEND_HISTORY, SEND_PROGRESS_INTERVAL_MS } from '../limits.ts'
import type { Emitter } from '../events.ts'
import type { FileEventMap, FileTransfer } from './send.ts'

/** How a transfer may end. */
export type EndState = 'done' | 'declined' | 'cancelled' | 'failed'

/** One transfer while it lives: what is known of it, and the events about it. */
export interface TransferEntry {
  readonly now: FileTransfer
  /** True once it has ended; nothing changes it after that. */
  readonly ended: boolean
  update(change: Partial<Pick<FileTransfer, 'state' | 'doneBytes'>>): void
  end(state: EndState, change?: Partial<Pick<FileTransfer, 'sha256' | 'location' | 'error'>>): void
}

/** The transfers of this peer: all that live, and those that ended last. */
export interface TransferLog {
  readonly list: readonly FileTransfer[]
  start(initial: Pick<FileTransfer, 'id' | 'peer' | 'direction' | 'name' | 'totalBytes'>): TransferEntry
}

/** Makes an empty log. Progress is told at most ten times a second, a change of state at once. */
export function createTransferLog(events: Emitter<FileEventMap>): TransferLog {
  const living = new Map<string, TransferEntry>()
  const ended: FileTransfer[] = []

  function start(initial: Pick<FileTransfer, 'id' | 'peer' | 'direction' | 'name' | 'totalBytes'>): TransferEntry {
    let now: FileTransfer = { ...initial, doneBytes: 0, state: 'offered', sha256: undefined, location: undefined, error: undefined }
    let over = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const tell = (): void => {
      clearTimeout(timer)
      timer = undefined
      events.emit('progress', now)
    }
    const entry: TransferEntry = {
      get now() { return now },
      get ended() { return over },
      update(change) {
        if (over) return
        const before = now.state
        now = { ...now, ...change }
        if (now.state !== before) tell()
        else timer ??= setTimeout(tell, SEND_PROGRESS_INTERVAL_MS)
      },
      end(state, change = {}) {
        if (over) return
        over = true
        clearTimeout(timer)
        now = { ...now, ...change, state }
        living.delete(now.id)
        ended.push(now)
        if (ended.length > SEND_HISTORY) ended.shift()
        events.emit('done', now)
      }
    }
    living.set(now.id, entry)
    return entry
  }

  return {
    get list() { return [...[...living.values()].map(entry => entry.now), ...ended] },
    start
  }
}
