// A plain js-libp2p node, none of this project's code: what an independent program on the same libraries does.
import { randomBytes } from 'node:crypto'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import type { Identify } from '@libp2p/identify'
import type { Connection, IdentifyResult, Libp2p, PrivateKey, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import type { Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'

/** A secure channel of libp2p; the protocol ID is `/NAME` for Noise and `/tls/1.0.0`. */
export type Security = 'tls' | 'noise'

/** The protocol ID that a connection reports for a secure channel. */
export const SECURITY_ID: Readonly<Record<Security, string>> = { tls: '/tls/1.0.0', noise: '/noise' }

/** The stock node with its services. */
export type StockNode = Libp2p<{ identify: Identify; ping: Ping }>

/** Sends back what it gets; the Go peer has the same. */
export const ECHO_PROTOCOL = '/gf/interop-echo/1.0.0'

/** Starts a node that listens on TCP, loopback, with exactly the given secure channels and a fresh key or the one given. */
export async function startStockNode(options: {
  security: readonly Security[]
  listen?: readonly string[]
  privateKey?: PrivateKey
}): Promise<StockNode> {
  const node = await createLibp2p({
    ...(options.privateKey === undefined ? {} : { privateKey: options.privateKey }),
    addresses: { listen: [...(options.listen ?? ['/ip4/127.0.0.1/tcp/0'])] },
    transports: [tcp(), webSockets(), circuitRelayTransport()],
    connectionEncrypters: options.security.map((name) => (name === 'tls' ? tls() : noise())),
    streamMuxers: [yamux()],
    services: { identify: identify(), ping: ping() },
    // All Go peers of a test come from one address; the default takes five of those a second.
    connectionManager: { inboundConnectionThreshold: Infinity },
    connectionGater: { denyDialMultiaddr: () => false }
  })
  await serveEcho(node)
  return node
}

/** Lets a node answer on the echo protocol, over circuits too. */
export async function serveEcho(node: Libp2p): Promise<void> {
  await node.handle(ECHO_PROTOCOL, echoBack, { runOnLimitedConnection: true })
}

async function echoBack(stream: Stream): Promise<void> {
  try {
    for await (const chunk of incoming(stream)) if (!stream.send(chunk)) await stream.onDrain()
    await stream.close()
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(String(error)))
  }
}

/**
 * The bytes of a stream until the other side ends it. A stream's own iterator never ends when that happened before the
 * iteration began (libp2p 3.3.11): it waits for an event that has passed, so this looks at `readableEnded` too.
 */
export async function* incoming(stream: Stream): AsyncGenerator<Uint8Array> {
  const chunks: Uint8Array[] = []
  let failure: Error | undefined
  let closed = false
  let wake = (): void => {}
  stream.addEventListener('message', (event) => (chunks.push(event.data.subarray()), wake()))
  stream.addEventListener('end', () => wake())
  stream.addEventListener('close', (event) => ((failure = event.error), (closed = true), wake()))
  for (;;) {
    yield* chunks.splice(0)
    if (failure !== undefined) throw failure
    if (chunks.length > 0) continue
    if (closed || stream.readableEnded) return
    await new Promise<void>((resolve) => (wake = resolve))
  }
}

/** Sends random bytes over the connection to the other side's echo, and says whether the same come back. */
export async function echoMatches(connection: Connection, bytes: number): Promise<boolean> {
  const sent = randomBytes(bytes)
  const stream = await connection.newStream(ECHO_PROTOCOL, { runOnLimitedConnection: true })
  const received: Uint8Array[] = []
  const reading = (async () => {
    for await (const chunk of incoming(stream)) received.push(chunk)
  })()
  for (let at = 0; at < sent.length; at += CHUNK_BYTES) {
    if (!stream.send(sent.subarray(at, at + CHUNK_BYTES))) await stream.onDrain()
  }
  await stream.close()
  await reading
  return sent.equals(Buffer.concat(received))
}

const CHUNK_BYTES = 64 << 10

/** What the peer will say of itself by identify. Call it before the dial: the event comes once. */
export function identifiedBy(node: Libp2p, peerId: string): Promise<IdentifyResult> {
  return new Promise((resolve) => {
    const heard = (event: CustomEvent<IdentifyResult>): void => {
      if (event.detail.peerId.toString() !== peerId) return
      node.removeEventListener('peer:identify', heard)
      resolve(event.detail)
    }
    node.addEventListener('peer:identify', heard)
  })
}

/** The TCP address of the node, ending in /p2p/ID. */
export function tcpAddress(node: Libp2p): string {
  const found = node.getMultiaddrs().map(String).find((addr) => /\/tcp\/\d+\/p2p\/[^/]+$/.test(addr))
  if (found === undefined) throw new Error(`the node does not listen on TCP: ${node.getMultiaddrs().join(' ')}`)
  return found
}

/** Waits until the condition holds, by looking at it again and again; fails with `what` when it does not in time. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
