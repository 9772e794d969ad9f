import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import type { Connection, Libp2p, PrivateKey, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Libp2pOptions } from 'libp2p'

/** A stock js-libp2p peer, without anything of this project. */
export async function startClient(options: { readonly listen?: readonly string[]; readonly services?: NonNullable<Libp2pOptions['services']>; readonly privateKey?: PrivateKey; readonly reservationTimeoutMs?: number } = {}): Promise<Libp2p & AsyncDisposable> {
  const node = await createLibp2p({
    ...(options.privateKey === undefined ? {} : { privateKey: options.privateKey }),
    addresses: { listen: [...(options.listen ?? [])] },
    transports: [tcp(), webSockets(), circuitRelayTransport({ reservationCompletionTimeout: options.reservationTimeoutMs ?? 10_000 })],
    connectionEncrypters: [noise(), tls()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify(), ping: ping(), ...options.services }
  })
  return Object.assign(node, { [Symbol.asyncDispose]: async () => { await node.stop() } })
}

/** A client that holds a reservation at the relay. */
export async function startReservedClient(relayAddress: string, privateKey?: PrivateKey, reservationTimeoutMs = 10_000): Promise<Libp2p & AsyncDisposable> {
  const client = await startClient({ listen: [`${relayAddress}/p2p-circuit`], reservationTimeoutMs, ...(privateKey === undefined ? {} : { privateKey }) })
  await until(() => client.getMultiaddrs().some((address) => address.toString().includes('/p2p-circuit')), 'a reservation')
  return client
}

/** Dials `target` through the relay. */
export async function dialThrough(from: Libp2p, relayAddress: string, target: Libp2p): Promise<Connection> {
  return await from.dial(multiaddr(`${relayAddress}/p2p-circuit/p2p/${target.peerId.toString()}`), { signal: AbortSignal.timeout(10_000) })
}

/** Waits for a condition. */
export async function until(condition: () => boolean | Promise<boolean>, what: string, timeoutMs = 15_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await condition())) {
    if (Date.now() > deadline) throw new TypeError(`waited ${timeoutMs} ms in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Sends bytes with back-pressure. */
export async function sendAll(stream: Stream, total: number, chunkBytes = 64 * 1024): Promise<void> {
  const chunk = new Uint8Array(chunkBytes)
  for (let sent = 0; sent < total; sent += chunk.length) {
    if (!stream.send(chunk)) await drained(stream)
  }
}

/** Waits until a stream takes more. libp2p's own `onDrain` keeps its first promise for ever, so that it waits once only. */
export async function drained(stream: Stream): Promise<void> {
  const signal = AbortSignal.timeout(20_000)
  await new Promise<void>((resolve, reject) => {
    stream.addEventListener('drain', () => resolve(), { once: true, signal })
    stream.addEventListener('close', () => reject(new TypeError('the stream closed')), { once: true, signal })
    signal.addEventListener('abort', () => reject(new TypeError('the stream stayed full')), { once: true })
  })
}

/** The first address of the relay with TCP, or with WebSocket, on IPv4 loopback. */
export function addressOf(multiaddrs: readonly string[], kind: 'tcp' | 'ws'): string {
  const found = multiaddrs.find((address) => address.startsWith('/ip4/127.0.0.1/tcp/') && address.includes('/ws/') === (kind === 'ws'))
  if (found === undefined) throw new TypeError(`no ${kind} address in ${multiaddrs.join(' ')}`)
  return found
}
