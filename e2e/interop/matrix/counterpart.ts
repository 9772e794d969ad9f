// Go peers and the stock js-libp2p node behind one face, so that a probe is written once.
import type { Libp2p, Stream } from '@libp2p/interface'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { type KadDHT, kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { peerIdFromString } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { sha256 } from 'multiformats/hashes/sha2'
import { GoPeer } from '../go-peer.ts'
import { SECURITY_ID, type Security, echoMatches, incoming, serveEcho, until } from '../stock-node.ts'
import { type Theirs, UnsupportedError } from './cell.ts'

const GENERAL = '/gf/general/0.0.1'

/** What a counterpart listens on. */
export type Transport = 'tcp' | 'ws' | 'webrtc-direct'

/** How a counterpart is started. */
export interface CounterpartOptions {
  readonly security: readonly Security[]
  readonly listen: readonly Transport[]
  /** A relay to reserve at. */
  readonly relay?: string
  /** Peers to start the DHT from; absent = no DHT. */
  readonly dht?: readonly string[]
}

/** A peer of theirs. */
export interface Counterpart extends AsyncDisposable {
  readonly peerId: string
  address(transport: Transport): string
  /** The address through the relay that it reserved at. */
  circuit(): Promise<string>
  /** Dials; gives the protocol ID of the secure channel, '' where the library does not say (Go on circuits). */
  dial(addr: string): Promise<{ security: string }>
  /** Sends bytes to the other side's echo and compares what comes back. */
  echo(peer: string, bytes: number): Promise<void>
  say(peer: string, text: string): Promise<void>
  /** True where a text came on the general channel from that peer. */
  heard(from: string, text: string): boolean
  advertise(network: string): Promise<void>
  find(network: string): Promise<ReadonlySet<string>>
}

/** Starts one. Throws UnsupportedError where this machine cannot build it. */
export function startCounterpart(theirs: Theirs, options: CounterpartOptions): Promise<Counterpart> {
  return theirs === 'stock' ? startStock(options) : startGo(theirs, options)
}

const LISTEN = { tcp: '/ip4/127.0.0.1/tcp/0', ws: '/ip4/127.0.0.1/tcp/0/ws', 'webrtc-direct': '/ip4/127.0.0.1/udp/0/webrtc-direct' } as const

/** Forms of the addresses, which end in /p2p/ID. */
const ADDRESS = { tcp: /^\/ip4\/[^/]+\/tcp\/\d+\/p2p\/[^/]+$/, ws: /\/ws\/p2p\/[^/]+$/, 'webrtc-direct': /\/webrtc-direct\// } as const

async function startGo(theirs: 'legacy' | 'current', options: CounterpartOptions): Promise<Counterpart> {
  const flags = options.listen.flatMap((transport) => ['-listen', LISTEN[transport]])
  flags.push('-security', options.security.join(','))
  if (options.dht !== undefined) flags.push('-dht', 'server', ...options.dht.flatMap((addr) => ['-bootstrap', addr]))
  const go = await GoPeer.start(theirs, flags).catch((error: unknown) => {
    throw error instanceof Error && error.message.startsWith('UNSUPPORTED: ') ? new UnsupportedError(error.message.slice('UNSUPPORTED: '.length)) : error
  })
  const circuit = options.relay === undefined ? '' : (await go.reserve(options.relay)).circuit
  return {
    peerId: go.peerId,
    address: (transport) => go.address(transport),
    circuit: () => Promise.resolve(circuit),
    dial: (addr) => go.dial(addr),
    async echo(peer, bytes) {
      await go.echo(peer, bytes)
    },
    async say(peer, text) {
      await go.identify(peer)
      await go.request('say', { peer, body: { text } })
    },
    heard: (from, text) => go.events('message').some((event) => event['from'] === from && JSON.stringify(event['body']).includes(JSON.stringify(text))),
    async advertise(network) {
      await go.request('advertise', { key: network })
    },
    find: async (network) => new Set((await go.find(network)).keys()),
    async [Symbol.asyncDispose]() {
      await go.stop()
    }
  }
}

/** GloFlow's rendezvous string as a key of the DHT: CID v1, raw, sha2-256. */
async function rendezvousCid(network: string): Promise<CID> {
  return CID.createV1(raw.code, await sha256.digest(new TextEncoder().encode(network)))
}

async function startStock(options: CounterpartOptions): Promise<Counterpart> {
  const withDht = options.dht !== undefined
  const node: Libp2p<{ dht?: KadDHT }> = await createLibp2p({
    addresses: { listen: [...options.listen.map((transport) => LISTEN[transport]), ...(options.relay === undefined ? [] : [`${options.relay}/p2p-circuit`])] },
    transports: [tcp(), webSockets(), webRTCDirect(), circuitRelayTransport()],
    connectionEncrypters: options.security.map((name) => (name === 'tls' ? tls() : noise())),
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      ping: ping(),
      ...(withDht ? { dht: kadDHT({ protocol: '/ipfs/kad/1.0.0', clientMode: false, allowQueryWithZeroPeers: true, peerInfoMapper: passthroughMapper }) } : {})
    },
    connectionGater: { denyDialMultiaddr: () => false }
  })
  await serveEcho(node)
  const lines: { from: string; line: string }[] = []
  await node.handle(GENERAL, (stream, connection) => keepLines(stream, connection.remotePeer.toString(), lines).catch(() => {}), { runOnLimitedConnection: true })
  for (const addr of options.dht ?? []) await node.dial(multiaddr(addr))
  const speaking = new Map<string, Stream>()
  return {
    peerId: node.peerId.toString(),
    address: (transport) => find(node, ADDRESS[transport]),
    async circuit() {
      await until('the stock node has its reservation', () => node.getMultiaddrs().some((addr) => addr.toString().includes('/p2p-circuit')))
      return find(node, /\/p2p-circuit\/p2p\//)
    },
    async dial(addr) {
      return { security: (await node.dial(multiaddr(addr))).encryption ?? '' }
    },
    async echo(peer, bytes) {
      const [connection] = node.getConnections(peerIdFromString(peer))
      if (connection === undefined || !(await echoMatches(connection, bytes))) throw new Error('the echo differs')
    },
    async say(peer, text) {
      const stream = speaking.get(peer) ?? (await node.dialProtocol(peerIdFromString(peer), GENERAL, { runOnLimitedConnection: true }))
      speaking.set(peer, stream)
      stream.send(new TextEncoder().encode(`${JSON.stringify({ text })}\n`))
    },
    heard: (from, text) => lines.some((each) => each.from === from && each.line.includes(JSON.stringify(text))),
    async advertise(network) {
      await node.contentRouting.provide(await rendezvousCid(network))
    },
    async find(network) {
      const found = new Set<string>()
      for await (const provider of node.contentRouting.findProviders(await rendezvousCid(network), { signal: AbortSignal.timeout(10_000) })) {
        found.add(provider.id.toString())
      }
      return found
    },
    async [Symbol.asyncDispose]() {
      await node.stop()
    }
  }
}

function find(node: Libp2p, pattern: RegExp): string {
  const found = node.getMultiaddrs().map(String).find((addr) => pattern.test(addr))
  if (found === undefined) throw new Error(`no address like ${pattern}: ${node.getMultiaddrs().join(' ')}`)
  return found
}

async function keepLines(stream: Stream, from: string, lines: { from: string; line: string }[]): Promise<void> {
  let rest = ''
  for await (const chunk of incoming(stream)) {
    const parts = (rest + new TextDecoder().decode(chunk)).split('\n')
    rest = parts.pop() ?? ''
    for (const line of parts) lines.push({ from, line })
  }
}

/** Fails where a dial gave another secure channel than was meant. */
export function expectSecurity(found: string | undefined, wanted: Security): void {
  if (found !== SECURITY_ID[wanted]) throw new Error(`the channel is ${found ?? 'not secured'}, not ${SECURITY_ID[wanted]}`)
}
