import type { Connection } from '@libp2p/interface'
import { CODE_IP4, CODE_IP6, CODE_WEBRTC } from '@multiformats/multiaddr'
import type { PathKind, PathReason } from '../peer.ts'
import { scopeOfHost } from './address-scope.ts'
import { isSameNetwork, selectedPair } from './candidate-pair.ts'

/** What a path is, and why. */
export interface PathDescription {
  readonly path: PathKind
  readonly reason: PathReason
}

/** Whether a connection is one of WebRTC's. */
export function isWebRtc(connection: Connection): boolean {
  return connection.direct && connection.remoteAddr.getComponents().some(({ code }) => code === CODE_WEBRTC)
}

/** What is certain about a direct connection as soon as it is open. `beside` are the peer's other connections. */
export function describeDirect(connection: Connection, beside: readonly Connection[]): PathDescription {
  if (isWebRtc(connection)) return { path: 'direct', reason: 'webrtc' }
  const punched = beside.some(other => !other.direct && other.streams.some(({ protocol }) => protocol === '/libp2p/dcutr'))
  if (punched) return { path: 'direct', reason: 'hole-punched' }
  return isDialledInside(connection) ? { path: 'lan', reason: 'same-network' } : { path: 'direct', reason: 'dialled' }
}

/** What the pair of addresses that ICE chose adds to that. */
export async function describeWebRtc(connection: Connection): Promise<PathDescription> {
  const pair = await selectedPair(connection)
  return pair !== undefined && isSameNetwork(pair) ? { path: 'lan', reason: 'same-network' } : { path: 'direct', reason: 'webrtc' }
}

/**
 * Whether this side reached the other one at a private address: it is in a network of ours then. The other way round it proves nothing,
 * as a proxy or a gateway shows its own private address.
 */
function isDialledInside(connection: Connection): boolean {
  if (connection.direction !== 'outbound') return false
  const host = connection.remoteAddr.getComponents().find(({ code }) => code === CODE_IP4 || code === CODE_IP6)?.value
  const scope = host === undefined ? 'public' : scopeOfHost(host)
  return scope === 'private' || scope === 'loopback'
}
