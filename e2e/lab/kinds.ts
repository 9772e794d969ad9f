import { DEFAULT_TCP_IDLE_MS, DEFAULT_UDP_IDLE_MS } from './limits.ts'

/** RFC 4787's grades of dependence on the remote endpoint. */
export type Dependence = 'endpoint-independent' | 'address-dependent' | 'address-and-port-dependent'

/** What a gateway's label promises, and what the probe measures. */
export interface NatBehaviour {
  readonly mapping: Dependence
  readonly filtering: Dependence
  readonly hairpin: boolean
}

/** What a firewall lets out. */
export type Egress = 'all' | 'no-udp' | 'tcp-443-only'

/** A kind of gateway between a site and the public segment. */
export interface GatewayKind {
  readonly name: string
  /** `none`: hosts have public addresses. `user-space`: the laboratory's own NAT. `masquerade`: the kernel's. */
  readonly nat: 'none' | 'user-space' | 'masquerade'
  readonly behaviour: NatBehaviour | undefined
  readonly egress: Egress
  /** Lets nothing in that was not asked for from inside. For sites without a NAT; a NAT does so by its filtering. */
  readonly statefulFirewall: boolean
  readonly about: string
}

const EI = 'endpoint-independent'
const AD = 'address-dependent'
const APD = 'address-and-port-dependent'

function nat(name: string, mapping: Dependence, filtering: Dependence, about: string, more: { readonly hairpin?: boolean; readonly egress?: Egress } = {}): GatewayKind {
  return { name, nat: 'user-space', behaviour: { mapping, filtering, hairpin: more.hairpin ?? false }, egress: more.egress ?? 'all', statefulFirewall: false, about }
}

/** Every kind of gateway, by name. */
export const GATEWAY_KINDS: readonly GatewayKind[] = [
  { name: 'open', nat: 'none', behaviour: undefined, egress: 'all', statefulFirewall: false, about: 'public addresses, nothing in the way' },
  { name: 'firewall', nat: 'none', behaviour: undefined, egress: 'all', statefulFirewall: true, about: 'public addresses behind a stateful firewall' },
  nat('full-cone', EI, EI, 'one port for all, anyone may answer'),
  nat('full-cone-hairpin', EI, EI, 'full-cone, and inside hosts reach each other by their external endpoints', { hairpin: true }),
  nat('restricted-cone', EI, AD, 'one port for all, only hosts that were written to may answer'),
  nat('port-restricted', EI, APD, 'one port for all, only endpoints that were written to may answer: most home routers'),
  nat('port-restricted-hairpin', EI, APD, 'port-restricted, with hairpin', { hairpin: true }),
  nat('symmetric', APD, APD, 'another port for each remote endpoint: many company networks and phone networks'),
  nat('symmetric-open', APD, EI, 'another port for each remote endpoint, but anyone may use it'),
  { name: 'masquerade', nat: 'masquerade', behaviour: { mapping: EI, filtering: APD, hairpin: false }, egress: 'all', statefulFirewall: false, about: "the Linux kernel's masquerade, which keeps the inside port where it is free" },
  nat('no-udp', EI, APD, 'port-restricted, and a firewall that drops UDP', { egress: 'no-udp' }),
  nat('tcp-443-only', EI, APD, 'port-restricted, and a firewall that lets only TCP to port 443 out', { egress: 'tcp-443-only' })
]

/** The kind of that name, or `undefined`. */
export function gatewayKind(name: string): GatewayKind | undefined {
  return GATEWAY_KINDS.find((kind) => kind.name === name)
}

/** How long a gateway remembers, and how long packets take. */
export interface GatewayTiming {
  readonly udpIdleMs: number
  readonly tcpIdleMs: number
  /** Delay of each packet through the gateway, one way. */
  readonly delayMs: number
}

/** The timing of a site that says nothing else. */
export const DEFAULT_TIMING: GatewayTiming = { udpIdleMs: DEFAULT_UDP_IDLE_MS, tcpIdleMs: DEFAULT_TCP_IDLE_MS, delayMs: 0 }
