// A Node peer of this project inside the test's process, as a program makes one with createPeer.
import { createPeer, type Peer, type PeerOptions } from '@gloflow/p2p-core'
import { serveEcho, until } from './stock-node.ts'

/** Starts a peer on a free loopback port (or where `listen` says), open to all, with the echo protocol. */
export async function startNodePeer(options: Omit<PeerOptions, 'access'> = {}): Promise<Peer> {
  const peer = await createPeer({ access: { decide: () => ({ allowed: true }) }, listen: ['/ip4/127.0.0.1/tcp/0'], ...options })
  await serveEcho(peer.libp2p)
  return peer
}

/** Waits until the peer holds a reservation, and gives its circuit address through that relay. */
export async function circuitAddress(peer: Peer, relayPeerId: string): Promise<string> {
  const find = (): string | undefined => peer.multiaddrs.map(String).find((addr) => addr.includes(`/p2p/${relayPeerId}/p2p-circuit`))
  await until(`a reservation at ${relayPeerId}: ${JSON.stringify(peer.status.relays)}`, () => find() !== undefined)
  return find() ?? ''
}

/** The TCP address of the peer, ending in /p2p/ID. */
export function directAddress(peer: Peer): string {
  const found = peer.multiaddrs.map(String).find((addr) => /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/[^/]+$/.test(addr))
  if (found === undefined) throw new Error(`the peer does not listen on TCP: ${peer.multiaddrs.join(' ')}`)
  return found
}
