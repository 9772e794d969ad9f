import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { MemoryDatastore } from 'datastore-core/memory'
import * as fc from 'fast-check'
import { Key, type Datastore } from 'interface-datastore'
import { describe, expect, it } from 'vitest'
import { MAX_BOOK_ADDRESSES, MAX_BOOK_AGE_MS, MAX_BOOK_PEERS, MAX_BOOK_RECORD_BYTES } from '../../src/limits.ts'
import { decodeBookEntry, encodeBookEntry } from '../../src/persistence/book-record.ts'
import { openPeerBook, type PeerBook } from '../../src/persistence/peer-book.ts'

const HOUR_MS = 3_600_000

async function randomPeer(): Promise<PeerId> {
  return peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
}

function addressOf(peer: PeerId, port: number): string {
  return `/ip4/192.0.2.1/tcp/${port}/p2p/${peer.toString()}`
}

function open(datastore: Datastore, now: () => number = () => 1_000): Promise<PeerBook> {
  return openPeerBook({ datastore, now, onError: () => { /* not in these tests */ } })
}

async function records(datastore: Datastore): Promise<{ key: string; bytes: Uint8Array }[]> {
  const found = []
  for await (const { key, value } of datastore.query({ prefix: '/gloflow/peer-book' })) found.push({ key: key.toString(), bytes: value })
  return found
}

