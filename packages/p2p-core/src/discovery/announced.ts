import type { Connection, PeerId } from '@libp2p/interface'
import { CODE_DNS, CODE_DNS4, CODE_DNS6, CODE_IP4, CODE_IP6, CODE_P2P, CODE_P2P_CIRCUIT, multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { scopeOfHost } from '../nat/address-scope.ts'
import type { VerifiedPeerRecord } from './rendezvous/peer-record.ts'

const HOST_CODES: readonly number[] = [CODE_IP4, CODE_IP6, CODE_DNS, CODE_DNS4, CODE_DNS6]

/**
 * Which of a peer's own addresses it tells at a relay, without its own PeerId: the ones through relays first, so that a bound on their
 * number does not cut them off; those of this very device only where the relay is on this device, too.
 */
export function announcedAddresses(own: readonly Multiaddr[], self: PeerId, relay: Connection): Multiaddr[] {
  const nearby = isLoopback(relay.remoteAddr)
  return own
    .map(address => withoutOwnId(address, self))
    .filter(address => nearby || !isLoopback(address))
    .sort((a, b) => Number(isCircuit(b)) - Number(isCircuit(a)))
}

/** How to reach someone who was found at `relay`: first through that very connection, then as their record says. */
export function addressesToDial(found: VerifiedPeerRecord, relay: Connection): { readonly relayed: Multiaddr[]; readonly others: Multiaddr[] } {
  const through = `/p2p/${relay.remotePeer.toString()}/p2p-circuit`
  const isThere = (address: Multiaddr): boolean => address.toString().includes(through)
  const whom = `/p2p/${found.peer.toString()}`
  return {
    relayed: found.addresses.some(isThere) ? [multiaddr(`${relay.remoteAddr.toString()}/p2p-circuit${whom}`)] : [],
    others: found.addresses.filter(address => !isThere(address)).map(address => address.toString().endsWith(whom) ? address : address.encapsulate(whom))
  }
}

function isCircuit(address: Multiaddr): boolean {
  return address.getComponents().some(({ code }) => code === CODE_P2P_CIRCUIT)
}

function isLoopback(address: Multiaddr): boolean {
  const host = address.getComponents().find(({ code }) => HOST_CODES.includes(code))?.value
  return host !== undefined && scopeOfHost(host) === 'loopback'
}

function withoutOwnId(address: Multiaddr, self: PeerId): Multiaddr {
  const last = address.getComponents().at(-1)
  return last?.code === CODE_P2P && last.value === self.toString() ? multiaddr(address.getComponents().slice(0, -1)) : address
}
