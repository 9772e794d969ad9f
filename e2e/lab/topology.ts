import { LabError } from './errors.ts'
import { DEFAULT_TIMING, GATEWAY_KINDS, gatewayKind, type GatewayKind, type GatewayTiming } from './kinds.ts'
import { MAX_HOSTS_PER_SITE, MAX_SITES } from './limits.ts'

/** A site: some hosts on one LAN behind one gateway. */
export interface Site {
  readonly name: string
  readonly gateway: GatewayKind
  readonly hosts: readonly string[]
  readonly timing: GatewayTiming
  /** Third octet of the private prefix 192.168.N.0/24; two sites may share one, as homes do. `undefined`: the site's own number. */
  readonly privateNet: number | undefined
}

/** A laboratory's sites. Each host's name is unique in it. The host `probe` is added by the laboratory. */
export interface Topology {
  readonly name: string
  readonly sites: readonly Site[]
}

/** A site with defaults for what is not said. */
export function site(name: string, kind: string, hosts: readonly string[], more: Partial<GatewayTiming> & { readonly privateNet?: number } = {}): Site {
  const gateway = gatewayKind(kind)
  if (gateway === undefined) throw new LabError('TOPOLOGY_UNKNOWN', `No gateway is called "${kind}". Known: ${GATEWAY_KINDS.map(({ name }) => name).join(', ')}.`)
  const { privateNet, ...timing } = more
  return { name, gateway, hosts, timing: { ...DEFAULT_TIMING, ...timing }, privateNet }
}

/** What a person may write for a topology. */
export const TOPOLOGY_FORMS = [
  'public            relay, a and b with public addresses',
  'pair:KIND+KIND    relay in public; a behind the first gateway, b behind the second',
  'lan:KIND          relay in public; a and b behind one gateway',
  'home:KIND+KIND    like pair, and both sites use the same private prefix'
] as const

/** Reads a topology's name: `public`, `pair:symmetric+full-cone`, `lan:port-restricted`, `home:KIND+KIND`. */
export function parseTopology(name: string, timing: Partial<GatewayTiming> = {}): Topology {
  const relay = site('cloud', 'open', ['relay'])
  const [form = '', rest = ''] = name.split(':', 2)
  const kinds = rest.split('+')
  const [first, second] = kinds
  if (form === 'public' && rest === '') return checked({ name, sites: [relay, site('site-a', 'open', ['a'], timing), site('site-b', 'open', ['b'], timing)] })
  if (form === 'lan' && first !== undefined && kinds.length === 1) return checked({ name, sites: [relay, site('site-a', first, ['a', 'b'], timing)] })
  if ((form === 'pair' || form === 'home') && first !== undefined && second !== undefined && kinds.length === 2) {
    const more = form === 'home' ? { ...timing, privateNet: 1 } : timing
    return checked({ name, sites: [relay, site('site-a', first, ['a'], more), site('site-b', second, ['b'], more)] })
  }
  throw new LabError('TOPOLOGY_UNKNOWN', `"${name}" is no topology. Forms:\n  ${TOPOLOGY_FORMS.join('\n  ')}`)
}

/** Refuses what the address plan has no room for, and names that clash. */
export function checked(topology: Topology): Topology {
  const names = topology.sites.flatMap(({ name, hosts }) => [`gw-${name}`, ...hosts])
  const bad = [...names, ...topology.sites.map(({ name }) => name)].find((name) => !/^[a-z0-9-]{1,20}$/.test(name))
  if (bad !== undefined) throw new LabError('TOPOLOGY_UNKNOWN', `"${bad}" is no name for a site or host: lower-case letters, digits and "-" only, at most 20.`)
  if (new Set([...names, 'core', 'probe']).size !== names.length + 2) throw new LabError('TOPOLOGY_UNKNOWN', `Two hosts of "${topology.name}" have one name ("core" and "probe" are taken).`)
  if (topology.sites.length > MAX_SITES || topology.sites.some(({ hosts }) => hosts.length > MAX_HOSTS_PER_SITE)) {
    throw new LabError('TOPOLOGY_UNKNOWN', `"${topology.name}" has more than ${MAX_SITES} sites or ${MAX_HOSTS_PER_SITE} hosts in a site.`)
  }
  return topology
}
