import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, Libp2p, PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { PeerRecord, RecordEnvelope } from '@libp2p/peer-record'
import { lpStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import * as fc from 'fast-check'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { afterEach, describe, expect, test } from 'vitest'
import { createRendezvousClient } from '../../src/discovery/rendezvous/client.ts'
import type { RendezvousRequest, RendezvousResponse } from '../../src/discovery/rendezvous/codec.ts'
import { RENDEZVOUS_STATUS, decodeRequest, decodeResponse, encodeRequest, encodeResponse } from '../../src/discovery/rendezvous/codec.ts'
import { createCookies } from '../../src/discovery/rendezvous/cookie.ts'
import { openPeerRecord, sealPeerRecord } from '../../src/discovery/rendezvous/peer-record.ts'
import { createRegistry } from '../../src/discovery/rendezvous/registry.ts'
import { createRendezvousServer } from '../../src/discovery/rendezvous/server.ts'
import type { RendezvousServer, RendezvousServerOptions } from '../../src/discovery/rendezvous/server.ts'
import { isP2pError } from '../../src/errors.ts'
import { MAX_PEER_RECORD_ADDRESSES, MAX_RENDEZVOUS_TTL_S } from '../../src/limits.ts'
import { RENDEZVOUS_PROTOCOL } from '../../src/protocols.ts'
import { startPeer, startRelay, until } from '../relays/test-network.ts'

const stack: Array<() => Promise<unknown>> = []
afterEach(async () => { for (const end of stack.splice(0).toReversed()) await end() })
const signal = new AbortController().signal
const client = createRendezvousClient()
const codeOf = async (promise: Promise<unknown>): Promise<string> => promise.then(() => 'accepted', error => isP2pError(error) ? error.code : String(error))

async function startServer(options: Partial<RendezvousServerOptions> = {}): Promise<{ libp2p: Libp2p; server: RendezvousServer }> {
  const relay = await startRelay()
  const server = createRendezvousServer({ libp2p: relay.libp2p, ...options })
  await server.start()
  stack.push(async () => { await server.stop(); await relay[Symbol.asyncDispose]() })
  return { libp2p: relay.libp2p, server }
}

async function join(server: Libp2p): Promise<{ privateKey: PrivateKey; libp2p: Libp2p; connection: Connection; record: Uint8Array }> {
  const privateKey = await generateKeyPair('Ed25519')
  const { libp2p } = await startPeer(options => ({ ...options, privateKey }))
  stack.push(async () => { await libp2p.stop() })
  const connection = await libp2p.dial(server.getMultiaddrs())
  return { privateKey, libp2p, connection, record: await sealPeerRecord(privateKey, [multiaddr('/ip4/203.0.113.1/tcp/1')], 1n) }
}

describe('the wire', () => {
  test('[RV1] requests and answers have the bytes of the specification', () => {
    const hex = (bytes: Uint8Array): string => toString(bytes, 'hex')
    expect(hex(encodeRequest({ type: 'discover', namespace: 'a', limit: 5, cookie: undefined }))).toBe('08032a050a01611005')
    expect(hex(encodeRequest({ type: 'unregister', namespace: 'a' }))).toBe('080222030a0161')
    expect(hex(encodeRequest({ type: 'register', registration: { namespace: 'a', signedPeerRecord: Uint8Array.of(7), ttlSeconds: 2 } }))).toBe('080012080a01611201071802')
    expect(hex(encodeResponse({ type: 'register', status: 0, statusText: '', ttlSeconds: 2 }))).toBe('08011a0408001802')
    expect(decodeResponse(fromString('0804320412020a00', 'hex'))).toMatchObject({ type: 'discover', status: 0, registrations: [], total: undefined })
  })

  const registration = fc.record({ namespace: fc.string(), signedPeerRecord: fc.uint8Array(), ttlSeconds: fc.option(fc.nat(), { nil: undefined }) })
  const request: fc.Arbitrary<RendezvousRequest> = fc.oneof(
    registration.map(registration => ({ type: 'register' as const, registration })),
    fc.string().map(namespace => ({ type: 'unregister' as const, namespace })),
    fc.record({ type: fc.constant('discover' as const), namespace: fc.string(), limit: fc.option(fc.nat(), { nil: undefined }), cookie: fc.option(fc.uint8Array({ minLength: 1 }), { nil: undefined }) })
  )
  const response: fc.Arbitrary<RendezvousResponse> = fc.oneof(
    fc.record({ type: fc.constant('register' as const), status: fc.nat(), statusText: fc.string(), ttlSeconds: fc.option(fc.nat(), { nil: undefined }) }),
    fc.record({ type: fc.constant('discover' as const), status: fc.nat(), statusText: fc.string(), registrations: fc.array(registration), cookie: fc.option(fc.uint8Array(), { nil: undefined }), total: fc.option(fc.nat(), { nil: undefined }) })
  )

  test('[RV1] what is written is read back', () => {
    fc.assert(fc.property(request, message => { expect(decodeRequest(encodeRequest(message))).toEqual(message) }))
    fc.assert(fc.property(response, message => { expect(decodeResponse(encodeResponse(message))).toEqual(message) }))
  })

  test('[RV2] any bytes are read or refused by name', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      for (const decode of [decodeRequest, decodeResponse]) {
        try {
          decode(bytes)
        } catch (error) {
          expect(isP2pError(error, 'FRAME_INVALID')).toBe(true)
        }
      }
    }), { numRuns: 2000 })
  })
})

