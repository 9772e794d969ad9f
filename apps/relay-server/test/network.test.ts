import type { ConnectionManager } from '@libp2p/interface-internal'
import { request as httpRequest } from 'node:http'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocket } from 'ws'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, test } from 'vitest'
import { createPeer, openAccess } from '@gloflow/p2p-core'
import { withFreshDials } from '../src/nat-services.ts'
import { addressOf, dialThrough, startClient, startReservedClient, until } from './support/client.ts'
import { startRelayProcess } from './support/relay-process.ts'
import type { RelayProcess } from './support/relay-process.ts'

/** A proxy that says whom it speaks for, as nginx and Caddy do. */
async function startForwardingProxy(target: number, client: string): Promise<{ readonly port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>()
  const server = createServer((from) => {
    const to = connect(target, '127.0.0.1')
    for (const socket of [from, to]) sockets.add(socket.on('error', () => socket.destroy()))
    from.once('data', (first) => {
      to.write(first.toString('latin1').replace('\r\n', `\r\nx-forwarded-for: ${client}\r\n`), 'latin1')
      from.pipe(to).pipe(from)
    })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => { server.once('listening', resolve) })
  const { port } = server.address() as AddressInfo
  return { port, [Symbol.asyncDispose]: async () => { for (const socket of sockets) socket.destroy(); server.close() } }
}

interface FullStatus { readonly connections: readonly { readonly peer: string; readonly address: string }[] }

async function connectionsOf(relay: RelayProcess): Promise<FullStatus['connections']> {
  return (await (await fetch(`${relay.ready.adminUrl}/status.json`)).json() as FullStatus).connections
}

describe('relays of one network', () => {
  test('[RL70] a relay keeps a connection to its neighbours, comes back to one that was restarted, and names them in its info document', async () => {
    const first = await startRelayProcess()
    const address = addressOf(first.ready.multiaddrs, 'tcp')
    await using second = await startRelayProcess(['--relay', address])
    const connected = async (): Promise<boolean> => (await connectionsOf(second)).some(({ peer }) => peer === first.ready.peerId)
    await until(connected, 'the neighbour')
    const info = await (await fetch(`${second.ready.url}/.well-known/gloflow-relay.json`)).json() as { relays: string[] }
    expect(info.relays).toEqual([address])
    await first.end('SIGKILL')
    await until(async () => !await connected(), 'the loss to be seen')
    const port = multiaddr(address).getComponents().find(({ name }) => name === 'tcp')?.value ?? ''
    await using again = await startRelayProcess(['--tcp-port', port], { dataDir: first.dataDir })
    expect(again.ready.peerId).toBe(first.ready.peerId)
    await until(connected, 'the neighbour again')
  })

  test('[RL71] two peers of this project meet through the rendezvous of the relay by its URL alone', async () => {
    await using relay = await startRelayProcess()
    const make = async (): ReturnType<typeof createPeer> => await createPeer({ access: openAccess(), relays: [relay.ready.url], listen: [], webrtc: false })
    await using a = await make()
    await using b = await make()
    await until(() => a.peers.some(({ id }) => id.equals(b.id)) && b.peers.some(({ id }) => id.equals(a.id)), 'each other', 20_000)
    expect(a.status.state).toBe('online')
  })
})

test('[RL72] the relay serves what a network needs of it', async () => {
  await using relay = await startRelayProcess()
  await using client = await startClient()
  const connection = await client.dial(multiaddr(addressOf(relay.ready.multiaddrs, 'tcp')))
  const protocols = async (): Promise<readonly string[]> => (await client.peerStore.get(connection.remotePeer)).protocols
  const wanted = [
    '/ipfs/id/1.0.0', '/ipfs/id/push/1.0.0', '/ipfs/ping/1.0.0', '/libp2p/circuit/relay/0.2.0/hop', '/libp2p/autonat/1.0.0', '/libp2p/autonat/2/dial-request',
    '/libp2p/dcutr', '/rendezvous/1.0.0', '/ipfs/kad/1.0.0', '/gf/general/0.0.1'
  ]
  await until(async () => (await protocols()).length >= wanted.length, 'identify')
  expect(await protocols()).toEqual(expect.arrayContaining(wanted))
  expect(connection.encryption).toMatch(/^\/(tls\/1\.0\.0|noise)$/)
})

describe('one key in two places', () => {
  test('[RL28] the newest connection of a peer is the one that is reached, and the older one is closed', async () => {
    const { generateKeyPair } = await import('@libp2p/crypto/keys')
    const key = await generateKeyPair('Ed25519')
    await using relay = await startRelayProcess()
    const address = addressOf(relay.ready.multiaddrs, 'ws')
    const reached: string[] = []
    const serve = async (name: string): ReturnType<typeof startReservedClient> => {
      const client = await startReservedClient(address, key)
      await client.handle('/test/name/1.0.0', (stream) => { reached.push(name); void stream.close() }, { runOnLimitedConnection: true })
      return client
    }
    await using older = await serve('older')
    await using newer = await serve('newer')
    expect(newer.peerId.equals(older.peerId)).toBe(true)
    await using caller = await startClient()
    for (let round = 0; round < 3; round++) {
      const connection = await caller.dial(multiaddr(`${address}/p2p-circuit/p2p/${older.peerId.toString()}`))
      await connection.newStream('/test/name/1.0.0', { runOnLimitedConnection: true })
      await connection.close()
    }
    await until(() => reached.length === 3, 'the calls')
    expect(reached).toEqual(['newer', 'newer', 'newer'])
    await until(async () => (await connectionsOf(relay)).filter(({ peer }) => peer === older.peerId.toString()).length === 1, 'the older connection to be closed')
  })
})

describe('another connection of a peer', () => {
  test('[RL73] circuits come by the connection that reserved, whatever came after it', async () => {
    await using relay = await startRelayProcess()
    const address = addressOf(relay.ready.multiaddrs, 'ws')
    await using client = await startReservedClient(address)
    const reserved = client.getConnections().find(({ status }) => status === 'open')
    // as AutoNAT does, which closes its connections after a moment
    const passing = await client.dial(multiaddr(address), { force: true })
    expect(passing.id).not.toBe(reserved?.id)
    await using caller = await startClient()
    const circuit = await dialThrough(caller, address, client)
    await until(() => client.getConnections(caller.peerId).length === 1, 'the circuit')
    await passing.close()
    await until(async () => (await connectionsOf(relay)).filter(({ peer }) => peer === client.peerId.toString()).length === 1, 'the passing connection to be gone')
    expect(circuit.status).toBe('open')
    await circuit.newStream('/ipfs/ping/1.0.0', { runOnLimitedConnection: true, signal: AbortSignal.timeout(5_000) })
  })
})

describe('addresses of WebSocket clients', () => {
  test('[RL14] behind a trusted proxy, libp2p sees the client\'s address', async () => {
    await using relay = await startRelayProcess(['--trusted-proxy', '127.0.0.0/8'])
    const pageAddress = addressOf(relay.ready.multiaddrs, 'ws')
    await using proxy = await startForwardingProxy(Number(new URL(relay.ready.url).port), '203.0.113.9')
    await using client = await startReservedClient(pageAddress.replace(/tcp\/\d+/, `tcp/${proxy.port}`))
    const seen = (await connectionsOf(relay)).find(({ peer }) => peer === client.peerId.toString())
    expect(seen?.address).toMatch(/^\/ip4\/203\.0\.113\.9\//)
  })

  test('[RL29] a WebSocket that sends what is no libp2p is cut, in bounded time, and the next client is served', async () => {
    await using relay = await startRelayProcess()
    const url = relay.ready.url.replace('http', 'ws')
    const cut = async (send: (socket: WebSocket) => void): Promise<void> => {
      const socket = new WebSocket(url)
      socket.on('error', () => { /* cut is an answer */ })
      await new Promise((resolve, reject) => { socket.once('open', resolve).once('error', reject) })
      const closed = new Promise((resolve) => { socket.once('close', resolve) })
      send(socket)
      await closed
    }
    await cut((socket) => socket.send('text'))
    await cut((socket) => socket.send(new Uint8Array(5 * 1024 * 1024)))
    await cut((socket) => { for (let count = 0; count < 20; count++) socket.send(new Uint8Array(1024).fill(0xff)) })
    await using client = await startReservedClient(addressOf(relay.ready.multiaddrs, 'ws'))
    expect(client.getMultiaddrs().length).toBeGreaterThan(0)
  })

  test('[RL29] a WebSocket that says nothing is cut after libp2p\'s time for it', async () => {
    await using relay = await startRelayProcess()
    const { port } = new URL(relay.ready.url)
    const answer = await new Promise<string>((resolve) => {
      httpRequest({ port, host: '127.0.0.1', path: '/', headers: { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==', 'sec-websocket-version': '13' } })
        .on('upgrade', (_response, socket) => { socket.resume().on('close', () => resolve('cut')) }).on('error', () => resolve('error')).end()
    })
    expect(answer).toBe('cut')
  })
})

test('[RL36] AutoNAT\'s dials back are new connections', async () => {
  const seen: unknown[] = []
  const manager = { openConnection: async (_target: unknown, options: unknown) => { seen.push(options) }, getConnections: () => ['kept'] }
  const fresh = withFreshDials(manager as unknown as ConnectionManager)
  await fresh.openConnection(multiaddr('/ip4/192.0.2.1/tcp/1'), { priority: 1 })
  expect(seen).toEqual([{ priority: 1, force: true }])
  expect(fresh.getConnections()).toEqual(['kept'])
})
