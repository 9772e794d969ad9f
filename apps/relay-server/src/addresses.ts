import { isIP } from 'node:net'
import { isPrivateIp } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { listensOnAll } from './listen.ts'
import { MAX_INFO_STUN } from './limits.ts'

/** The multiaddr by which peers reach the WebSocket behind a public URL. */
export function publicUrlAddress(publicUrl: string): string {
  const url = new URL(publicUrl)
  const secure = url.protocol === 'https:'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const family = isIP(host)
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port)
  return `/${family === 0 ? 'dns' : `ip${family}`}/${host}/tcp/${port}${secure ? '/tls/ws' : '/ws'}`
}

/** Names of the certificate that peers can dial the page's port by. */
export function certificateAddresses(names: readonly string[], port: number): string[] {
  return names.filter((name) => isIP(name) === 0 && !name.includes('*') && name !== 'localhost').map((name) => `/dns/${name}/tcp/${port}/tls/ws`)
}

/**
 * The public addresses of this machine, on which a relay is reachable from its first moment: libp2p would announce them only after others
 * confirmed them, and a first relay has no others.
 */
export function publicInterfaceAddresses(machine: readonly string[], host: string, port: number, suffix: string): string[] {
  const addresses = listensOnAll(host) ? machine : machine.filter((address) => address === host)
  return addresses.filter((address) => isPrivateIp(address) === false).map((address) => `/ip${isIP(address)}/${address}/tcp/${port}${suffix}`)
}

/** The addresses for the info document: where the relay has a public URL, its own network's are nobody's business and of no use. */
export function publishedAddresses(multiaddrs: readonly Multiaddr[], publicUrl: string | undefined): readonly Multiaddr[] {
  if (publicUrl === undefined || rank(new URL(publicUrl).hostname.replace(/^\[|\]$/g, '')) > PUBLIC_RANK) return multiaddrs
  return multiaddrs.filter((address) => rank(address.getComponents()[0]?.value ?? '') <= PUBLIC_RANK)
}

/** ICE URLs of a STUN service on this machine, by the hosts under which the relay is reached: names first, then public, then other addresses. */
export function stunUrls(multiaddrs: readonly Multiaddr[], port: number | undefined): string[] {
  if (port === undefined) return []
  const hosts = new Map<string, number>()
  for (const address of multiaddrs) {
    const [first] = address.getComponents()
    if (first?.value === undefined || !['dns', 'dns4', 'dns6', 'ip4', 'ip6'].includes(first.name)) continue
    hosts.set(first.value, rank(first.value))
  }
  const ranked = [...hosts].toSorted(([, a], [, b]) => a - b)
  // Loopback helps only where there is nothing else: it tells a peer the address by which it already knows itself.
  const best = ranked.filter(([, place]) => place < LOOPBACK_RANK || ranked[0]?.[1] === LOOPBACK_RANK).map(([host]) => host).slice(0, MAX_INFO_STUN)
  return best.map((host) => `stun:${isIP(host) === 6 ? `[${host}]` : host}:${port}`)
}

const PUBLIC_RANK = 1
const PRIVATE_RANK = 2
const LOOPBACK_RANK = 3

function rank(host: string): number {
  if (host === 'localhost' || host.endsWith('.localhost')) return LOOPBACK_RANK
  if (isIP(host) === 0) return 0
  if (host.startsWith('127.') || host === '::1') return LOOPBACK_RANK
  return isPrivateIp(host) === true ? PRIVATE_RANK : PUBLIC_RANK
}
