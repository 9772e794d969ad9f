import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Libp2p } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { addressesToDial, announcedAddresses } from '../../src/discovery/announced.ts'
import { chooseWhomToDial } from '../../src/discovery/choose.ts'
import { createDiscovery } from '../../src/discovery/discovery.ts'
import type { Discovery, DiscoveryOptions } from '../../src/discovery/discovery.ts'
import { createRendezvousServer } from '../../src/discovery/rendezvous/server.ts'
import { createRelaySupervisor } from '../../src/relays/supervisor.ts'
import { NETWORK, startPeer, startRelay, until } from '../relays/test-network.ts'
import type { TestRelay } from '../relays/test-network.ts'

const stack: Array<() => Promise<unknown>> = []
afterEach(async () => { for (const end of stack.splice(0).toReversed()) await end() })

async function relayWithRendezvous(): Promise<TestRelay> {
  const relay = await startRelay()
  const server = createRendezvousServer({ libp2p: relay.libp2p })
  await server.start()
  stack.push(async () => { await server.stop(); await relay[Symbol.asyncDispose]() })
  return relay
}

interface Member { readonly libp2p: Libp2p; readonly discovery: Discovery; leave(): Promise<void> }

async function member(relays: readonly string[], options: Partial<DiscoveryOptions> = {}): Promise<Member> {
  const privateKey = options.privateKey ?? await generateKeyPair('Ed25519')
  const { libp2p, circuit: { reservations } } = await startPeer(defaults => ({ ...defaults, privateKey }))
  const supervisor = createRelaySupervisor({ libp2p, relays, network: NETWORK, reservations })
  const discovery = createDiscovery({ libp2p, privateKey, network: NETWORK, relays: supervisor, reservations, friends: () => new Set(), ...options })
  discovery.start()
  supervisor.start()
  let here = true
  const leave = async (): Promise<void> => {
    if (!here) return
    here = false
    discovery.stop()
    await supervisor.stop()
    await libp2p.stop()
  }
  stack.push(leave)
  return { libp2p, discovery, leave }
}

const isConnected = (a: Member, b: Member): boolean => a.libp2p.getConnections(b.libp2p.peerId).some(({ status }) => status === 'open')

describe('finding each other', () => {
  test('[RV11] those of one network who come to one relay find and reach each other, and count those who are here', async () => {
    const { url } = await relayWithRendezvous()
    const members = await Promise.all([member([url]), member([url]), member([url])])
    await until(() => members.every(a => members.every(b => a === b || isConnected(a, b))), 'all are connected')
    await until(() => members.every(({ discovery }) => discovery.presence.connected === 2 && discovery.presence.here === 2), 'all are counted')
  })

  test('[RV11] another network at the same relay is not found', async () => {
    const { url } = await relayWithRendezvous()
    const [a, b] = [await member([url]), await member([url], { network: 'elsewhere' })]
    const c = await member([url])
    await until(() => isConnected(a, c), 'the same network')
    expect(isConnected(a, b) || isConnected(c, b)).toBe(false)
    expect(a.discovery.presence.here).toBe(1)
  })

  test('[RV12] beyond the budget only friends are dialled; the rest is a number', async () => {
    const { url } = await relayWithRendezvous()
    const crowd = await Promise.all(Array.from({ length: 6 }, async () => member([url], { budget: 0 })))
    await until(() => crowd.every(({ discovery }) => discovery.presence.here === 5), 'all see all', 20_000)
    expect(crowd.every(({ discovery }) => discovery.presence.connected === 0)).toBe(true)
    const friend = crowd[3]
    const last = await member([url], { budget: 2, friends: () => new Set([friend?.libp2p.peerId.toString() ?? '']) })
    await until(() => last.discovery.presence.connected === 2 && last.discovery.presence.here === 6, 'the budget is used')
    await new Promise(resolve => setTimeout(resolve, 500))
    expect(last.discovery.presence.connected).toBe(2)
    expect(friend !== undefined && isConnected(last, friend)).toBe(true)
  })

  test('[RV13] who leaves makes room for another one', async () => {
    const { url } = await relayWithRendezvous()
    const others = await Promise.all([member([url], { budget: 0 }), member([url], { budget: 0 })])
    const last = await member([url], { budget: 1 })
    await until(() => others.some(other => isConnected(last, other)), 'one of them')
    const [gone, next] = others[0] !== undefined && isConnected(last, others[0]) ? others : others.toReversed()
    await gone?.leave()
    await until(() => next !== undefined && isConnected(last, next), 'the other one')
  })

  test('[RV14] a relay that restarts and has forgotten everyone has them registered and found again', { timeout: 40_000 }, async () => {
    const before = await startRelay()
    const serverBefore = createRendezvousServer({ libp2p: before.libp2p })
    await serverBefore.start()
    const [a, b] = await Promise.all([member([before.url]), member([before.url])])
    await until(() => isConnected(a, b), 'connected')
    await serverBefore.stop()
    await before[Symbol.asyncDispose]()
    await until(() => !isConnected(a, b), 'apart')
    const after = await startRelay({ privateKey: before.privateKey, httpPort: before.httpPort })
    const server = createRendezvousServer({ libp2p: after.libp2p })
    await server.start()
    stack.push(async () => { await server.stop(); await after[Symbol.asyncDispose]() })
    await until(() => isConnected(a, b), 'connected again', 15_000)
  })

  test('[RV15] someone who was found can be reached by PeerId alone', async () => {
    const { url } = await relayWithRendezvous()
    const [a, b] = await Promise.all([member([url], { budget: 0 }), member([url], { budget: 0 })])
    await until(() => a.discovery.known.length === 1, 'found')
    await a.discovery.connect(b.libp2p.peerId, AbortSignal.timeout(5000))
    expect(isConnected(a, b)).toBe(true)
    const stranger = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    await expect(a.discovery.connect(stranger, AbortSignal.timeout(5000))).rejects.toMatchObject({ code: 'PEER_NOT_FOUND' })
  })
})

