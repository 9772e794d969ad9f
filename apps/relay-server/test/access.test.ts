import { generateKeyPair } from '@libp2p/crypto/keys'
import type { MultiaddrConnection, PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import * as fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { clientKey, clientKeyOf } from '../src/access/client-key.ts'
import { createRelayGater } from '../src/access/connection-gater.ts'
import { createRelayAccess } from '../src/access/relay-access.ts'
import { createTokenBuckets } from '../src/access/token-buckets.ts'
import { createReservations } from '../src/circuit/reservations.ts'
import { CONNECTION_BURST_PER_CLIENT, MAX_CONNECTIONS_PER_CLIENT } from '../src/limits.ts'
import { addressOf, dialThrough, startClient, startReservedClient, until } from './support/client.ts'
import { startRelayProcess } from './support/relay-process.ts'

let ids: PeerId[] = []
beforeAll(async () => { ids = await Promise.all(Array.from({ length: 6 }, async () => peerIdFromPrivateKey(await generateKeyPair('Ed25519')))) })

function id(index: number): PeerId {
  const found = ids[index]
  if (found === undefined) throw new TypeError('no such id')
  return found
}

describe('who may', () => {
  test('[RL30] deny wins; open lets all others in; allow those that are named; invite those named or invited; both ends of a circuit must be allowed', () => {
    const [named, denied, stranger] = [id(0), id(1), id(2)]
    const rules = { allow: [named.toString()], deny: [denied.toString()], isInvited: (peer: PeerId) => peer.equals(stranger) }
    const may = (mode: 'open' | 'allow' | 'invite'): boolean[] => {
      const access = createRelayAccess({ mode, ...rules })
      return [...[named, denied, stranger, id(3)].map(access.mayReserve), access.mayConnect(named, stranger), access.mayConnect(denied, named), access.mayStay(denied), access.mayStay(id(3))]
    }
    expect(may('open')).toEqual([true, false, true, true, true, false, false, true])
    expect(may('allow')).toEqual([true, false, false, false, false, false, false, true])
    expect(may('invite')).toEqual([true, false, true, false, true, false, false, true])
  })

  test('[RL31] a relay for named peers refuses the others by name, and serves the named', async () => {
    const known = await generateKeyPair('Ed25519')
    await using relay = await startRelayProcess(['--access', 'allow', '--allow', peerIdFromPrivateKey(known).toString()])
    const address = addressOf(relay.ready.multiaddrs, 'ws')
    await using named = await startReservedClient(address, known)
    await expect(startClient({ listen: [`${address}/p2p-circuit`] })).rejects.toThrow()
    await using stranger = await startClient()
    await expect(dialThrough(stranger, address, named)).rejects.toThrow(/PERMISSION_DENIED/)
    const { refused, reservations } = await (await fetch(`${relay.ready.url}/status.json`)).json() as { refused: Record<string, number>; reservations: number }
    expect(reservations).toBe(1)
    expect(refused).toMatchObject({ RESERVATION_DENIED: expect.any(Number), CIRCUIT_DENIED: 1 })
  })

  test('[RL32] a denied peer is not let in at all', async () => {
    const denied = await generateKeyPair('Ed25519')
    await using relay = await startRelayProcess(['--deny', peerIdFromPrivateKey(denied).toString()])
    await using client = await startClient({ privateKey: denied })
    const connection = await client.dial(multiaddr(addressOf(relay.ready.multiaddrs, 'tcp'))).catch(() => undefined)
    await until(() => connection === undefined || connection.status !== 'open', 'the end of the connection')
    await until(async () => (await (await fetch(`${relay.ready.url}/status.json`)).json() as { refused: Record<string, number> }).refused['PEER_DENIED'] === 1, 'the count')
  })
})

describe('limits by client', () => {
  test('[RL32] a denied peer is not dialled either, and what stands already of its own rules is asked as well', async () => {
    const asked: string[] = []
    const base = { denyDialPeer: async (peer: PeerId) => { asked.push(peer.toString()); return peer.equals(id(2)) } }
    const gater = createRelayGater({ base, access: createRelayAccess({ mode: 'open', allow: [], deny: [id(0).toString()], isInvited: () => false }), refused: () => { /* not counted here */ }, now: () => 0 })
    const connection = { remoteAddr: multiaddr('/ip4/192.0.2.1/tcp/1') } as unknown as MultiaddrConnection
    expect(await Promise.all([0, 1, 2].map((who) => gater.denyDialPeer?.(id(who))))).toEqual([true, false, true])
    expect(await Promise.all([0, 1].map((who) => gater.denyOutboundEncryptedConnection?.(id(who), connection)))).toEqual([true, false])
    expect(asked).toEqual([id(1).toString(), id(2).toString()])
  })

  test('[RL33] a client is an IPv4 address or an IPv6 /64; this machine is none', () => {
    expect(clientKey('192.0.2.1')).toBe('192.0.2.1')
    expect(clientKey('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64')
    expect(clientKey('2001:db8::1')).toBe('2001:db8:0:0::/64')
    expect([clientKey('127.0.0.1'), clientKey('127.9.9.9'), clientKey('::1'), clientKey('nonsense')]).toEqual([undefined, undefined, undefined, undefined])
    expect(clientKeyOf(multiaddr('/ip6/2001:db8::1/tcp/1/ws'))).toBe(clientKey('2001:db8::ffff'))
  })

  test('[RL34] connections of one client are bounded in number and rate, each by its name, and are free again when they close', async () => {
    const refused: string[] = []
    let nowMs = 0
    const gater = createRelayGater({ base: {}, access: createRelayAccess({ mode: 'open', allow: [], deny: [], isInvited: () => false }), refused: (code) => refused.push(code), now: () => nowMs })
    const connections: EventTarget[] = []
    const arrive = async (address: string): Promise<boolean> => {
      const connection = Object.assign(new EventTarget(), { remoteAddr: multiaddr(address) })
      const denied = await gater.denyInboundConnection?.(connection as unknown as MultiaddrConnection) === true
      if (!denied) connections.push(connection)
      return !denied
    }
    for (let index = 0; index < CONNECTION_BURST_PER_CLIENT; index++) expect(await arrive('/ip4/192.0.2.1/tcp/1')).toBe(true)
    expect(await arrive('/ip4/192.0.2.1/tcp/1')).toBe(false)
    expect(await arrive('/ip4/192.0.2.2/tcp/1')).toBe(true)
    for (let index = 0; index < CONNECTION_BURST_PER_CLIENT * 2; index++) expect(await arrive('/ip4/127.0.0.1/tcp/1')).toBe(true)
    while (connections.filter((connection) => 'remoteAddr' in connection && String(connection.remoteAddr).includes('192.0.2.1/')).length < MAX_CONNECTIONS_PER_CLIENT) {
      nowMs += 1000
      await arrive('/ip4/192.0.2.1/tcp/1')
    }
    nowMs += 60_000
    expect(await arrive('/ip4/192.0.2.1/tcp/1')).toBe(false)
    expect(refused).toContain('CLIENT_CONNECTION_RATE')
    expect(refused.at(-1)).toBe('CLIENT_CONNECTIONS_FULL')
    connections[0]?.dispatchEvent(new Event('close'))
    expect(await arrive('/ip4/192.0.2.1/tcp/1')).toBe(true)
  })

  test('[RL35] buckets never give more than burst plus rate, in bounded memory', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.integer({ min: 0, max: 500 })), { maxLength: 300 }), (uses) => {
      const buckets = createTokenBuckets({ perSecond: 10, burst: 5, maxKeys: 3 })
      const given = new Map<string, number>()
      let nowMs = 0
      for (const [key, laterMs] of uses) {
        nowMs += laterMs
        if (buckets.take(key, nowMs)) given.set(key, (given.get(key) ?? 0) + 1)
        expect(buckets.size()).toBeLessThanOrEqual(3)
      }
      // A key that was forgotten had a full bucket, so forgetting gives nothing away.
      for (const count of given.values()) expect(count).toBeLessThanOrEqual(5 + (nowMs / 1000) * 10 + 1e-9)
    }))
  })
})

