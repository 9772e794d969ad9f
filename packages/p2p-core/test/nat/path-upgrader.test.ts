import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { webRTC } from '@libp2p/webrtc'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, describe, expect, test } from 'vitest'
import { MAX_INBOUND_UPGRADES_PER_MINUTE, UPGRADE_FALLBACK_MS } from '../../src/limits.ts'
import { createPathUpgrader } from '../../src/nat/path-upgrader.ts'
import type { PathUpgrader, PathUpgraderOptions } from '../../src/nat/path-upgrader.ts'
import { streamGuard } from '../../src/nat/stream-guard.ts'
import { WEBRTC_SIGNALLING_PROTOCOL } from '../../src/nat/upgrade-ways.ts'
import { isAlive } from '../../src/relays/probe.ts'
import { createRelaySupervisor } from '../../src/relays/supervisor.ts'
import { NETWORK, startPeer, startRelay, until } from '../relays/test-network.ts'
import type { TestRelay } from '../relays/test-network.ts'

const ECHO = '/test/echo/1.0.0'
const stack: Array<() => Promise<unknown>> = []
afterEach(async () => { for (const end of stack.splice(0).toReversed()) await end() })

interface Member {
  readonly libp2p: Libp2p
  readonly upgrader: PathUpgrader
  readonly changes: string[]
  path(to: Member): string
}

interface MemberOptions extends Partial<PathUpgraderOptions> {
  readonly ice?: RTCConfiguration
  readonly webrtc?: boolean
  readonly listen?: readonly string[]
}

async function member(relay: TestRelay, options: MemberOptions = {}): Promise<Member> {
  const { ice = {}, webrtc = true, listen = [], ...upgrade } = options
  const { libp2p, circuit: { reservations } } = await startPeer(defaults => ({
    ...defaults,
    addresses: { listen: ['/p2p-circuit', ...(webrtc ? ['/webrtc'] : []), ...listen] },
    transports: [...(defaults.transports ?? []), ...(webrtc ? [webRTC({ rtcConfiguration: () => ({ iceServers: [], ...ice }) })] : [])]
  }))
  const supervisor = createRelaySupervisor({ libp2p, relays: [relay.url], network: NETWORK, reservations })
  const changes: string[] = []
  const upgrader: PathUpgrader = createPathUpgrader({
    libp2p, isRelay: peer => supervisor.isRelay(peer), allowDirect: () => true, hasStun: () => false, wakeups: undefined,
    onChange: peer => {
      const connection = upgrader.pickConnection(peer)
      if (connection !== undefined) changes.push(Object.values(upgrader.describe(connection)).join(' '))
    },
    ...upgrade
  })
  await libp2p.handle(ECHO, stream => { stream.addEventListener('message', ({ data }) => { stream.send(data) }) }, { runOnLimitedConnection: true })
  upgrader.start()
  supervisor.start()
  stack.push(async () => { upgrader.stop(); await supervisor.stop(); await libp2p.stop() })
  await until(() => supervisor.status[0]?.state === 'reserved', 'reserved')
  const path = (to: Member): string => {
    const connection = upgrader.pickConnection(to.libp2p.peerId)
    return connection === undefined ? 'none' : Object.values(upgrader.describe(connection)).join(' ')
  }
  return { libp2p, upgrader, changes, path }
}

/** Dials through the relay, as someone does who knows no other way. */
async function meet(from: Member, to: Member, relay: TestRelay): Promise<Connection> {
  return from.libp2p.dial(multiaddr(`/ip4/127.0.0.1/tcp/${relay.wsPort}/ws/p2p/${relay.libp2p.peerId}/p2p-circuit/p2p/${to.libp2p.peerId}`))
}

async function relayed(): Promise<TestRelay> {
  const relay = await startRelay()
  stack.push(async () => relay[Symbol.asyncDispose]())
  return relay
}

const openTo = ({ libp2p }: Member, to: Member): Connection[] => libp2p.getConnections(to.libp2p.peerId).filter(({ status }) => status === 'open')
const circuits = (from: Member, to: Member): number => openTo(from, to).filter(({ direct }) => !direct).length
const signal = new AbortController().signal