describe('choosing', () => {
  test('[RV12] friends come first and whatever the budget, others never above it', () => {
    const candidate = fc.record({ peer: fc.uuid(), isFriend: fc.boolean() })
    fc.assert(fc.property(fc.uniqueArray(candidate, { selector: ({ peer }) => peer }), fc.nat(20), fc.nat(20), fc.nat(8), (candidates, taken, budget, slots) => {
      const chosen = chooseWhomToDial(candidates, { taken, budget, slots }, Math.random)
      const friends = candidates.filter(({ isFriend }) => isFriend).map(({ peer }) => peer)
      expect(chosen.length).toBeLessThanOrEqual(slots)
      expect(chosen.slice(0, friends.length)).toEqual(friends.slice(0, slots))
      const strangers = chosen.filter(peer => !friends.includes(peer))
      expect(strangers.length).toBeLessThanOrEqual(Math.max(0, budget - taken - friends.length))
    }))
  })

  test('[RV16] own addresses are told with those through relays first, and loopback ones only to a relay on this device', async () => {
    const self = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    const relay = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    const own = ['/ip4/127.0.0.1/tcp/1', '/ip4/192.168.0.2/tcp/1', `/dns4/r.example/tcp/443/tls/ws/p2p/${relay}/p2p-circuit`].map(text => multiaddr(`${text}/p2p/${self}`))
    const over = (address: string): Parameters<typeof announcedAddresses>[2] => ({ remoteAddr: multiaddr(address), remotePeer: relay }) as unknown as Parameters<typeof announcedAddresses>[2]
    const told = announcedAddresses(own, self, over('/ip4/203.0.113.1/tcp/1')).map(String)
    expect(told).toEqual([`/dns4/r.example/tcp/443/tls/ws/p2p/${relay}/p2p-circuit`, '/ip4/192.168.0.2/tcp/1'])
    expect(announcedAddresses(own, self, over('/ip4/127.0.0.1/tcp/1'))).toHaveLength(3)
    const found = { peer: self, seq: 1n, addresses: told.map(text => multiaddr(text)) }
    const { relayed, others } = addressesToDial(found, over(`/ip4/203.0.113.1/tcp/1/p2p/${relay}`))
    expect(relayed.map(String)).toEqual([`/ip4/203.0.113.1/tcp/1/p2p/${relay}/p2p-circuit/p2p/${self}`])
    expect(others.map(String)).toEqual([`/ip4/192.168.0.2/tcp/1/p2p/${self}`])
  })
})
