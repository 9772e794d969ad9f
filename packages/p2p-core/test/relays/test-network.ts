import { createServer } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import type { Libp2pOptions } from 'libp2p'
import { createLibp2p } from 'libp2p'
import { CIRCUIT_LISTEN, createCircuitTransport } from '../../src/relays/circuit-transport.ts'
import type { CircuitTransport } from '../../src/relays/circuit-transport.ts'
import { RELAY_INFO_PATH } from '../../src/relays/fetch-info.ts'
import type { RelayInfoContent } from '../../src/relays/info.ts'
import { signRelayInfo } from '../../src/relays/info.ts'

export const NETWORK = 'test-network'

/** A real relay on loopback: libp2p over TCP and WebSocket, and a server for its info document. */
export interface TestRelay extends AsyncDisposable {
  readonly libp2p: Libp2p
  readonly privateKey: PrivateKey
  readonly url: string
  readonly httpPort: number
  readonly tcpPort: number
  readonly wsPort: number
}

export interface TestRelayOptions {
  readonly privateKey?: PrivateKey
  readonly httpPort?: number
  readonly tcpPort?: number
  readonly wsPort?: number
  readonly maxReservations?: number
  readonly info?: Partial<RelayInfoContent>
  readonly configure?: (options: Libp2pOptions) => Libp2pOptions
}

let seq = Date.now()

export async function startRelay(options: TestRelayOptions = {}): Promise<TestRelay> {
  const privateKey = options.privateKey ?? await generateKeyPair('Ed25519')
  const { configure = (same: Libp2pOptions): Libp2pOptions => same } = options
  const libp2p = await createLibp2p(configure({
    privateKey,
    addresses: { listen: [`/ip4/127.0.0.1/tcp/${options.tcpPort ?? 0}`, `/ip4/127.0.0.1/tcp/${options.wsPort ?? 0}/ws`] },
    transports: [tcp(), webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: 100 },
    services: { identify: identify(), ping: ping(), relay: circuitRelayServer({ reservations: { maxReservations: options.maxReservations ?? 100, defaultDataLimit: 1n << 26n } }) }
  }))
  const ports = libp2p.getMultiaddrs().map(address => ({ ws: address.toString().includes('/ws'), port: Number(/\/tcp\/(\d+)/.exec(address.toString())?.[1]) }))
  const server = createServer((request, response) => {
    const write = async (): Promise<void> => {
      if (!request.url?.endsWith(RELAY_INFO_PATH)) return void response.writeHead(404).end()
      const document = await signRelayInfo(privateKey, {
        multiaddrs: libp2p.getMultiaddrs().map(String), network: NETWORK, stun: [], relays: [], limits: { reservations: 100, circuitBytes: 1 << 26, circuitMs: 3_600_000 },
        access: 'open', bridge: false, version: '0.0.0', seq: seq++, expires: Math.floor(Date.now() / 1000) + 3600, ...options.info
      })
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
    }
    void write()
  })
  const httpPort = await listen(server, options.httpPort ?? 0)
  return {
    libp2p, privateKey, httpPort,
    url: `http://127.0.0.1:${httpPort}/`,
    tcpPort: ports.find(({ ws }) => !ws)?.port ?? 0,
    wsPort: ports.find(({ ws }) => ws)?.port ?? 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
      await libp2p.stop()
    }
  }
}

export async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return (server.address() as AddressInfo).port
}

/** A peer that listens on circuits only, as a browser does. */
export interface TestPeer extends AsyncDisposable {
  readonly libp2p: Libp2p
  readonly circuit: CircuitTransport
}

export async function startPeer(configure: (options: Libp2pOptions) => Libp2pOptions = same => same): Promise<TestPeer> {
  const circuit = createCircuitTransport()
  const libp2p = await createLibp2p(configure({
    addresses: { listen: [CIRCUIT_LISTEN] },
    transports: [tcp(), webSockets(), circuit.transport],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    services: { identify: identify(), ping: ping() }
  }))
  return { libp2p, circuit, [Symbol.asyncDispose]: async () => { await libp2p.stop() } }
}

/** Waits until the condition holds, and returns how long that took in ms. */
export async function until(condition: () => boolean, what: string, timeoutMs = 15_000): Promise<number> {
  const startMs = performance.now()
  while (!condition()) {
    if (performance.now() - startMs > timeoutMs) throw new Error(`after ${timeoutMs} ms still not: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  return performance.now() - startMs
}