describe('the peer book', () => {
  it('[PB1] keeps addresses, tags and times over a restart a day later', async () => {
    const datastore = new MemoryDatastore()
    const [relay, friend] = [await randomPeer(), await randomPeer()]
    const first = await open(datastore)
    first.met(relay, addressOf(relay, 1))
    first.tag(relay, 'relay')
    first.met(friend, undefined)
    first.heard(friend, [addressOf(friend, 2)])
    first.tag(friend, 'friend')
    await first.flush()

    const later = await open(datastore, () => 1_000 + 24 * HOUR_MS)
    expect(later.list('relay')).toEqual([{ peerId: relay.toString(), addresses: [{ multiaddr: addressOf(relay, 1), lastSuccessMs: 1_000 }], tags: ['relay'], lastSeenMs: 1_000 }])
    expect(later.list('friend')).toEqual([{ peerId: friend.toString(), addresses: [{ multiaddr: addressOf(friend, 2), lastSuccessMs: 0 }], tags: ['friend'], lastSeenMs: 1_000 }])
  })

  it('[PB2] is written without being asked', async () => {
    const datastore = new MemoryDatastore()
    const book = await open(datastore)
    const peer = await randomPeer()
    book.met(peer, addressOf(peer, 1))
    await expect.poll(async () => (await records(datastore)).length).toBe(1)
    book.forget(peer)
    await expect.poll(async () => (await records(datastore)).length).toBe(0)
  })

  it('[PB3] an address that worked stays before those that were only heard of, and hearing nothing drops nothing', async () => {
    const book = await open(new MemoryDatastore())
    const peer = await randomPeer()
    book.met(peer, addressOf(peer, 1))
    book.heard(peer, [])
    book.heard(peer, Array.from({ length: 3 * MAX_BOOK_ADDRESSES }, (_, port) => addressOf(peer, 100 + port)))
    const addresses = book.get(peer)?.addresses ?? []
    expect(addresses[0]?.multiaddr).toBe(addressOf(peer, 1))
    expect(addresses).toHaveLength(MAX_BOOK_ADDRESSES)
  })

  it('[PB4] is bounded in peers: those merely met go before friends, friends before relays, the longest unseen first', async () => {
    let now = 0
    const datastore = new MemoryDatastore()
    const book = await open(datastore, () => now)
    const relay = await randomPeer()
    const friend = await randomPeer()
    book.tag(relay, 'relay')
    book.tag(friend, 'friend')
    const met = await Promise.all(Array.from({ length: MAX_BOOK_PEERS }, randomPeer))
    for (const peer of met) {
      now += 1
      book.met(peer, undefined)
    }
    await book.flush()
    expect(book.list()).toHaveLength(MAX_BOOK_PEERS)
    expect(await records(datastore)).toHaveLength(MAX_BOOK_PEERS)
    expect([book.get(relay), book.get(friend)].every((entry) => entry !== undefined)).toBe(true)
    expect(met.slice(0, 2).map((peer) => book.get(peer))).toEqual([undefined, undefined])
    expect(book.get(met[2] ?? relay)).toBeDefined()
  })

  it('[PB4] is bounded in size: whatever is heard, no record is over the limit', async () => {
    const peer = await randomPeer()
    const long = Array.from({ length: MAX_BOOK_ADDRESSES }, (_, index) => `${index}`.repeat(1_000))
    await fc.assert(fc.asyncProperty(fc.array(fc.string({ maxLength: 3_000 }), { maxLength: 30 }), async (texts) => {
      const datastore = new MemoryDatastore()
      const book = await open(datastore)
      book.heard(peer, texts)
      await book.flush()
      for (const { bytes } of await records(datastore)) expect(bytes.byteLength).toBeLessThanOrEqual(MAX_BOOK_RECORD_BYTES)
    }), { numRuns: 50, examples: [[long]], endOnFailure: true })
  })

  it('[PB5] what is damaged, foreign, too large or too old is taken out, and the rest stays', async () => {
    const datastore = new MemoryDatastore()
    const [good, other, old] = [await randomPeer(), await randomPeer(), await randomPeer()]
    const entry = { peerId: good.toString(), addresses: [{ multiaddr: addressOf(good, 1), lastSuccessMs: 5 }], tags: [], lastSeenMs: 2 * MAX_BOOK_AGE_MS }
    const put = (name: string, bytes: Uint8Array): Promise<Key> => Promise.resolve(datastore.put(new Key(`/gloflow/peer-book/${name}`), bytes))
    await put(good.toString(), encodeBookEntry(entry))
    await put(other.toString(), encodeBookEntry(entry)) // under another peer's name
    await put(old.toString(), encodeBookEntry({ ...entry, peerId: old.toString(), lastSeenMs: 1 }))
    await put('garbage', new Uint8Array([1, 2, 3]))
    await put('huge', new Uint8Array(MAX_BOOK_RECORD_BYTES + 1))
    const book = await open(datastore, () => 2 * MAX_BOOK_AGE_MS)
    expect(book.list().map(({ peerId }) => peerId)).toEqual([good.toString()])
    await expect.poll(async () => (await records(datastore)).length).toBe(1)
  })

  it('[PB5] no bytes at all make the decoder throw, or return addresses that are not of the peer', async () => {
    const [peer, other] = [await randomPeer(), await randomPeer()]
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => { expect(decodeBookEntry(bytes)).toBeUndefined() }))
    fc.assert(fc.property(fc.json(), (json) => { decodeBookEntry(new TextEncoder().encode(json)) }))
    const foreign = { version: 1, peerId: peer.toString(), addresses: [{ multiaddr: addressOf(other, 1), lastSuccessMs: 1 }, 7, null, { multiaddr: 'x', lastSuccessMs: 1 }], tags: ['relay', 'king'], lastSeenMs: 1 }
    expect(decodeBookEntry(new TextEncoder().encode(JSON.stringify(foreign)))).toEqual({ peerId: peer.toString(), addresses: [], tags: ['relay'], lastSeenMs: 1 })
  })

  it('[PB6] a full disk is told, nothing is lost in memory, and it is written when there is room', async () => {
    const datastore = new MemoryDatastore()
    const put = datastore.put.bind(datastore)
    let full = true
    datastore.put = (key, value) => {
      if (full) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
      return put(key, value)
    }
    const errors: string[] = []
    const book = await openPeerBook({ datastore, now: () => 1, onError: (error) => { errors.push(error.code) } })
    const peer = await randomPeer()
    book.met(peer, addressOf(peer, 1))
    await expect(book.flush()).rejects.toMatchObject({ code: 'STORAGE_FULL', retryable: true })
    expect(errors).toContain('STORAGE_FULL')
    expect(book.get(peer)).toBeDefined()
    full = false
    await book.flush()
    expect(await records(datastore)).toHaveLength(1)
  })
})
