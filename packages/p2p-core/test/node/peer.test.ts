import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect as connectTcp, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Key } from 'interface-datastore'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPeer, openAccess, type Peer, type PeerInfo, type PeerOptions } from '../../src/index.ts'
import { openLevelStorage } from '../../src/persistence/level.node.ts'
import { startTestRelay, until } from '../../testing/index.ts'

const DAY_MS = 24 * 3_600_000

let dir: string
beforeEach(async () => { dir = await mkdtemp(join(tmpdir(), 'gf-peer-')) })
afterEach(async () => { await rm(dir, { recursive: true, force: true }) })

/** A peer without WebRTC: the native module is not needed here, and slow to load. */
function start(options: Partial<PeerOptions> = {}): Promise<Peer> {
  return createPeer({ access: openAccess(), webrtc: false, listen: [], ...options })
}

describe('a Node peer', () => {
  it('[PC5] joins through a relay given as a multiaddr, over TCP and over WebSockets, and is reachable there', async () => {
    await using relay = await startTestRelay()
    for (const address of [relay.tcp, relay.ws]) {
      await using peer = await start({ relays: [address] })
      await until(() => peer.status.state === 'online')
      expect(peer.multiaddrs.map(String)).toContainEqual(expect.stringContaining(`/p2p-circuit/p2p/${peer.id.toString()}`))
      expect(peer.status.relays).toMatchObject([{ source: address, state: 'reserved', peerId: relay.peer.id.toString() }])
    }
  })

  it('[PC5] the light form has no relay, and is online by listening', async () => {
    await using peer = await start({ listen: ['/ip4/127.0.0.1/tcp/0'] })
    expect(peer.status).toMatchObject({ state: 'online', relays: [], identity: { ephemeral: true, storage: 'memory' }, storage: { kind: 'memory' } })
  })

  it('[PC6] offers TLS 1.3 and Noise, and nothing that is not encrypted', async () => {
    await using peer = await start({ listen: ['/ip4/127.0.0.1/tcp/0'] })
    const port = Number(/\/tcp\/(\d+)/.exec(peer.multiaddrs.join())?.[1])
    expect(await offered(port, '/tls/1.0.0')).toBe('/tls/1.0.0')
    expect(await offered(port, '/noise')).toBe('/noise')
    for (const plain of ['/plaintext/2.0.0', '/plaintext/1.0.0', '/yamux/1.0.0', '/ipfs/id/1.0.0', '/gf/general/0.0.1']) expect(await offered(port, plain)).toBe('na')
    await using other = await start()
    await other.connect(peer.multiaddrs[0] ?? '')
    expect(other.libp2p.getConnections().map((connection) => connection.encryption)).toEqual(['/tls/1.0.0'])
  })

  it('[PC8] people come, are reached another way, and go; a relay is no person', async () => {
    await using relay = await startTestRelay()
    await using alice = await start({ relays: [relay.tcp] })
    await using bob = await start({ relays: [relay.ws], listen: ['/ip4/127.0.0.1/tcp/0'] })
    const told: [string, string][] = []
    const note = (event: string) => (info: PeerInfo) => { told.push([event, `${info.path} ${info.transport}`]) }
    alice.events.on('peer:connect', note('connect'))
    alice.events.on('peer:path', note('path'))
    alice.events.on('peer:disconnect', ({ id }) => { told.push(['disconnect', id.toString()]) })
    await until(() => alice.status.state === 'online' && bob.status.state === 'online')
    expect(alice.peers).toEqual([])

    const relayed = await alice.connect(`${relay.tcp}/p2p-circuit/p2p/${bob.id.toString()}`)
    expect(relayed).toMatchObject({ path: 'relayed', transport: 'circuit', kind: 'node', relay: relay.peer.id.toString() })
    const notRelayed: unknown = expect.stringMatching(/^(direct|lan)$/) // of one machine: both are true
    const own = bob.multiaddrs.map(String).find((address) => !address.includes('p2p-circuit')) ?? ''
    const direct = await alice.connect(own)
    expect(direct).toMatchObject({ path: notRelayed, transport: 'tcp', relay: undefined })
    await until(() => alice.peers[0]?.rttMs !== undefined)
    expect(alice.peers[0]).toMatchObject({ path: notRelayed, bytesIn: expect.any(Number) })
    expect(alice.peers[0]?.bytesIn).toBeGreaterThan(100)
    expect(alice.peers[0]?.bytesOut).toBeGreaterThan(100)

    await bob.stop()
    await until(() => told.some(([event]) => event === 'disconnect'))
    expect(told[0]).toEqual(['connect', 'relayed circuit'])
    expect(told).toContainEqual(['path', expect.stringMatching(/^(direct|lan) tcp$/)])
    expect(told.filter(([event]) => event === 'connect')).toHaveLength(1)
    expect(told.at(-1)).toEqual(['disconnect', bob.id.toString()])
  })

  it('[PC8] a PeerId alone is found over the relay', async () => {
    await using relay = await startTestRelay()
    await using alice = await start({ relays: [relay.tcp] })
    await using bob = await start({ relays: [relay.tcp] })
    await until(() => alice.status.state === 'online' && bob.status.state === 'online')
    expect(await alice.connect(bob.id.toString())).toMatchObject({ path: 'relayed' })
  })

  it('[PC8] a PeerId that nobody knows is a typed error', async () => {
    await using peer = await start()
    await expect(peer.connect('12D3KooWKG8HRc3tud3MzFQFmLFjNu71veQJKN6WBXE7KM3XLpQP')).rejects.toMatchObject({ code: 'PEER_NOT_FOUND' })
    await expect(peer.connect('/ip4/127.0.0.1/tcp/1/p2p/12D3KooWKG8HRc3tud3MzFQFmLFjNu71veQJKN6WBXE7KM3XLpQP')).rejects.toMatchObject({ code: 'DIAL_FAILED' })
    await expect(peer.connect(peer.id)).rejects.toMatchObject({ code: 'ADDRESS_INVALID' })
  })

  it('[PC9] a port in use is LISTEN_FAILED where it was asked for, and leaves nothing open', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const listen = [`/ip4/127.0.0.1/tcp/${port}`, '/ip4/127.0.0.1/tcp/0/ws']
    await expect(start({ listen, dataDir: join(dir, 'data') })).rejects.toMatchObject({ code: 'LISTEN_FAILED', message: expect.stringContaining(String(port)) })
    server.close()
    await using again = await start({ listen, dataDir: join(dir, 'data') })
    expect(again.status.storage.kind).toBe('level')
  })

  it('[PC10] stopping ends everything, twice is once, and another peer can have the data directory', async () => {
    const dataDir = join(dir, 'data')
    const first = await start({ dataDir, listen: ['/ip4/127.0.0.1/tcp/0'] })
    await expect(start({ dataDir })).rejects.toMatchObject({ code: 'STORAGE_LOCKED' })
    await Promise.all([first.stop(), first.stop()])
    await first.stop()
    expect(first.libp2p.status).toBe('stopped')
    await using second = await start({ dataDir })
    expect(second.id.toString()).toBe(first.id.toString())
  })

  it('[PC11] fifteen peers behind one address are let in at once', async () => {
    await using peer = await start({ listen: ['/ip4/127.0.0.1/tcp/0'] })
    const address = peer.multiaddrs[0] ?? ''
    const others = await Promise.all(Array.from({ length: 15 }, () => start()))
    const results = await Promise.allSettled(others.map((other) => other.connect(address)))
    expect(results.filter((result) => result.status === 'rejected')).toEqual([])
    await Promise.all(others.map((other) => other.stop()))
  })

  it('[PB9] restarted a day later without relay or bootstrap, it comes back to its relay and its friend from the book alone', async () => {
    await using relay = await startTestRelay()
    await using friend = await start({ relays: [relay.ws] })
    const dataDir = join(dir, 'data')
    const before = await start({ dataDir, relays: [relay.tcp] })
    await until(() => before.status.state === 'online' && friend.status.state === 'online')
    await before.connect(friend.id)
    await before.stop()
    await forgetLibp2pPeers(join(dataDir, 'store'))

    await using after = await start({ dataDir, now: () => Date.now() + DAY_MS })
    await until(() => after.status.state === 'online')
    await until(() => after.peers.some((info) => info.id.equals(friend.id)))
    expect(after.status.relays.map((status) => status.peerId)).toEqual([relay.peer.id.toString()])
  })
})

/** Takes out what libp2p itself would have let expire in that day. */
async function forgetLibp2pPeers(path: string): Promise<void> {
  const storage = await openLevelStorage(path)
  for await (const { key } of storage.datastore.query({ prefix: '/peers' })) await storage.datastore.delete(new Key(key.toString()))
  await storage.close()
}

/** What a peer answers when a protocol is proposed before anything is encrypted. Source: multiformats/multistream-select. */
async function offered(port: number, protocol: string): Promise<string> {
  const socket = connectTcp(port, '127.0.0.1')
  const frame = (text: string): Buffer => Buffer.concat([Buffer.from([text.length + 1]), Buffer.from(`${text}\n`)])
  socket.write(Buffer.concat([frame('/multistream/1.0.0'), frame(protocol)]))
  let answer = ''
  for await (const chunk of socket) {
    answer += String(chunk)
    const lines = answer.split('\n')
    if (lines.length >= 3) break
  }
  socket.destroy()
  return answer.split('\n')[1]?.slice(1) ?? ''
}
