import { Key, type Datastore } from 'interface-datastore'
import type { PeerId } from '@libp2p/interface'
import {
  BOOK_WRITE_DELAY_MS, MAX_BOOK_ADDRESSES, MAX_BOOK_AGE_MS, MAX_BOOK_PEERS, MAX_BOOK_RECORD_BYTES
} from '../limits.ts'
import { decodeBookEntry, encodeBookEntry } from './book-record.ts'
import { storageError } from './storage-error.ts'
import type { P2pError } from '../errors.ts'

/** Why a peer is in the book: a relay of this peer, or a person it meant to reach. Everyone else was merely met. */
export type BookTag = 'friend' | 'relay'

/** One address of a peer, and what came of it. */
export interface BookAddress {
  /** Ends in /p2p/<id>. */
  readonly multiaddr: string
  /** UNIX time in ms when it last worked; 0 = it was only heard of. */
  readonly lastSuccessMs: number
}

/** What is remembered about one peer. */
export interface BookEntry {
  readonly peerId: string
  /** Those that worked last come first. */
  readonly addresses: readonly BookAddress[]
  readonly tags: readonly BookTag[]
  /** UNIX time in ms of the last connection. */
  readonly lastSeenMs: number
}

/**
 * Peers that are remembered over restarts, longer than libp2p's own store keeps them (addresses 1 h, peers 6 h). All of it is in memory;
 * each peer is one record on disk, so that a process that is killed leaves every other record as it was.
 */
export interface PeerBook {
  /** Those with a tag (all, where none is given), seen last first. */
  list(tag?: BookTag): readonly BookEntry[]
  get(peer: PeerId): BookEntry | undefined
  /** A connection is there, on `address` where that one could be dialled again. */
  met(peer: PeerId, address: string | undefined): void
  /** The peer said that it can be reached at these addresses. Nothing that was known is dropped for it. */
  heard(peer: PeerId, addresses: readonly string[]): void
  tag(peer: PeerId, tag: BookTag): void
  forget(peer: PeerId): void
  /** Resolves when everything is written. Throws P2pError STORAGE_FULL or STORAGE_REFUSED. */
  flush(): Promise<void>
}

export interface PeerBookOptions {
  readonly datastore: Datastore
  readonly now: () => number
  /** Told when a change could not be written. It stays in memory, and is written with the next one. */
  readonly onError: (error: P2pError) => void
}

const PREFIX = '/gloflow/peer-book'

/** Reads the book. A record that is not understood, too large or too old is taken out; the others stay. */
export async function openPeerBook(options: PeerBookOptions): Promise<PeerBook> {
  const { datastore, now, onError } = options
  const entries = new Map<string, BookEntry>()
  const dirty = new Set<string>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let writing: Promise<void> = Promise.resolve()

  await load()

  async function load(): Promise<void> {
    try {
      for await (const { key, value } of datastore.query({ prefix: PREFIX })) {
        const entry = value.byteLength <= MAX_BOOK_RECORD_BYTES ? decodeBookEntry(value) : undefined
        if (entry === undefined || key.name() !== entry.peerId || now() - entry.lastSeenMs > MAX_BOOK_AGE_MS) dirty.add(key.name())
        else entries.set(entry.peerId, entry)
      }
    } catch (error) {
      throw storageError(error, 'reading the peer book')
    }
    makeRoom()
    if (dirty.size > 0) schedule()
  }

  function change(peer: PeerId, edit: (entry: BookEntry) => BookEntry): void {
    const peerId = peer.toString()
    const before = entries.get(peerId) ?? { peerId, addresses: [], tags: [], lastSeenMs: now() }
    entries.set(peerId, edit(before))
    dirty.add(peerId)
    makeRoom()
    schedule()
  }

  function makeRoom(): void {
    if (entries.size <= MAX_BOOK_PEERS) return
    const byWorth = [...entries.values()].sort((a, b) => worth(a) - worth(b) || a.lastSeenMs - b.lastSeenMs)
    for (const { peerId } of byWorth.slice(0, entries.size - MAX_BOOK_PEERS)) {
      entries.delete(peerId)
      dirty.add(peerId)
    }
  }

  function schedule(): void {
    timer ??= setTimeout(() => { void flush().catch(() => { /* told by onError */ }) }, BOOK_WRITE_DELAY_MS)
  }

  function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const next = writing.catch(() => { /* told when it failed */ }).then(write)
    writing = next
    return next
  }

  async function write(): Promise<void> {
    const ids = [...dirty]
    dirty.clear()
    try {
      for (const id of ids) {
        const entry = entries.get(id)
        if (entry === undefined) await datastore.delete(keyOf(id))
        else await datastore.put(keyOf(id), encodeBookEntry(entry))
      }
    } catch (error) {
      for (const id of ids) dirty.add(id)
      const typed = storageError(error, 'writing the peer book')
      onError(typed)
      throw typed
    }
  }

  return {
    list: (tag) => [...entries.values()]
      .filter((entry) => tag === undefined || entry.tags.includes(tag))
      .sort((a, b) => b.lastSeenMs - a.lastSeenMs),
    get: (peer) => entries.get(peer.toString()),
    met: (peer, address) => {
      change(peer, (entry) => ({ ...entry, lastSeenMs: now(), addresses: address === undefined ? entry.addresses : merge(entry.addresses, [{ multiaddr: address, lastSuccessMs: now() }]) }))
    },
    heard: (peer, addresses) => {
      const bounded = addresses.slice(0, MAX_BOOK_ADDRESSES).map((multiaddr) => ({ multiaddr, lastSuccessMs: 0 }))
      change(peer, (entry) => ({ ...entry, addresses: merge(entry.addresses, bounded) }))
    },
    tag: (peer, tag) => {
      change(peer, (entry) => entry.tags.includes(tag) ? entry : { ...entry, tags: [...entry.tags, tag] })
    },
    forget: (peer) => {
      if (!entries.delete(peer.toString())) return
      dirty.add(peer.toString())
      schedule()
    },
    flush
  }
}

function keyOf(peerId: string): Key {
  return new Key(`${PREFIX}/${peerId}`)
}

/** A relay is worth more than a friend, and a friend more than someone who was met. */
function worth(entry: BookEntry): number {
  return entry.tags.includes('relay') ? 2 : entry.tags.includes('friend') ? 1 : 0
}

/** Newer knowledge first among equals: an address that worked stays before one that was only heard of. */
function merge(known: readonly BookAddress[], fresh: readonly BookAddress[]): BookAddress[] {
  const all = new Map<string, number>()
  for (const { multiaddr, lastSuccessMs } of [...fresh, ...known]) all.set(multiaddr, Math.max(lastSuccessMs, all.get(multiaddr) ?? 0))
  return [...all].map(([multiaddr, lastSuccessMs]) => ({ multiaddr, lastSuccessMs }))
    .sort((a, b) => b.lastSuccessMs - a.lastSuccessMs)
    .slice(0, MAX_BOOK_ADDRESSES)
}