describe('a peer record', () => {
  test('[RV3] is believed only under the signature of the peer it is of', async () => {
    const [mine, other] = await Promise.all([generateKeyPair('Ed25519'), generateKeyPair('Ed25519')])
    const record = await sealPeerRecord(mine, [multiaddr('/ip4/203.0.113.1/tcp/1')], 5n)
    expect((await openPeerRecord(record)).peer.toString()).toBe(peerIdFromPrivateKey(mine).toString())
    const stolen = await RecordEnvelope.seal(new PeerRecord({ peerId: peerIdFromPrivateKey(mine), multiaddrs: [], seqNumber: 9n }), other)
    expect(await codeOf(openPeerRecord(stolen.marshal()))).toBe('RECORD_INVALID')
    const many = await RecordEnvelope.seal(new PeerRecord({ peerId: peerIdFromPrivateKey(mine), multiaddrs: Array.from({ length: MAX_PEER_RECORD_ADDRESSES + 1 }, (_, i) => multiaddr(`/ip4/203.0.113.1/tcp/${i + 1}`)) }), mine)
    expect(await codeOf(openPeerRecord(many.marshal()))).toBe('RECORD_INVALID')
    const { signature, payload } = RecordEnvelope.createFromProtobuf(record)
    const changed = new RecordEnvelope({ publicKey: mine.publicKey, payloadType: PeerRecord.CODEC, payload: payload.map((byte, i) => i === 5 ? byte ^ 1 : byte), signature })
    expect(await codeOf(openPeerRecord(changed.marshal()))).toBe('RECORD_INVALID')
    await fc.assert(fc.asyncProperty(fc.uint8Array(), async bytes => { expect(await codeOf(openPeerRecord(bytes))).toBe('RECORD_INVALID') }))
  })
})

