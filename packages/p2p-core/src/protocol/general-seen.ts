import { sha256 } from '@noble/hashes/sha2.js'
import { toString } from 'uint8arrays/to-string'
import { GENERAL_AUTHORS, GENERAL_IDS_PER_AUTHOR, GENERAL_SAME_BYTES_ENTRIES, GENERAL_SAME_BYTES_MS } from '../limits.ts'

/** Remembers which messages were shown, in bounded memory. */
export interface SeenMessages {
  /** True the first time that this author's message with this id comes. */
  isNewId(author: string, id: string): boolean
  /**
   * For messages without an id: true unless the same content of this author came within 5 s by another way. `way` is the PeerId of the
   * bridge, or the author's own. What an author says twice comes twice by each way, and is shown twice.
   */
  isNewContent(author: string, content: string, way: string): boolean
}

interface Content {
  readonly untilMs: number
  readonly countByWay: Map<string, number>
  shown: number
}

/** Makes an empty memory; `now` is in ms. */
export function createSeenMessages(now: () => number): SeenMessages {
  const ids = new Map<string, Set<string>>()
  const contents = new Map<string, Content>()

  function forgetOld(): void {
    for (const [key, { untilMs }] of contents) {
      if (untilMs > now() && contents.size < GENERAL_SAME_BYTES_ENTRIES) return
      contents.delete(key)
    }
  }

  return {
    isNewId(author, id) {
      const known = ids.get(author) ?? new Set()
      ids.delete(author)
      ids.set(author, known)
      dropOldest(ids, GENERAL_AUTHORS)
      if (known.has(id)) return false
      known.add(id)
      dropOldest(known, GENERAL_IDS_PER_AUTHOR)
      return true
    },
    isNewContent(author, content, way) {
      forgetOld()
      const key = `${author} ${toString(sha256(new TextEncoder().encode(content)), 'base64url')}`
      const known = contents.get(key) ?? { untilMs: now() + GENERAL_SAME_BYTES_MS, countByWay: new Map<string, number>(), shown: 0 }
      contents.set(key, known)
      const count = (known.countByWay.get(way) ?? 0) + 1
      known.countByWay.set(way, count)
      if (count <= known.shown) return false
      known.shown = count
      return true
    }
  }
}

function dropOldest(collection: Map<string, unknown> | Set<string>, limit: number): void {
  for (const key of collection.keys()) {
    if (collection.size <= limit) return
    collection.delete(key)
  }
}
