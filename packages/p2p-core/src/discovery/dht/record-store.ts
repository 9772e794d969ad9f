import { MemoryDatastore } from 'datastore-core/memory'
import type { Key } from 'interface-datastore'
import { DHT_RECORD_TTL_MS, MAX_DHT_RECORDS, MAX_DHT_RECORDS_PER_PEER, MAX_DHT_RECORD_BYTES, MAX_DHT_VALUES } from '../../limits.ts'

/** Time between looks for records that nobody renewed. */
const SWEEP_MS = 60_000

/** The store was asked to keep something out of bounds. */
export class RecordRefusedError extends TypeError {
  override readonly name = 'RecordRefusedError'
}

interface Kept {
  readonly group: string
  readonly atMs: number
}

/**
 * Keeps the DHT's records in memory, bounded in number, size and age. They are others' announcements, renewed by them, and none has to
 * outlive this program. Inherits because a libp2p datastore is a class of many methods of which one changes.
 */
export class RecordStore extends MemoryDatastore {
  /** In the order of their last renewal, the oldest first. */
  readonly #kept = new Map<string, Kept>()
  readonly #now: () => number
  #sweptAtMs = 0

  constructor(now: () => number) {
    super()
    this.#now = now
  }

  get size(): number {
    return this.#kept.size
  }

  override put(key: Key, value: Uint8Array): Key {
    if (value.byteLength > MAX_DHT_RECORD_BYTES) throw new RecordRefusedError(`a record of ${value.byteLength} bytes is larger than ${MAX_DHT_RECORD_BYTES}`)
    const name = key.toString()
    const group = groupOf(key)
    this.#sweep()
    this.#kept.delete(name)
    this.#makeRoom(group)
    this.#kept.set(name, { group, atMs: this.#now() })
    super.put(key, value)
    return key
  }

  override delete(key: Key): void {
    this.#kept.delete(key.toString())
    super.delete(key)
  }

  /** A full group loses its own oldest record, so that one peer's flood costs no other peer its record. */
  #makeRoom(group: string): void {
    const own = [...this.#kept].filter(([, kept]) => kept.group === group)
    const limit = group === VALUES ? MAX_DHT_VALUES : MAX_DHT_RECORDS_PER_PEER
    const oldest = own.length >= limit ? own[0] : this.#kept.size >= MAX_DHT_RECORDS ? [...this.#kept][0] : undefined
    if (oldest !== undefined) this.#drop(oldest[0])
  }

  #sweep(): void {
    const nowMs = this.#now()
    if (nowMs - this.#sweptAtMs < SWEEP_MS) return
    this.#sweptAtMs = nowMs
    for (const [name, { atMs }] of this.#kept) if (nowMs - atMs >= DHT_RECORD_TTL_MS) this.#drop(name)
  }

  #drop(name: string): void {
    this.#kept.delete(name)
    super.delete({ toString: () => name } as Key)
  }
}

const VALUES = 'values'

/** Whose quota a record counts for: `/dht/provider/<cid>/<peer>` is its provider's, all values share one. */
function groupOf(key: Key): string {
  const parts = key.toString().split('/')
  return parts[2] === 'provider' ? parts.at(-1) ?? VALUES : VALUES
}