describe('the registry', () => {
  const limits = { total: 10, perNamespace: 6, perPeer: 2 }
  const entry = (peer: string, namespace = 'n', expiresMs = 100): Parameters<ReturnType<typeof createRegistry>['add']>[0] => ({ peer, namespace, expiresMs, signedPeerRecord: new Uint8Array() })

  test('[RV4] its bounds hold under any sequence, and it never counts what it does not have', () => {
    const step = fc.record({ peer: fc.constantFrom(...'abcdefgh'), namespace: fc.constantFrom('n', 'm', 'o'), ttl: fc.integer({ min: 1, max: 50 }), act: fc.constantFrom('add', 'remove', 'sweep') })
    fc.assert(fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const registry = createRegistry(limits, Math.random)
      let now = 0
      for (const { peer, namespace, ttl, act } of steps) {
        now += 1
        if (act === 'add') registry.add(entry(peer, namespace, now + ttl), now)
        else if (act === 'remove') registry.remove(peer, namespace)
        else registry.sweep(now)
        const all = ['n', 'm', 'o'].flatMap(name => registry.find({ namespace: name, asker: '', limit: 1000, after: undefined }, -1).registrations)
        expect(all).toHaveLength(registry.size)
        expect(registry.size).toBeLessThanOrEqual(limits.total)
        for (const name of ['n', 'm', 'o']) expect(all.filter(one => one.namespace === name).length).toBeLessThanOrEqual(limits.perNamespace)
        for (const one of 'abcdefgh') expect(all.filter(other => other.peer === one).length).toBeLessThanOrEqual(limits.perPeer)
      }
    }))
  })

  test('[RV17] only what is full loses those who left: the namespace, or all of it, and nothing by one peer\'s own limit', () => {
    const registry = createRegistry({ total: 5, perNamespace: 3, perPeer: 1 }, Math.random)
    const here = new Set(['c'])
    for (const peer of ['a', 'b']) registry.add(entry(peer, 'm'), 0)
    registry.add(entry('c'), 0)
    expect(registry.add(entry('c', 'm'), 0)).toBe(false)
    expect(registry.makeRoom('m', here)).toBe(false)
    for (const peer of ['d', 'e']) registry.add(entry(peer), 0)
    expect(registry.makeRoom('n', here)).toBe(true)
    expect(['n', 'm'].map(namespace => registry.find({ namespace, asker: '', limit: 9, after: undefined }, 0).total)).toEqual([1, 2])
    for (const peer of ['d', 'e']) registry.add(entry(peer, 'o'), 0)
    expect(registry.makeRoom('o', here)).toBe(true)
    expect(registry.size).toBe(1)
  })

  test('[RV5] without a cookie everyone has the same chance to be found', () => {
    const registry = createRegistry({ total: 1000, perNamespace: 1000, perPeer: 1 }, Math.random)
    for (let i = 0; i < 100; i++) registry.add(entry(`p${i}`), 0)
    const hits = new Map<string, number>()
    for (let i = 0; i < 2000; i++) {
      const { registrations, total } = registry.find({ namespace: 'n', asker: 'p0', limit: 10, after: undefined }, 0)
      expect(new Set(registrations.map(({ peer }) => peer)).size).toBe(10)
      expect(total).toBe(99)
      for (const { peer } of registrations) hits.set(peer, (hits.get(peer) ?? 0) + 1)
    }
    expect(hits.has('p0')).toBe(false)
    const counts = [...hits.values()] // 2000 × 10 / 99 = 202 each, standard deviation 13.5
    expect(counts).toHaveLength(99)
    expect(Math.min(...counts)).toBeGreaterThan(202 - 6 * 14)
    expect(Math.max(...counts)).toBeLessThan(202 + 6 * 14)
  })

  test('[RV6] with a cookie only what came later is found, in pages, and nothing is left out', () => {
    const registry = createRegistry({ total: 1000, perNamespace: 1000, perPeer: 1 }, Math.random)
    for (let i = 0; i < 5; i++) registry.add(entry(`old${i}`), 0)
    let { order } = registry.find({ namespace: 'n', asker: '', limit: 3, after: undefined }, 0)
    for (let i = 0; i < 7; i++) registry.add(entry(`new${i}`), 0)
    const found: string[] = []
    for (let page = 0; page < 4; page++) {
      const next = registry.find({ namespace: 'n', asker: '', limit: 3, after: order }, 0)
      order = next.order
      found.push(...next.registrations.map(({ peer }) => peer))
    }
    expect(found).toEqual(Array.from({ length: 7 }, (_, i) => `new${i}`))
  })

  test('[RV6] a cookie is of one server and one namespace, and cannot be made up', () => {
    const cookies = createCookies(new Uint8Array(32).fill(1))
    expect(cookies.open('n', cookies.seal('n', 12345))).toBe(12345)
    expect(cookies.open('m', cookies.seal('n', 12345))).toBeUndefined()
    expect(createCookies(new Uint8Array(32)).open('n', cookies.seal('n', 12345))).toBeUndefined()
    fc.assert(fc.property(fc.uint8Array({ minLength: 24, maxLength: 24 }), bytes => { expect(cookies.open('n', bytes)).toBeUndefined() }))
  })
})

