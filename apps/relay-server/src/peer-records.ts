import { MemoryDatastore } from 'datastore-core/memory'
import { MountDatastore } from 'datastore-core/mount'
import { Key } from 'interface-datastore'
import type { Datastore } from 'interface-datastore'

/** Where libp2p's peer store keeps what it knows of peers. Source: @libp2p/peer-store, src/utils/peer-id-to-datastore-key.ts. */
const PEERS = new Key('/peers')

/**
 * A datastore that keeps libp2p's records of peers in memory, bounded, and the rest where it was. Nobody needs a relay's records of those
 * who came by after it stopped, and to write them to disk costs a third of the time in which a peer is accepted.
 */
export function withPeersInMemory(datastore: Datastore, maxRecords: number): Datastore {
  return new MountDatastore([
    { prefix: PEERS, datastore: new PeerRecords(maxRecords) },
    { prefix: new Key('/'), datastore }
  ])
}

/** Forgets the record that was used longest ago. Inherits because a libp2p datastore is a class of many methods of which three change. */
export class PeerRecords extends MemoryDatastore {
  readonly #maxRecords: number
  /** Names in the order of their last use, the oldest first. */
  readonly #used = new Set<string>()

  constructor(maxRecords: number) {
    super()
    this.#maxRecords = maxRecords
  }

  get size(): number {
    return this.#used.size
  }

  override put(key: Key, value: Uint8Array): Key {
    this.#touch(key.toString())
    super.put(key, value)
    for (const oldest of this.#used) {
      if (this.#used.size <= this.#maxRecords) break
      this.delete(new Key(oldest, false))
    }
    return key
  }

  override get(key: Key): Uint8Array | Promise<Uint8Array> {
    if (this.#used.has(key.toString())) this.#touch(key.toString())
    return super.get(key)
  }

  override delete(key: Key): void {
    this.#used.delete(key.toString())
    super.delete(key)
  }

  #touch(name: string): void {
    this.#used.delete(name)
    this.#used.add(name)
  }
}
