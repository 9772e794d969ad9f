import { createStore, del, entries, set } from 'idb-keyval'
import { OUTBOX_KEEP_MS, OUTBOX_MAX_FILE_BYTES, OUTBOX_MAX_FILES } from '../limits.ts'

/** A file that is being given to somebody, kept so that it goes on after a reload or in another tab. */
export interface OutboxEntry {
  readonly id: string
  readonly peer: string
  readonly file: File
  readonly addedAtMs: number
}

/** Files on their way out, in this browser's storage. */
export interface Outbox {
  /** Keeps a file; undefined where it is too large or storage refuses: then it does not go on after a reload. */
  add(peer: string, file: File): Promise<OutboxEntry | undefined>
  remove(id: string): Promise<void>
  /** What is still to be given, without what has waited too long. */
  load(): Promise<readonly OutboxEntry[]>
}

/** The outbox of this origin, in IndexedDB. Chromium and Firefox keep a File there as it is, without reading it into memory. */
export function createOutbox(nowMs: () => number = Date.now): Outbox {
  let store: ReturnType<typeof createStore> | undefined
  const open = (): ReturnType<typeof createStore> => store ??= createStore('gloflow-outbox', 'files')
  let kept = 0

  return {
    async add(peer, file) {
      if (file.size > OUTBOX_MAX_FILE_BYTES || kept >= OUTBOX_MAX_FILES) return undefined
      const entry: OutboxEntry = { id: crypto.randomUUID(), peer, file, addedAtMs: nowMs() }
      try {
        await set(entry.id, entry, open())
        kept++
        return entry
      } catch {
        return undefined
      }
    },
    async remove(id) {
      kept = Math.max(0, kept - 1)
      await del(id, open()).catch(() => { /* it is left out as too old later */ })
    },
    async load() {
      try {
        const all = await entries<string, unknown>(open())
        const found = all.map(([, value]) => value).filter(isEntry)
        const [fresh, old] = [found.filter((entry) => nowMs() - entry.addedAtMs < OUTBOX_KEEP_MS), found.filter((entry) => nowMs() - entry.addedAtMs >= OUTBOX_KEEP_MS)]
        await Promise.all(old.map((entry) => del(entry.id, open())))
        kept = fresh.length
        return fresh
      } catch {
        return []
      }
    }
  }
}

function isEntry(value: unknown): value is OutboxEntry {
  if (typeof value !== 'object' || value === null) return false
  const { id, peer, file, addedAtMs } = value as Record<string, unknown>
  return typeof id === 'string' && typeof peer === 'string' && file instanceof File && typeof addedAtMs === 'number'
}
