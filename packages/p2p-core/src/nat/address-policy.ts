import type { ConnectionGater, Libp2p, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import {
  CODE_DNS, CODE_DNS4, CODE_DNS6, CODE_DNSADDR, CODE_IP4, CODE_IP6, CODE_P2P, CODE_P2P_CIRCUIT, CODE_SNI, CODE_TLS, CODE_UNIX, CODE_WS,
  CODE_WSS
} from '@multiformats/multiaddr'
import type { Component, Multiaddr } from '@multiformats/multiaddr'
import { P2pError } from '../errors.ts'
import { scopeOfHost } from './address-scope.ts'
import type { AddressScope } from './address-scope.ts'

/** Why an address is not dialled. */
export type AddressRefusal =
  | 'loopback' // an address of this very device
  | 'private' // an address of a network that is not the page's
  | 'unroutable' // multicast, reserved, or a host that is none
  | 'insecure' // ws:// from a secure page
  | 'local-socket' // a socket file
  | 'nested-circuit' // more than one relay in a row

export type AddressVerdict = { readonly allowed: true } | { readonly allowed: false; readonly refusal: AddressRefusal; readonly host: string }

/** What this peer may dial on the word of others. */
export interface AddressReach {
  /**
   * The most private scope that may be dialled. A page has the scope of its own origin: one from the public internet dials `public`
   * addresses only, one from a private network `private` ones too, one from localhost all.
   */
  readonly scope: 'public' | 'private' | 'loopback'
  /** False on pages with https: a browser refuses ws:// there, but to this device. */
  readonly plainWebSockets: boolean
}

const HOST_CODES: ReadonlySet<number> = new Set([CODE_IP4, CODE_IP6, CODE_DNS, CODE_DNS4, CODE_DNS6, CODE_DNSADDR, CODE_SNI])
const NAME_CODES: ReadonlySet<number> = new Set([CODE_DNS, CODE_DNS4, CODE_DNS6])
const DISTANCE: Readonly<Record<AddressScope, number>> = { loopback: 0, private: 1, public: 2, never: 3 }
const ALLOWED: AddressVerdict = { allowed: true }

/** A Node peer that may dial whatever it hears of: on its own network others are found by their private addresses. */
export const UNRESTRICTED_REACH: AddressReach = { scope: 'loopback', plainWebSockets: true }

/** A Node peer that stays on the public internet. */
export const PUBLIC_REACH: AddressReach = { scope: 'public', plainWebSockets: true }

/** What a page may dial, by its own URL. */
export function reachOfPage(pageUrl: string): AddressReach {
  const url = new URL(pageUrl)
  const scope = scopeOfHost(url.hostname.replace(/^\[|\]$/g, ''))
  return { scope: scope === 'never' ? 'public' : scope, plainWebSockets: url.protocol !== 'https:' }
}

/**
 * The one rule for addresses of every source. `reachesRelay` says whether a relay is connected already, so that a circuit through it
 * dials nothing new. Every host of the address counts, the TLS server name too: libp2p dials that one where there is one.
 */
export function judgeAddress(address: Multiaddr, reach: AddressReach, reachesRelay: (relay: string) => boolean = () => false): AddressVerdict {
  const components = address.getComponents()
  const circuits = components.filter(component => component.code === CODE_P2P_CIRCUIT).length
  if (circuits > 1) return refuse('nested-circuit', address.toString())
  const socket = components.find(component => component.code === CODE_UNIX)
  if (socket !== undefined) return refuse('local-socket', socket.value ?? '')
  if (circuits === 1 && reachesRelay(relayOf(components) ?? '')) return ALLOWED
  const hosts = components.filter(component => HOST_CODES.has(component.code)).map(component => component.value ?? '')
  for (const host of hosts) {
    const verdict = judgeHost(host, reach)
    if (!verdict.allowed) return verdict
  }
  const insecure = isPlainWebSocket(components) && !reach.plainWebSockets && hosts.some(host => scopeOfHost(host) !== 'loopback')
  return insecure ? refuse('insecure', hosts[0] ?? '') : ALLOWED
}

/** The rule for one host: an IP address, or a name as far as the name itself tells. */
export function judgeHost(host: string, reach: AddressReach): AddressVerdict {
  const scope = scopeOfHost(host)
  if (scope === 'never') return refuse('unroutable', host)
  if (DISTANCE[scope] >= DISTANCE[reach.scope]) return ALLOWED
  return refuse(scope === 'loopback' ? 'loopback' : 'private', host)
}

/** The PeerId of the relay of a circuit address, as text. */
function relayOf(components: readonly Component[]): string | undefined {
  const circuit = components.findIndex(component => component.code === CODE_P2P_CIRCUIT)
  return components.slice(0, circuit).findLast(component => component.code === CODE_P2P)?.value
}

function isPlainWebSocket(components: readonly Component[]): boolean {
  const codes = components.map(component => component.code)
  return codes.includes(CODE_WS) && !codes.includes(CODE_TLS) && !codes.includes(CODE_WSS)
}

function refuse(refusal: AddressRefusal, host: string): AddressVerdict {
  return { allowed: false, refusal, host }
}

/** What the policy needs. */
export interface AddressPolicyOptions {
  readonly reach: AddressReach
  /** Looks a name up, where the platform can (Node). Every address that it returns has to pass, too. */
  readonly resolve: ((name: string) => Promise<readonly string[]>) | undefined
}

/** The policy at work: libp2p's gater asks it about every address before it is dialled or stored. */
export interface AddressPolicy {
  /** For `createLibp2p({ connectionGater })`. */
  readonly gater: ConnectionGater
  /** Tells the policy which relays are connected. To be called once the node exists. */
  attach(libp2p: Libp2p): void
  judge(address: Multiaddr): Promise<AddressVerdict>
  /** Throws P2pError ADDRESS_FORBIDDEN, with what to do, where `judge` refuses. */
  check(address: Multiaddr): Promise<void>
  /** Whether what is at a URL may be fetched. */
  allowsUrl(url: string): boolean
  /** Whether a STUN service (`stun:host:port`) may be asked. */
  allowsStun(url: string): boolean
}

/** Makes the address policy of one peer. */
export function createAddressPolicy(options: AddressPolicyOptions): AddressPolicy {
  const { reach, resolve } = options
  let node: Libp2p | undefined
  const reachesRelay = (relay: string): boolean => relay !== '' && isConnected(node, relay)

  async function judge(address: Multiaddr): Promise<AddressVerdict> {
    const verdict = judgeAddress(address, reach, reachesRelay)
    if (!verdict.allowed || resolve === undefined || reach.scope === 'loopback') return verdict
    if (reachesRelay(relayOf(address.getComponents()) ?? '')) return verdict
    return judgeNames(address, reach, resolve)
  }

  return {
    gater: {
      denyDialMultiaddr: async address => !(await judge(address)).allowed,
      filterMultiaddrForPeer: (_: PeerId, address: Multiaddr) => judgeAddress(address, reach, reachesRelay).allowed
    },
    attach(libp2p) { node = libp2p },
    judge,
    async check(address) {
      const verdict = await judge(address)
      if (!verdict.allowed) throw new P2pError('ADDRESS_FORBIDDEN', `${address.toString()} is not dialled: ${EXPLANATIONS[verdict.refusal]}`)
    },
    allowsUrl(url) {
      const host = URL.parse(url)?.hostname.replace(/^\[|\]$/g, '')
      return host !== undefined && judgeHost(host, reach).allowed
    },
    allowsStun(url) {
      const host = /^stuns?:(?:\[([^\]]+)\]|([^:]+))/.exec(url)
      return host !== null && judgeHost(host[1] ?? host[2] ?? '', reach).allowed
    }
  }
}