describe('two who met through a relay', () => {
  test('[NA1] are direct within seconds by themselves, proven, with the circuit gone and one connection left', async () => {
    const relay = await relayed()
    const [a, b] = [await member(relay), await member(relay)]
    await meet(a, b, relay)
    expect(a.path(b)).toMatch(/^relayed upgrading/)
    await until(() => a.path(b) === 'lan same-network' && b.path(a) === 'lan same-network', 'direct on both sides')
    await until(() => circuits(a, b) === 0 && circuits(b, a) === 0, 'the circuit is gone', 10_000)
    await until(() => openTo(a, b).length === 1 && openTo(b, a).length === 1, 'one connection is left', 10_000)
    // of two peers the one with the smaller PeerId begins
    const begins = a.libp2p.peerId.toString() < b.libp2p.peerId.toString() ? [a, b] as const : [b, a] as const
    expect(openTo(begins[0], begins[1])[0]?.direction).toBe('outbound')
  })

  test('[NA2] stay connected when the relay is killed', async () => {
    const relay = await relayed()
    const [a, b] = [await member(relay), await member(relay)]
    await meet(a, b, relay)
    await until(() => a.path(b).startsWith('lan') && b.path(a).startsWith('lan'), 'direct')
    await relay[Symbol.asyncDispose]()
    await until(() => circuits(a, b) === 0, 'the circuit is gone')
    const connection = a.upgrader.pickConnection(b.libp2p.peerId)
    expect(connection !== undefined && await isAlive(connection, 2000, signal)).toBe(true)
  })

  test('[NA3] keep the circuit as long as somebody uses it', async () => {
    const relay = await relayed()
    const [a, b] = [await member(relay), await member(relay)]
    const circuit = await meet(a, b, relay)
    const stream = await circuit.newStream(ECHO, { runOnLimitedConnection: true })
    await until(() => a.path(b).startsWith('lan') && b.path(a).startsWith('lan'), 'direct')
    await new Promise(resolve => setTimeout(resolve, 3500))
    expect(circuit.status).toBe('open')
    const echoed = Promise.withResolvers<number>()
    stream.addEventListener('message', ({ data }) => { echoed.resolve(data.byteLength) })
    stream.send(Uint8Array.of(1, 2, 3))
    expect(await echoed.promise).toBe(3)
    await stream.close()
    stream.abort(new Error('over'))
    await until(() => circuit.status !== 'open', 'the circuit is gone', 10_000)
  })

  test('[NA4] fall back to the circuit when the direct path dies, and become direct again', { timeout: 60_000 }, async () => {
    const relay = await relayed()
    const [a, b] = [await member(relay), await member(relay)]
    const circuit = await meet(a, b, relay)
    await circuit.newStream(ECHO, { runOnLimitedConnection: true })
    await until(() => a.path(b).startsWith('lan') && b.path(a).startsWith('lan'), 'direct')
    a.upgrader.pickConnection(b.libp2p.peerId)?.abort(new Error('the network changed'))
    await until(() => a.path(b).startsWith('relayed') && b.path(a).startsWith('relayed'), 'relayed again', 10_000)
    await until(() => a.path(b).startsWith('lan') && b.path(a).startsWith('lan'), 'direct again', 20_000)
  })
})

