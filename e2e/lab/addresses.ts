import type { Site } from './topology.ts'

// The address plan. The public IPv4 prefix is one that neither js-libp2p nor go-multiaddr takes for private or unroutable: the
// documentation and benchmarking ranges are refused by both, so an allocated one has to serve, inside namespaces that have no
// route out. For IPv6, 3fff::/20 (RFC 9637, documentation) is taken as public by both.

/** A host's place in its site's network. */
export interface HostAddresses {
  readonly ipv4: string
  /** Length of the LAN's IPv4 prefix. */
  readonly ipv4PrefixLength: number
  /** Public IPv6; `undefined` behind a NAT. */
  readonly ipv6: string | undefined
}

/** All addresses of one site. */
export interface SitePlan {
  /** The IPv4 prefix of the LAN. */
  readonly lan: string
  readonly gatewayLan: string
  /** The address that the world sees, behind a NAT; `undefined` for public sites. */
  readonly external: string | undefined
  /** Link between core and gateway. */
  readonly coreSide: string
  readonly gatewaySide: string
  /** What the core routes to this gateway. */
  readonly routed4: string
  readonly routed6: string | undefined
  readonly gatewayLan6: string | undefined
  readonly hosts: ReadonlyMap<string, HostAddresses>
}

/** The link-local address of every gateway on its link to the core, and of the core on all of them. */
export const CORE_LINK_LOCAL = 'fe80::1'
export const GATEWAY_LINK_LOCAL = 'fe80::2'

const FIRST_HOST = 10
const FIRST_GUEST = 150

/** The plan for the site with this number (from 1). */
export function planSite(site: Site, number: number): SitePlan {
  const isPublic = site.gateway.nat === 'none'
  const net4 = isPublic ? `11.77.${number}` : `192.168.${site.privateNet ?? number}`
  const net6 = `3fff:0:0:${number.toString(16)}`
  const hosts = site.hosts.map((host, index): [string, HostAddresses] => [
    host,
    { ipv4: `${net4}.${FIRST_HOST + index}`, ipv4PrefixLength: 24, ipv6: isPublic ? `${net6}::${(FIRST_HOST + index).toString(16)}` : undefined }
  ])
  return {
    lan: `${net4}.0/24`,
    gatewayLan: `${net4}.1`,
    external: isPublic ? undefined : `11.77.${number}.1`,
    coreSide: `100.64.${number}.1`,
    gatewaySide: `100.64.${number}.2`,
    routed4: isPublic ? `11.77.${number}.0/24` : `11.77.${number}.1/32`,
    routed6: isPublic ? `${net6}::/64` : undefined,
    gatewayLan6: isPublic ? `${net6}::1` : undefined,
    hosts: new Map(hosts)
  }
}

/** Addresses in this site for a host that was plugged in later; `index` counts them in the whole laboratory. */
export function guestAddresses(plan: SitePlan, index: number): HostAddresses {
  const octet = FIRST_GUEST + (index % (254 - FIRST_GUEST))
  return {
    ipv4: `${plan.lan.split('.').slice(0, 3).join('.')}.${octet}`,
    ipv4PrefixLength: 24,
    ipv6: plan.gatewayLan6 === undefined ? undefined : plan.gatewayLan6.replace(/::1$/, `::${octet.toString(16)}`)
  }
}