describe('slots', () => {
  const limits = { total: 3, perClient: 2, ttlMs: 1000, graceMs: 100 }
  const slot = (peer: PeerId, client?: string): { readonly peer: PeerId; readonly client: string | undefined; readonly connection: string } => ({ peer, client, connection: 'c' })

  test('[RL26] there are never more slots than the limit, in all and for each client, and the count of clients follows', () => {
    const step = fc.record({ what: fc.constantFrom('reserve', 'gone', 'back', 'release', 'sweep'), who: fc.integer({ min: 0, max: 5 }), client: fc.constantFrom('x', 'y', undefined), laterMs: fc.integer({ min: 0, max: 400 }) })
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const reservations = createReservations(limits)
      let nowMs = 0
      for (const { what, who, client, laterMs } of steps) {
        nowMs += laterMs
        if (what === 'reserve') reservations.reserve(slot(id(who), client), nowMs)
        else if (what === 'gone') reservations.markGone(id(who), nowMs)
        else if (what === 'back') reservations.markBack(id(who))
        else if (what === 'release') reservations.release(id(who))
        else reservations.sweep(nowMs)
        expect(reservations.size()).toBeLessThanOrEqual(3)
        const held = ids.map((peer) => reservations.get(peer, nowMs)).filter((found) => found !== undefined)
        for (const name of ['x', 'y']) expect(held.filter((found) => found.client === name).length).toBeLessThanOrEqual(2)
      }
      for (const peer of ids) reservations.release(peer)
      expect(reservations.size()).toBe(0)
      expect([0, 1].map((who) => reservations.reserve(slot(id(who), 'x'), nowMs).ok)).toEqual([true, true])
    }))
  })

  test('[RL27] a peer that is here is not put out by one that comes; one that went is, the longest gone first', () => {
    const reservations = createReservations({ ...limits, perClient: 9 })
    for (const who of [0, 1, 2]) expect(reservations.reserve(slot(id(who)), 0).ok).toBe(true)
    expect(reservations.reserve(slot(id(3)), 1)).toEqual({ ok: false, refusal: 'RESERVATIONS_FULL' })
    reservations.markGone(id(1), 2)
    reservations.markGone(id(0), 3)
    expect(reservations.reserve(slot(id(3)), 4).ok).toBe(true)
    expect([0, 1, 2, 3].map((who) => reservations.get(id(who), 4) !== undefined)).toEqual([true, false, true, true])
    reservations.markBack(id(0))
    expect(reservations.get(id(0), 500)).toBeDefined()
    expect(reservations.get(id(0), 1000)).toBeUndefined()
  })

  test('[RL27] a peer that renews keeps its slot when the relay is full', () => {
    const reservations = createReservations({ ...limits, perClient: 9 })
    for (const who of [0, 1, 2]) reservations.reserve(slot(id(who)), 0)
    expect(reservations.reserve(slot(id(1)), 900)).toMatchObject({ ok: true, previous: { expiresAtMs: 1000 }, reservation: { expiresAtMs: 1900 } })
  })
})
