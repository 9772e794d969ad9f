import type { AddressManager } from '@libp2p/interface-internal'
import { isPrivate } from '@libp2p/utils'
import type { Libp2pOptions } from 'libp2p'
import type { Reachability } from './peer.ts'

/** The parts of a node that libp2p gives to its services, and to nobody else. */
export interface Internals {
  readonly addressManager: AddressManager
}

/** A service that does nothing but keep what it is given. */
export interface InternalsCapture {
  readonly services: NonNullable<Libp2pOptions['services']>
  readonly internals: () => Internals | undefined
}

/** To be put among the node's services. */
export function captureInternals(): InternalsCapture {
  let kept: Internals | undefined
  return {
    services: { gloflowInternals: ({ addressManager }) => { kept = { addressManager }; return kept } },
    internals: () => kept
  }
}

/**
 * What AutoNAT found out: `public` where others could dial an address of this peer, `private` where they tried and could not (and always
 * in a browser, which cannot be dialled at all).
 */
export function reachabilityOf(internals: Internals | undefined, kind: 'browser' | 'node'): Reachability {
  if (kind === 'browser') return 'private'
  const own = (internals?.addressManager.getAddressesWithMetadata() ?? []).filter(({ multiaddr }) => !multiaddr.toString().includes('/p2p-circuit') && !isPrivate(multiaddr))
  if (own.some((address) => address.verified)) return 'public'
  // libp2p keeps when to ask again, for an address that others could not dial
  return own.some((address) => address.expires > Date.now()) ? 'private' : 'unknown'
}
