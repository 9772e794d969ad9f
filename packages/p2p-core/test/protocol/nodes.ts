import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import type { Connection, Libp2p, MessageStream, PrivateKey, StreamMuxerFactory } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import type { Libp2pOptions } from 'libp2p'
import { MAX_STREAM_WINDOW_BYTES } from '../../src/limits.ts'

/** What a test node differs in. */
export interface TestNodeOptions {
  readonly security?: 'noise' | 'tls' | 'both'
  readonly userAgent?: string
  readonly listen?: readonly string[]
  readonly relay?: boolean
  readonly privateKey?: PrivateKey
  /** Sees all bytes of all connections in clear, as the process of this node does. */
  readonly tap?: (bytes: Uint8Array) => void
}

/** A started libp2p node on loopback, with identify; stopped by the test. */
export async function startNode(options: TestNodeOptions = {}): Promise<Libp2p> {
  const { tap } = options
  const muxer = yamux({ streamOptions: { maxStreamWindowSize: MAX_STREAM_WINDOW_BYTES } })
  const init: Libp2pOptions = {
    addresses: { listen: [...(options.listen ?? ['/ip4/127.0.0.1/tcp/0'])] },
    transports: [tcp(), circuitRelayTransport()],
    connectionEncrypters: { noise: [noise()], tls: [tls()], both: [tls(), noise()] }[options.security ?? 'noise'],
    streamMuxers: [tap === undefined ? muxer : () => tapped(muxer(), tap)],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionManager: { inboundConnectionThreshold: 1000, reconnectRetries: 0 },
    services: {
      identify: identify(),
      ...(options.relay === true ? { relay: circuitRelayServer({ reservations: { maxReservations: 100, applyDefaultLimit: false } }) } : {})
    },
    ...(options.privateKey === undefined ? {} : { privateKey: options.privateKey }),
    ...(options.userAgent === undefined ? {} : { nodeInfo: { userAgent: options.userAgent } })
  }
  return createLibp2p(init)
}

/** Connects two nodes by the first address of the second. */
export async function connect(from: Libp2p, to: Libp2p): Promise<Connection> {
  const [address] = to.getMultiaddrs()
  if (address === undefined) throw new TypeError('the node listens nowhere')
  return from.dial(address)
}

/** Resolves once the condition holds; fails after `timeoutMs`. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${condition.toString()}`)
    await new Promise(resolve => { setTimeout(resolve, 10) })
  }
}

/** A muxer under which everything that is decrypted, and everything before it is encrypted, is shown to `tap`. */
function tapped(inner: StreamMuxerFactory, tap: (bytes: Uint8Array) => void): StreamMuxerFactory {
  return {
    protocol: inner.protocol,
    createStreamMuxer: (secured: MessageStream) => {
      secured.addEventListener('message', event => { tap(event.data.subarray()) })
      const send = secured.send.bind(secured)
      secured.send = data => {
        tap(data.subarray())
        return send(data)
      }
      return inner.createStreamMuxer(secured)
    }
  }
}
