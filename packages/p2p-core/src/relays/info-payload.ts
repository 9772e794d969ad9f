import { CODE_P2P, multiaddr } from '@multiformats/multiaddr'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { P2pError } from '../errors.ts'
import { MAX_RELAY_INFO_ADDRESSES, MAX_RELAY_INFO_RELAYS, MAX_RELAY_INFO_STRING, MAX_RELAY_INFO_STUN } from '../limits.ts'
import type { RelayInfo } from './info.ts'

/** `stun:` or `stuns:`, a host (name, IPv4 or [IPv6]) and a port. No query, no credentials. Source: RFC 7064. */
const STUN_URL = /^stuns?:(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?$/

/** The signed bytes of a relay's info. */
export function encodeRelayInfoPayload(info: RelayInfo): Uint8Array {
  return fromString(JSON.stringify(info))
}

/**
 * Reads the signed bytes. Fields it does not know are left out. `peerId` is of the key that signed.
 * Throws RELAY_INFO_INVALID or RELAY_INFO_TOO_LARGE.
 */
export function decodeRelayInfoPayload(payload: Uint8Array, peerId: string): RelayInfo {
  const fields = parseObject(payload)
  const limits = record(fields.limits, 'limits')
  if (fields.peerId !== peerId) throw invalid('peerId', 'is not of the key that signed')
  return {
    peerId,
    multiaddrs: list(fields.multiaddrs, 'multiaddrs', MAX_RELAY_INFO_ADDRESSES).map(address => relayAddress(address, peerId)),
    network: text(fields.network, 'network'),
    stun: list(fields.stun, 'stun', MAX_RELAY_INFO_STUN).map(stunUrl),
    relays: list(fields.relays, 'relays', MAX_RELAY_INFO_RELAYS).map(otherRelay),
    limits: {
      reservations: count(limits.reservations, 'limits.reservations'),
      circuitBytes: count(limits.circuitBytes, 'limits.circuitBytes'),
      circuitMs: count(limits.circuitMs, 'limits.circuitMs')
    },
    access: accessOf(fields.access),
    bridge: flag(fields.bridge, 'bridge'),
    version: text(fields.version, 'version'),
    seq: count(fields.seq, 'seq'),
    expires: count(fields.expires, 'expires')
  }
}

function parseObject(payload: Uint8Array): Record<string, unknown> {
  try {
    return record(JSON.parse(toString(payload)), 'payload')
  } catch (cause) {
    if (cause instanceof P2pError) throw cause
    throw invalid('payload', 'is not JSON', cause)
  }
}

function record(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(field, 'is not an object')
  return Object.fromEntries(Object.entries(value))
}

function text(value: unknown, field: string): string {
  if (typeof value !== 'string' || value === '') throw invalid(field, 'is not a text')
  if (value.length > MAX_RELAY_INFO_STRING) throw tooLarge(field, `is longer than ${MAX_RELAY_INFO_STRING} characters`)
  return value
}

function list(value: unknown, field: string, most: number): string[] {
  if (!Array.isArray(value)) throw invalid(field, 'is not a list')
  if (value.length > most) throw tooLarge(field, `has ${value.length} entries; at most ${most} are taken`)
  return value.map(entry => text(entry, field))
}

function count(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw invalid(field, 'is not a whole number')
  return value
}

function flag(value: unknown, field: string): boolean {
  if (typeof value !== 'boolean') throw invalid(field, 'is neither true nor false')
  return value
}

function accessOf(value: unknown): RelayInfo['access'] {
  if (value === 'open' || value === 'allow' || value === 'invite') return value
  throw invalid('access', 'is none of open, allow, invite')
}

/** An address of the relay itself: it may leave its PeerId out, but must not name another one or lead over a third peer. */
function relayAddress(address: string, peerId: string): string {
  const components = componentsOf(address, 'multiaddrs')
  const ids = components.filter(component => component.code === CODE_P2P).map(component => component.value)
  if (ids.length === 0) return `${address}/p2p/${peerId}`
  if (ids.length > 1 || ids[0] !== peerId || components.at(-1)?.code !== CODE_P2P) throw invalid('multiaddrs', `has an address of another peer: ${address}`)
  return address
}

/**
 * Another relay is named by its multiaddr, or by the plain URL of its page: what is fetched on a stranger's word is then the document at its
 * well-known place, and no path or query that means something to some other server.
 */
function otherRelay(relay: string): string {
  if (relay.startsWith('/')) {
    if (componentsOf(relay, 'relays').at(-1)?.code !== CODE_P2P) throw invalid('relays', `has a multiaddr without a PeerId at its end: ${relay}`)
    return relay
  }
  const url = URL.parse(relay)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) throw invalid('relays', `has neither a multiaddr nor a URL: ${relay}`)
  const isPlain = url.username === '' && url.password === '' && url.search === '' && url.hash === '' && url.pathname.endsWith('/')
  if (!isPlain) throw invalid('relays', `has a URL that is not just the place of a page: ${relay}`)
  return relay
}

function componentsOf(address: string, field: string): ReturnType<ReturnType<typeof multiaddr>['getComponents']> {
  try {
    return multiaddr(address).getComponents()
  } catch (cause) {
    throw invalid(field, `has a malformed multiaddr: ${address}`, cause)
  }
}

function stunUrl(url: string): string {
  if (!STUN_URL.test(url)) throw invalid('stun', `has something that is no STUN URL: ${url}`)
  return url
}

function invalid(field: string, what: string, cause?: unknown): P2pError {
  return new P2pError('RELAY_INFO_INVALID', `The relay's info document is not understood: its ${field} ${what}. Check that the relay's version fits.`, { cause })
}

function tooLarge(field: string, what: string): P2pError {
  return new P2pError('RELAY_INFO_TOO_LARGE', `The relay's info document is too large: its ${field} ${what}. Its operator has to shorten it.`)
}