describe('server and client', () => {
  test('[RV7] who registers is found by others, with checked addresses, until they unregister', async () => {
    const { libp2p: server } = await startServer()
    const [a, b] = await Promise.all([join(server), join(server)])
    expect(await client.register(a.connection, 'room', a.record, 60_000, signal)).toBe(60_000)
    const found = await client.discover(b.connection, 'room', 10, undefined, signal)
    expect(found.peers.map(({ peer }) => peer.toString())).toEqual([a.libp2p.peerId.toString()])
    expect(found.peers[0]?.addresses.map(String)).toEqual(['/ip4/203.0.113.1/tcp/1'])
    expect(found.total).toBe(1)
    expect((await client.discover(b.connection, 'other room', 10, undefined, signal)).peers).toEqual([])
    expect((await client.discover(b.connection, 'room', 10, found.cookie, signal)).peers).toEqual([])
    await client.unregister(a.connection, 'room', signal)
    await expect.poll(async () => (await client.discover(b.connection, 'room', 10, undefined, signal)).peers.length).toBe(0)
  })

  test('[RV8] somebody else\'s record, a wrong TTL, namespace or cookie, and a full server are refused by name', async () => {
    const { libp2p: server, server: rendezvous } = await startServer({ limits: { total: 1, perNamespace: 1, perPeer: 1 }, authorize: (_, namespace) => namespace !== 'secret' })
    const [a, b] = await Promise.all([join(server), join(server)])
    const refused = async (promise: Promise<unknown>, status: number): Promise<void> => {
      const error: unknown = await promise.catch(reason => reason)
      expect(isP2pError(error, 'RENDEZVOUS_REFUSED') ? error.message : error).toContain(`status ${status}`)
    }
    await refused(client.register(a.connection, 'n', b.record, undefined, signal), RENDEZVOUS_STATUS.invalidSignedPeerRecord)
    await refused(client.register(a.connection, 'n', a.record, (MAX_RENDEZVOUS_TTL_S + 1) * 1000, signal), RENDEZVOUS_STATUS.invalidTtl)
    await refused(client.register(a.connection, '', a.record, undefined, signal), RENDEZVOUS_STATUS.invalidNamespace)
    await refused(client.register(a.connection, 'ä'.repeat(128), a.record, undefined, signal), RENDEZVOUS_STATUS.invalidNamespace)
    await refused(client.register(a.connection, 'secret', a.record, undefined, signal), RENDEZVOUS_STATUS.notAuthorized)
    await refused(client.discover(a.connection, 'n', 10, new Uint8Array(24), signal), RENDEZVOUS_STATUS.invalidCookie)
    await client.register(a.connection, 'n', a.record, undefined, signal)
    await client.register(a.connection, 'n', a.record, undefined, signal)
    await refused(client.register(b.connection, 'n', b.record, undefined, signal), RENDEZVOUS_STATUS.unavailable)
    expect(rendezvous.stats).toEqual({ registrations: 1, refused: { 100: 2, 101: 1, 102: 1, 103: 1, 200: 1, 400: 1 } })
  })

  test('[RV17] a server that is full of those who came and went takes one who is here, and puts out nobody who is', async () => {
    const { libp2p: server, server: rendezvous } = await startServer({ limits: { total: 2, perNamespace: 2, perPeer: 1 } })
    const [gone, here, late, last] = await Promise.all([join(server), join(server), join(server), join(server)])
    for (const { connection, record } of [gone, here]) await client.register(connection, 'n', record, undefined, signal)
    await gone.libp2p.stop()
    await until(() => server.getPeers().length === 3, 'one is gone')
    expect(rendezvous.stats.registrations).toBe(2)
    await client.register(late.connection, 'n', late.record, undefined, signal)
    const names = async (): Promise<string[]> => (await client.discover(last.connection, 'n', 10, undefined, signal)).peers.map(({ peer }) => peer.toString()).sort()
    const both = [here, late].map(({ libp2p }) => libp2p.peerId.toString()).sort()
    expect(await names()).toEqual(both)
    expect(await codeOf(client.register(last.connection, 'n', last.record, undefined, signal))).toBe('RENDEZVOUS_REFUSED')
    expect(await names()).toEqual(both)
  })

  test('[RV9] a registration ends with its TTL', async () => {
    let nowMs = 1_000_000
    const { libp2p: server } = await startServer({ now: () => nowMs })
    const [a, b] = await Promise.all([join(server), join(server)])
    await client.register(a.connection, 'n', a.record, 60_000, signal)
    nowMs += 59_000
    const found = await client.discover(b.connection, 'n', 10, undefined, signal)
    expect(found.peers[0]?.ttlMs).toBe(1000)
    nowMs += 1001
    expect(await client.discover(b.connection, 'n', 10, undefined, signal)).toMatchObject({ peers: [], total: 0 })
  })

  test('[RV2] garbage, a frame over the limit and a flood of requests end the stream, and the server goes on', async () => {
    const { libp2p: server } = await startServer()
    const { connection, record } = await join(server)
    const sent = async (bytes: Uint8Array): Promise<string> => {
      const stream = await connection.newStream(RENDEZVOUS_PROTOCOL)
      const messages = lpStream(stream, { maxDataLength: 1 << 20 })
      return messages.write(bytes).then(async () => messages.read({ signal: AbortSignal.timeout(3000) })).then(() => 'answered', () => stream.status)
    }
    expect(await sent(Uint8Array.of(0xff, 0xff, 0xff))).not.toBe('answered')
    expect(await sent(new Uint8Array(20_000))).not.toBe('answered')
    await client.register(connection, 'n', record, undefined, signal)
    const flood = await Promise.all(Array.from({ length: 3 }, async () => {
      const outcomes: string[] = []
      for (let i = 0; i < 50; i++) outcomes.push(await codeOf(client.discover(connection, 'n', 1, undefined, signal)))
      return outcomes
    }))
    expect(new Set(flood.flat())).toEqual(new Set(['accepted', 'RENDEZVOUS_REFUSED']))
    expect(connection.status).toBe('open')
  })

  test('[RV10] a peer that could only be reached through the relay, and left, is no longer found', { timeout: 40_000 }, async () => {
    const { libp2p: server, server: rendezvous } = await startServer()
    const [a, b] = await Promise.all([join(server), join(server)])
    const circuit = multiaddr(`${server.getMultiaddrs()[0]?.toString() ?? ''}/p2p-circuit`)
    await client.register(a.connection, 'n', await sealPeerRecord(a.privateKey, [circuit], 1n), undefined, signal)
    await client.register(b.connection, 'n', b.record, undefined, signal)
    await Promise.all([a.libp2p.stop(), b.libp2p.stop()])
    await until(() => rendezvous.stats.registrations === 1, 'only the one with an address of its own is left', 25_000)
  })
})
