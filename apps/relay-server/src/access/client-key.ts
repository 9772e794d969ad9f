import { isIP } from 'node:net'
import type { Multiaddr } from '@multiformats/multiaddr'

/** Groups of an IPv6 address that make its /64: the smallest network that one customer gets. */
const NETWORK_GROUPS = 4

/**
 * The key by which a client is counted: an IPv4 address, or the /64 of an IPv6 one. Loopback has none: what comes from this machine is
 * its operator's, or a proxy's that is not declared by --trusted-proxy.
 */
export function clientKey(address: string): string | undefined {
  const family = isIP(address)
  if (family === 4) return address.startsWith('127.') ? undefined : address
  if (family !== 6 || address === '::1') return undefined
  return `${expandIpv6(address).slice(0, NETWORK_GROUPS).join(':')}::/64`
}

/** The key of the other side of a connection; `undefined` where its address has no IP. */
export function clientKeyOf(address: Multiaddr): string | undefined {
  const component = address.getComponents().find(({ name }) => name === 'ip4' || name === 'ip6')
  return component?.value === undefined ? undefined : clientKey(component.value)
}

function expandIpv6(address: string): string[] {
  const [head = '', tail = ''] = address.replace(/%.*$/, '').split('::', 2)
  const groups = (text: string): string[] => text.split(':').filter((group) => group !== '').map((group) => Number.parseInt(group, 16).toString(16))
  const left = groups(head)
  const right = groups(tail)
  return [...left, ...Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0'), ...right]
}