describe('where it cannot be', () => {
  test.each([[false, 'relayed no-stun'], [true, 'relayed upgrade-failed']])('[NA5] no working pair, STUN service there: %s, is said as "%s", and the circuit goes on', { timeout: 60_000 }, async (hasStun, reason) => {
    const relay = await relayed()
    const ice = { iceTransportPolicy: 'relay' as const } // without a TURN server no pair can work
    const [a, b] = [await member(relay, { ice, hasStun: () => hasStun }), await member(relay, { ice, hasStun: () => hasStun })]
    const circuit = await meet(a, b, relay)
    await until(() => a.path(b) === reason && b.path(a) === reason, 'the reason', 50_000)
    expect(await isAlive(circuit, 2000, signal)).toBe(true)
  })

  test('[NA5] one without WebRTC and without an address of its own: no common transport', async () => {
    const relay = await relayed()
    const [a, b] = [await member(relay), await member(relay, { webrtc: false })]
    await meet(a, b, relay)
    await until(() => a.path(b) === 'relayed no-common-transport' && b.path(a) === 'relayed no-common-transport', 'the reason')
  })

  test('[NA6] a direct path over which nothing comes back is closed, and the circuit stays', { timeout: 60_000 }, async () => {
    const relay = await relayed()
    const [a, b] = [await member(relay), await member(relay)]
    let swallowed = 0
    const isDirect = (connection: Connection): boolean => connection.direct && connection.remotePeer.toString() !== relay.libp2p.peerId.toString()
    for (const { libp2p } of [a, b]) {
      libp2p.use('/ipfs/ping/1.0.0', streamGuard((stream, connection, next) => {
        if (isDirect(connection) && stream.direction === 'inbound') swallowed += 1
        else next(stream, connection)
      }))
    }
    const circuit = await meet(a, b, relay)
    await until(() => openTo(a, b).some(isDirect) && openTo(b, a).some(isDirect), 'open')
    expect(a.path(b)).toMatch(/^relayed/)
    const unproven = openTo(a, b).find(isDirect)
    await until(() => unproven?.status !== 'open', 'closed', 30_000)
    expect(swallowed).toBeGreaterThan(0)
    expect(circuit.status).toBe('open')
  })
})

describe('by choice', () => {
  test('[NA7] with whom no direct path is wanted is neither dialled nor answered, until that changes', { timeout: 60_000 }, async () => {
    const relay = await relayed()
    const wanted = new Set<string>()
    const a = await member(relay, { allowDirect: (peer: PeerId) => wanted.has(peer.toString()) })
    const b = await member(relay)
    const circuit = await meet(b, a, relay)
    await until(() => a.path(b) === 'relayed relayed-by-choice', 'said so')
    const asked = await circuit.newStream(WEBRTC_SIGNALLING_PROTOCOL, { runOnLimitedConnection: true }).then(async stream => {
      await until(() => stream.status !== 'open', 'refused')
      return 'refused'
    }, () => 'refused')
    expect(asked).toBe('refused')
    await new Promise(resolve => setTimeout(resolve, UPGRADE_FALLBACK_MS + 1000))
    expect(openTo(a, b).every(({ direct }) => !direct)).toBe(true)
    wanted.add(b.libp2p.peerId.toString())
    a.upgrader.retry(b.libp2p.peerId)
    b.upgrader.retry(a.libp2p.peerId)
    await until(() => a.path(b).startsWith('lan') && b.path(a).startsWith('lan'), 'direct', 20_000)
  })

  test('[NA8] one peer gets only so many attempts a minute', async () => {
    const relay = await relayed()
    const a = await member(relay)
    const b = await startPeer()
    stack.push(async () => b[Symbol.asyncDispose]())
    const circuit = await b.libp2p.dial(multiaddr(`/ip4/127.0.0.1/tcp/${relay.wsPort}/ws/p2p/${relay.libp2p.peerId}/p2p-circuit/p2p/${a.libp2p.peerId}`))
    const outcomes: string[] = []
    for (let i = 0; i < MAX_INBOUND_UPGRADES_PER_MINUTE + 5; i++) {
      const stream = await circuit.newStream(WEBRTC_SIGNALLING_PROTOCOL, { runOnLimitedConnection: true })
      await new Promise(resolve => setTimeout(resolve, 50))
      outcomes.push(stream.status === 'open' ? 'answered' : 'refused')
      stream.abort(new Error('over'))
    }
    expect(outcomes.filter(outcome => outcome === 'answered')).toHaveLength(MAX_INBOUND_UPGRADES_PER_MINUTE)
    expect(outcomes.slice(-5)).toEqual(Array.from({ length: 5 }, () => 'refused'))
  })
})

test('[NA9] a peer that listens on an address of its own is dialled there, and only who dialled it inside a network says so', async () => {
  const relay = await relayed()
  const a = await member(relay, { webrtc: false })
  const b = await member(relay, { webrtc: false, listen: ['/ip4/127.0.0.1/tcp/0'] })
  await meet(a, b, relay)
  await until(() => a.path(b) === 'lan same-network' && b.path(a) === 'direct dialled', 'direct', 10_000)
  await until(() => circuits(a, b) === 0, 'the circuit is gone', 10_000)
})
