import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { parseConnectTarget } from './connect-target.ts'
import { dialError } from './dial-error.ts'
import type { Discovery } from './discovery/discovery.ts'
import { CIRCUIT_FIRST_MS, DIAL_TIMEOUT_MS, MAX_ADDRESSES_PER_DIAL } from './limits.ts'
import type { AddressPolicy } from './nat/address-policy.ts'
import type { PeerBook } from './persistence/peer-book.ts'

/** Reaches peers by address, or by their id alone. */
export interface Dialler {
  /**
   * Dials a multiaddr that ends in /p2p/<id>, or whatever is known of a PeerId: circuits over the relays that are connected, then addresses
   * of the peer book, of the rendezvous and of libp2p's store. Throws P2pError ADDRESS_…, PEER_…, DIAL_…, ABORTED.
   */
  dial(target: string | Multiaddr | PeerId, signal?: AbortSignal): Promise<Connection>
}

export interface DiallerOptions {
  readonly libp2p: Libp2p
  readonly policy: AddressPolicy
  readonly book: PeerBook
  readonly discovery: Pick<Discovery, 'known'>
  readonly isRelay: (peer: PeerId) => boolean
}

/** Makes the dialler of one peer. */
export function createDialler({ libp2p, policy, book, discovery, isRelay }: DiallerOptions): Dialler {
  async function candidates(peer: PeerId): Promise<Multiaddr[]> {
    const remembered = (book.get(peer)?.addresses ?? []).map((address) => multiaddr(address.multiaddr))
    const stored = await libp2p.peerStore.get(peer).catch(() => undefined)
    const found = (discovery.known.find((one) => one.peer.equals(peer))?.addresses ?? []).map((address) => withPeer(address, peer))
    const heard = (stored?.addresses ?? []).map((address) => withPeer(address.multiaddr, peer))
    const all = new Map([...remembered, ...found, ...heard].map((address) => [address.toString(), address]))
    return [...all.values()].slice(0, MAX_ADDRESSES_PER_DIAL)
  }

  function circuits(peer: PeerId): Multiaddr[] {
    return libp2p.getConnections()
      .filter((connection) => connection.direct && isRelay(connection.remotePeer) && !connection.remotePeer.equals(peer))
      .map((connection) => connection.remoteAddr.encapsulate(`/p2p-circuit/p2p/${peer.toString()}`))
  }

  /**
   * A circuit stands after a round trip, and the path upgrader makes it direct; addresses of networks that are not ours cost a time-out
   * each, and libp2p would dial them first.
   */
  async function reach(peer: PeerId, signal: AbortSignal): Promise<Connection> {
    const through = circuits(peer)
    const relayed = through.length === 0 ? undefined : await libp2p.dial(through, { signal: AbortSignal.any([signal, AbortSignal.timeout(CIRCUIT_FIRST_MS)]) }).catch((error: unknown) => ({ error }))
    if (relayed !== undefined && !('error' in relayed)) return relayed
    signal.throwIfAborted()
    const known = await candidates(peer)
    if (known.length === 0 && relayed !== undefined) throw relayed.error
    return libp2p.dial(known.length > 0 ? known : peer, { signal })
  }

  return {
    async dial(target, signal) {
      const { peer, address } = parseConnectTarget(target)
      if (address !== undefined) await policy.check(address)
      const timeout = AbortSignal.timeout(DIAL_TIMEOUT_MS)
      const limit = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
      try {
        return await (address === undefined ? reach(peer, limit) : libp2p.dial(address, { signal: limit }))
      } catch (error) {
        throw dialError(error, peer.toString(), signal)
      }
    }
  }
}

function withPeer(address: Multiaddr, peer: PeerId): Multiaddr {
  const id = peer.toString()
  return address.getComponents().at(-1)?.value === id ? address : address.encapsulate(`/p2p/${id}`)
}
