import { CODE_DNS, CODE_DNS4, CODE_DNS6, CODE_IP4, CODE_IP6, multiaddr } from '@multiformats/multiaddr'
import { hasInfoDocument } from './locate.ts'

const HOST_CODES: readonly number[] = [CODE_DNS, CODE_DNS4, CODE_DNS6, CODE_IP4, CODE_IP6]
const LOCAL_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '::1']

/**
 * Groups of addresses to dial one after the other: the one that worked last, then those at the host from which the page or the info
 * document came, then all. libp2p dials the addresses of one group in its own order, one at a time.
 */
export function dialGroups(addresses: readonly string[], source: string, lastGood: string | undefined): string[][] {
  const last = addresses.filter(address => address === lastGood)
  const near = addresses.filter(address => !last.includes(address) && isNear(address, source))
  return [last, near].filter(group => group.length > 0 && group.length < addresses.length).concat([[...addresses]])
}

function isNear(address: string, source: string): boolean {
  if (!hasInfoDocument(source)) return false
  const page = URL.parse(source)?.hostname.replace(/^\[|\]$/g, '') ?? ''
  const host = multiaddr(address).getComponents().find(component => HOST_CODES.includes(component.code))?.value ?? ''
  return host === page || (LOCAL_HOSTS.includes(page) && LOCAL_HOSTS.includes(host))
}
