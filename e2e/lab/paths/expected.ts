import { gatewayKind, type GatewayKind } from '../kinds.ts'
import { LabError } from '../errors.ts'

/** What the rules of NATs allow for a pair of peers that both speak WebRTC and know a STUN service. */
export type Possible = 'direct' | 'relayed'

/** The gateways of a topology's two parties; the same one twice for `lan`. */
export function gatewaysOf(topology: string): readonly [GatewayKind, GatewayKind] {
  const [form = '', rest = ''] = topology.split(':', 2)
  const [first = 'open', second = first] = form === 'public' ? ['open', 'open'] : rest.split('+')
  return [known(first), known(second)]
}

/**
 * Whether two parties can be direct by UDP (RFC 5128, 3.3, by way of RFC 8445): an endpoint-dependent mapping shows the other side an
 * endpoint that STUN did not announce; that is let in where the other side's filter looks at no port.
 */
export function possiblePath(topology: string): Possible {
  const [first, second] = gatewaysOf(topology)
  if (topology.startsWith('lan:')) return 'direct'
  if (first.egress !== 'all' || second.egress !== 'all') return 'relayed'
  return admits(first, second) && admits(second, first) ? 'direct' : 'relayed'
}

/** Whether packets of `other` from an endpoint that nobody announced get in through `own`; announced ones do once both have sent. */
function admits(own: GatewayKind, other: GatewayKind): boolean {
  const announced = other.behaviour === undefined || other.behaviour.mapping === 'endpoint-independent'
  if (announced) return true
  const filtering = own.behaviour?.filtering ?? (own.statefulFirewall ? 'address-and-port-dependent' : 'endpoint-independent')
  return filtering !== 'address-and-port-dependent'
}

function known(name: string): GatewayKind {
  const kind = gatewayKind(name)
  if (kind === undefined) throw new LabError('TOPOLOGY_UNKNOWN', `No gateway is called "${name}".`)
  return kind
}