const EXPLANATIONS: Readonly<Record<AddressRefusal, string>> = {
  'loopback': 'it is an address of this device itself, and this page is not from here. Use an address that others can reach.',
  'private': 'it is inside a private network, and this page is not from there. Open the page of that network\'s relay instead.',
  'unroutable': 'its host is not the address of one machine. Check the address.',
  'insecure': 'a page with https cannot use ws://. Use an address with /tls/ws or /wss.',
  'local-socket': 'it is a socket file of this machine. Use a network address.',
  'nested-circuit': 'it leads over more than one relay. Use an address over one.'
}

async function judgeNames(address: Multiaddr, reach: AddressReach, resolve: (name: string) => Promise<readonly string[]>): Promise<AddressVerdict> {
  for (const { code, value } of address.getComponents()) {
    if (!NAME_CODES.has(code) || value === undefined) continue
    // A name that cannot be looked up now cannot be dialled either: that failure has a better text than a refusal.
    const found = await resolve(value).catch(() => [])
    for (const host of found) {
      const verdict = judgeHost(host, reach)
      if (!verdict.allowed) return verdict
    }
  }
  return ALLOWED
}

function isConnected(node: Libp2p | undefined, relay: string): boolean {
  if (node === undefined) return false
  try {
    return node.getConnections(peerIdFromString(relay)).some(connection => connection.status === 'open' && connection.direct)
  } catch {
    return false
  }
}
