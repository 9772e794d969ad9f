import { createServer, request as httpRequest } from 'node:http'
import { connect as tcpConnect, createServer as createTcpServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { afterEach, describe, expect, test } from 'vitest'
import { createMemoryPins } from '../../src/relays/pins.ts'
import { createRelaySupervisor } from '../../src/relays/supervisor.ts'
import type { RelaySupervisor, RelaySupervisorOptions } from '../../src/relays/supervisor.ts'
import { createWakeups } from '../../src/relays/wakeups.ts'
import type { WakeReason, Wakeups } from '../../src/relays/wakeups.ts'
import { NETWORK, listen, startPeer, startRelay, until } from './test-network.ts'
import type { TestPeer, TestRelay, TestRelayOptions } from './test-network.ts'

const stack: Array<() => Promise<unknown>> = []
afterEach(async () => { for (const end of stack.splice(0).toReversed()) await end() })

async function relay(options: TestRelayOptions = {}): Promise<TestRelay & { kill(): Promise<void> }> {
  const started = await startRelay(options)
  let alive = true
  const kill = async (): Promise<void> => {
    if (alive) await started[Symbol.asyncDispose]()
    alive = false
  }
  stack.push(kill)
  return { ...started, kill }
}

async function supervised(relays: readonly string[], options: Partial<RelaySupervisorOptions> = {}): Promise<{ peer: TestPeer; supervisor: RelaySupervisor }> {
  const peer = await startPeer()
  const supervisor = createRelaySupervisor({ libp2p: peer.libp2p, relays, network: NETWORK, reservations: peer.circuit.reservations, ...options })
  stack.push(async () => { await supervisor.stop(); await peer[Symbol.asyncDispose]() })
  supervisor.start()
  return { peer, supervisor }
}

const isReserved = (supervisor: RelaySupervisor): boolean => supervisor.status.length > 0 && supervisor.status.every(({ state }) => state === 'reserved')
const circuitsOf = ({ libp2p }: TestPeer): string[] => libp2p.getMultiaddrs().map(String).filter(address => address.includes('/p2p-circuit'))
const wait = async (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** Someone else reaches the peer through the relay: the proof that the reservation is real. */
async function expectReachable(peer: TestPeer): Promise<void> {
  const other = await startPeer()
  stack.push(async () => other[Symbol.asyncDispose]())
  const connection = await other.libp2p.dial(peer.libp2p.getMultiaddrs().filter(address => address.toString().includes('/p2p-circuit')), { signal: AbortSignal.timeout(5000) })
  expect(connection.remotePeer.toString()).toBe(peer.libp2p.peerId.toString())
}

describe('joining', () => {
  test('[RS6] a relay given as its page\'s URL is found, dialled and reserved, and others reach this peer', async () => {
    const { url, libp2p } = await relay()
    const { peer, supervisor } = await supervised([url])
    await until(() => isReserved(supervisor), 'reserved')
    expect(supervisor.status[0]).toMatchObject({ source: url, peerId: libp2p.peerId.toString(), error: undefined })
    expect(supervisor.infos[0]?.network).toBe(NETWORK)
    await until(() => supervisor.status[0]?.rttMs !== undefined, 'its round trip is measured')
    expect(supervisor.reserved.map(String)).toEqual([libp2p.peerId.toString()])
    await expectReachable(peer)
  })

  test('[RS6] a relay given as a multiaddr needs no page', async () => {
    const { libp2p } = await relay()
    const { supervisor } = await supervised([libp2p.getMultiaddrs().map(String)[0] ?? ''])
    await until(() => isReserved(supervisor), 'reserved')
  })

  test('[RS7] a full relay is named as such, the connection stays, and the next free slot is taken', async () => {
    const { url, libp2p } = await relay({ maxReservations: 1 })
    const first = await supervised([url])
    await until(() => isReserved(first.supervisor), 'reserved')
    const second = await supervised([url])
    await until(() => second.supervisor.status[0]?.error?.code === 'RELAY_FULL', 'refused')
    expect(second.supervisor.status[0]?.state).toBe('connected')
    const slots: unknown = Reflect.get(libp2p.services, 'relay')
    const reservations: unknown = typeof slots === 'object' && slots !== null ? Reflect.get(slots, 'reservations') : undefined
    if (!(reservations instanceof Object) || !('clear' in reservations) || typeof reservations.clear !== 'function') throw new TypeError('the relay shows no reservations')
    reservations.clear()
    await until(() => isReserved(second.supervisor), 'the free slot')
  })

  test('[RS3] another key stops and asks; the key that was shown, once accepted, is used', async () => {
    const before = await generateKeyPair('Ed25519')
    const { url, libp2p } = await relay()
    const pins = createMemoryPins()
    await pins.set(url, { peerId: peerIdFromPrivateKey(before).toString(), seq: 1 })
    const { supervisor, peer } = await supervised([url], { pins })
    await until(() => supervisor.status[0]?.state === 'stopped', 'stopped')
    expect(supervisor.status[0]?.error?.code).toBe('RELAY_KEY_CHANGED')
    supervisor.wake()
    await wait(300)
    expect(peer.libp2p.getConnections()).toHaveLength(0)
    await supervisor.acceptNewKey(url)
    await until(() => isReserved(supervisor), 'reserved')
    expect(await pins.get(url)).toMatchObject({ peerId: libp2p.peerId.toString() })
  })

  test('[RS8] relays that an info document names are held, too, up to a bound', async () => {
    const others = await Promise.all([relay(), relay(), relay()])
    const { url } = await relay({ info: { relays: others.map(other => other.url) } })
    const { supervisor } = await supervised([url])
    await until(() => supervisor.status.length === 3 && isReserved(supervisor), 'three relays')
    await wait(200)
    expect(supervisor.status).toHaveLength(3)
  })

  test('[RS16] a relay\'s word reaches no page that this peer may not ask, and none by a redirect', async () => {
    const asked: string[] = []
    const inside = createServer((request, response) => {
      asked.push(request.url ?? '')
      response.writeHead(404).end()
    })
    const port = await listen(inside, 0)
    const leads = createServer((request, response) => {
      asked.push(`redirect ${request.url ?? ''}`)
      response.writeHead(302, { location: `http://127.0.0.1:${port}/by-redirect` }).end()
    })
    const leadsPort = await listen(leads, 0)
    stack.push(async () => { for (const server of [inside, leads]) await new Promise(resolve => server.close(resolve)) })
    const { url } = await relay({ info: { relays: [`http://localhost:${port}/`, `http://127.0.0.1:${leadsPort}/`] } })
    const { supervisor } = await supervised([url], { mayAsk: source => !source.includes('localhost') })
    await until(() => supervisor.status.some(({ source, error }) => source.includes(String(leadsPort)) && error?.code === 'RELAY_UNREACHABLE'), 'the second one is asked')
    expect(supervisor.status.map(({ source }) => source)).not.toContain(`http://localhost:${port}/`)
    expect(asked.every(request => request.startsWith('redirect /.well-known/'))).toBe(true)
  })

  test('[RS17] a person whom a relay names as another relay is found out, and stays a person', async () => {
    const person = await relay({ configure: ({ services = {}, ...options }) => ({ ...options, services: Object.fromEntries(Object.entries(services).filter(([name]) => name !== 'relay')) }) })
    const address = `/ip4/127.0.0.1/tcp/${person.tcpPort}/p2p/${person.libp2p.peerId.toString()}`
    const { url, libp2p } = await relay({ info: { relays: [address] } })
    const { supervisor, peer } = await supervised([url])
    await until(() => peer.libp2p.getPeers().length === 2, 'both are connected')
    await until(() => isReserved(supervisor), 'the person is let go as a relay')
    expect(supervisor.status.map(({ source }) => source)).toEqual([url])
    expect([person.libp2p.peerId, libp2p.peerId].map(id => supervisor.isRelay(id))).toEqual([false, true])
    expect(peer.libp2p.getPeers()).toHaveLength(2)
  })

  test('[RS8] one relay under two names is held once', async () => {
    const httpPort = await freePort()
    const info = { relays: [`http://localhost:${httpPort}/`] }
    const { url, libp2p } = await relay({ httpPort, info })
    const { supervisor } = await supervised([url])
    const seen = new Set<number>()
    supervisor.events.on('status', status => { seen.add(status.length) })
    await until(() => seen.has(2), 'the other name is looked at')
    await until(() => supervisor.status.length === 1 && isReserved(supervisor), 'held once')
    expect(supervisor.status[0]).toMatchObject({ source: url, peerId: libp2p.peerId.toString() })
  })

  test('[RS2] a relay of another network is not joined', async () => {
    const { url } = await relay({ info: { network: 'elsewhere' } })
    const { supervisor, peer } = await supervised([url])
    await until(() => supervisor.status[0]?.error?.code === 'RELAY_WRONG_NETWORK', 'refused')
    expect(peer.libp2p.getConnections()).toHaveLength(0)
  })
})

describe('recovery', () => {
  /** How long a relay is away, and what is different when it is back. */
  /** The issue says 60 s; the delays have long reached their cap after 20. */
  const longOutageMs = process.env['GF_TEST_FULL'] === '1' ? 60_000 : 20_000
  const samePorts = ({ httpPort, tcpPort, wsPort }: TestRelay): TestRelayOptions => ({ httpPort, tcpPort, wsPort })
  const outages: ReadonlyArray<readonly [name: string, awayMs: number, change: (before: TestRelay) => TestRelayOptions, hidden: boolean]> = [
    ['after 4 s', 4_000, samePorts, false],
    [`after ${longOutageMs / 1000} s`, longOutageMs, samePorts, false],
    ['after 12 s, in a hidden tab,', 12_000, samePorts, true],
    ['after 4 s with other TCP and WebSocket ports', 4_000, ({ httpPort }) => ({ httpPort }), false]
  ]
  test.each(outages)('[RS9] a relay that is back %s has this peer back within 10 s, reservation and addresses included', { timeout: 120_000 }, async (_, awayMs, change, hidden) => {
    const before = await relay()
    const { peer, supervisor } = await supervised([before.url], { wakeups: manualWakeups(hidden), random: () => 0.999 })
    await until(() => isReserved(supervisor), 'reserved')
    await before.kill()
    await until(() => !isReserved(supervisor) && circuitsOf(peer).length === 0, 'the loss is seen')
    await wait(awayMs)
    const after = await relay({ privateKey: before.privateKey, ...change(before) })
    expect(await until(() => isReserved(supervisor), 'reserved again', 10_000)).toBeLessThan(10_000)
    expect(circuitsOf(peer).some(address => address.includes(`/tcp/${after.wsPort}/`) || address.includes(`/tcp/${after.tcpPort}/`))).toBe(true)
    await expectReachable(peer)
  })

  test('[RS9] another HTTP port behind the same public URL is found by asking the page again', async () => {
    let port = 0
    const proxy = createServer((request, response) => {
      const upstream = httpRequest({ host: '127.0.0.1', port, path: request.url }, answer => { response.writeHead(answer.statusCode ?? 500); answer.pipe(response) })
      upstream.on('error', () => response.writeHead(502).end('<html>bad gateway</html>'))
      upstream.end()
    })
    const publicPort = await listen(proxy, 0)
    stack.push(async () => { proxy.closeAllConnections(); return new Promise(resolve => proxy.close(resolve)) })
    const before = await relay()
    port = before.httpPort
    const { peer, supervisor } = await supervised([`http://127.0.0.1:${publicPort}/`])
    await until(() => isReserved(supervisor), 'reserved')
    await before.kill()
    await wait(3000)
    const after = await relay({ privateKey: before.privateKey })
    port = after.httpPort
    await until(() => isReserved(supervisor), 'reserved again', 10_000)
    await expectReachable(peer)
  })

  test('[RS10] a connection that died in silence is found out at a wake-up, and made anew', async () => {
    const { libp2p, tcpPort } = await relay()
    const pipe = await startPipe(tcpPort)
    const wakeups = manualWakeups()
    const { peer, supervisor } = await supervised([`/ip4/127.0.0.1/tcp/${pipe.port}/p2p/${libp2p.peerId.toString()}`], { wakeups })
    await until(() => isReserved(supervisor), 'reserved')
    const dead = peer.libp2p.getConnections()[0]
    pipe.freeze()
    await wait(200)
    expect(dead?.status).toBe('open')
    wakeups.wake('online')
    await until(() => dead?.status !== 'open', 'found out', 10_000)
    await until(() => isReserved(supervisor) && peer.libp2p.getConnections().length > 0, 'reserved again', 10_000)
  })

  test('[RS10] a wake-up ends the delay at once', async () => {
    const before = await relay()
    const wakeups = manualWakeups()
    const { supervisor } = await supervised([before.url], { wakeups, random: () => 0.999 })
    await until(() => isReserved(supervisor), 'reserved')
    await before.kill()
    await until(() => (supervisor.status[0]?.retryInMs ?? 0) > 3000, 'a long delay', 20_000)
    await relay({ privateKey: before.privateKey, httpPort: before.httpPort })
    wakeups.wake('visible')
    expect(await until(() => isReserved(supervisor), 'reserved again', 3000)).toBeLessThan(2000)
  })

  test('[RS10] an attempt that hangs in a network that is gone begins anew when there is one again', async () => {
    const { url } = await relay()
    const wakeups = manualWakeups()
    let calls = 0
    const { supervisor } = await supervised([url], {
      wakeups,
      fetch: async (target, init) => {
        calls += 1
        if (calls > 1) return globalThis.fetch(target, init)
        return new Promise((_, reject) => { init?.signal?.addEventListener('abort', () => { reject(new Error('hung')) }) })
      }
    })
    await until(() => calls === 1, 'the attempt hangs')
    wakeups.wake('online')
    expect(await until(() => isReserved(supervisor), 'reserved', 5000)).toBeLessThan(5000)
  })

  test('[RS11] a rejection that is no Error is a failure like any other', async () => {
    const { url } = await relay()
    let calls = 0
    const { supervisor } = await supervised([url], {
      fetch: async (...args) => {
        calls += 1
        // eslint-disable-next-line typescript/only-throw-error -- a browser's WebSocket rejects with an event
        if (calls < 3) throw new Event('error')
        return globalThis.fetch(...args)
      }
    })
    await until(() => isReserved(supervisor), 'reserved')
    expect(calls).toBeGreaterThanOrEqual(3)
  })

  test('[RS12] stopping ends everything at once, also in the middle of an attempt', async () => {
    const { supervisor } = await supervised(['http://127.0.0.1:9/'], { fetch: async (_, init) => new Promise((_resolve, reject) => { init?.signal?.addEventListener('abort', () => { reject(new Error('stopped')) }) }) })
    await wait(50)
    const startMs = performance.now()
    await supervisor.stop()
    expect(performance.now() - startMs).toBeLessThan(500)
    expect(supervisor.status[0]?.state).toBe('stopped')
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server, 0)
  await new Promise(resolve => server.close(resolve))
  return port
}

/** A TCP proxy whose open connections can be made to swallow everything, as a network that went away does. */
async function startPipe(port: number): Promise<{ readonly port: number; freeze(): void }> {
  const frozen = new WeakSet<object>()
  const open = new Set<{ destroy(): void }>()
  const server = createTcpServer(socket => {
    const upstream = tcpConnect(port, '127.0.0.1')
    const forward = (from: typeof socket, to: typeof socket): void => { from.on('data', data => { if (!frozen.has(socket)) to.write(data) }) }
    forward(socket, upstream)
    forward(upstream, socket)
    for (const one of [socket, upstream]) {
      open.add(one)
      one.on('error', () => {})
      one.on('close', () => { if (!frozen.has(socket)) { socket.destroy(); upstream.destroy() } })
    }
    sockets.push(socket)
  })
  const sockets: object[] = []
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  stack.push(async () => { for (const one of open) one.destroy(); return new Promise(resolve => server.close(resolve)) })
  return { port: (server.address() as AddressInfo).port, freeze() { for (const socket of sockets) frozen.add(socket) } }
}

function manualWakeups(hidden = false): Wakeups & { wake(reason: WakeReason): void } {
  const listeners = new Set<(reason: WakeReason) => void>()
  return {
    hidden,
    subscribe(listener) { listeners.add(listener); return () => { listeners.delete(listener) } },
    stop() { listeners.clear() },
    wake(reason) { for (const listener of listeners) listener(reason) }
  }
}

describe('wake-ups', () => {
  test('[RS13] window and document events, and a clock that jumped, are told', async () => {
    const window = new EventTarget()
    const document = Object.assign(new EventTarget(), { visibilityState: 'visible' })
    let offsetMs = 0
    const reasons: WakeReason[] = []
    const wakeups = createWakeups({ window, document, now: () => Date.now() + offsetMs })
    stack.push(async () => { wakeups.stop() })
    wakeups.subscribe(reason => { reasons.push(reason) })
    window.dispatchEvent(new Event('online'))
    window.dispatchEvent(new Event('pageshow'))
    document.dispatchEvent(new Event('resume'))
    document.visibilityState = 'hidden'
    document.dispatchEvent(new Event('visibilitychange'))
    expect(wakeups.hidden).toBe(true)
    document.visibilityState = 'visible'
    document.dispatchEvent(new Event('visibilitychange'))
    expect(reasons).toEqual(['online', 'pageshow', 'resume', 'visible'])
    offsetMs = 3_600_000
    await until(() => reasons.includes('clock-jump'), 'the jump is seen', 5000)
    wakeups.stop()
    window.dispatchEvent(new Event('online'))
    expect(reasons).toHaveLength(5)
  })
})
