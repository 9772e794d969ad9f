import { MemoryDatastore } from 'datastore-core/memory'
import { Key } from 'interface-datastore'
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
  /** Names by group, in the same order. */
  readonly #groups = new Map<string, Set<string>>()
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
    this.#forget(name)
    this.#makeRoom(group)
    this.#kept.set(name, { group, atMs: this.#now() })
    this.#groups.set(group, (this.#groups.get(group) ?? new Set()).add(name))
    super.put(key, value)
    return key
  }

  override delete(key: Key): void {
    this.#forget(key.toString())
    super.delete(key)
  }

  /** A full group loses its own oldest record, so that one peer's flood costs no other peer its record. */
  #makeRoom(group: string): void {
    const own = this.#groups.get(group)
    const limit = group === VALUES ? MAX_DHT_VALUES : MAX_DHT_RECORDS_PER_PEER
    const [oldest] = own !== undefined && own.size >= limit ? own : this.#kept.size >= MAX_DHT_RECORDS ? this.#kept.keys() : []
    if (oldest !== undefined) this.#drop(oldest)
  }

  #sweep(): void {
    const nowMs = this.#now()
    if (nowMs - this.#sweptAtMs < SWEEP_MS) return
    this.#sweptAtMs = nowMs
    for (const [name, { atMs }] of this.#kept) if (nowMs - atMs >= DHT_RECORD_TTL_MS) this.#drop(name)
  }

  #drop(name: string): void {
    this.#forget(name)
    super.delete(new Key(name, false))
  }

  #forget(name: string): void {
    const kept = this.#kept.get(name)
    if (kept === undefined) return
    this.#kept.delete(name)
    const group = this.#groups.get(kept.group)
    group?.delete(name)
    if (group?.size === 0) this.#groups.delete(kept.group)
  }
}

const VALUES = 'values'

/** Whose quota a record counts for: `/dht/provider/<cid>/<peer>` is its provider's, all values share one. */
function groupOf(key: Key): string {
  const parts = key.toString().split('/')
  return parts[2] === 'provider' ? parts.at(-1) ?? VALUES : VALUES
}
