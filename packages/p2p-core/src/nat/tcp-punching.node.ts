import { dcutr } from '@libp2p/dcutr'
import type { DCUtRServiceComponents } from '@libp2p/dcutr'
import type { Connection } from '@libp2p/interface'
import type { Registrar, TransportManager } from '@libp2p/interface-internal'
import { CODE_P2P, CODE_P2P_CIRCUIT, CODE_TCP } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'

/**
 * libp2p's DCUtR, kept to what it is for. The stock one takes `/p2p-circuit/webrtc` addresses for public ones of TCP and dials each to its
 * time-out, which the path upgrader's own WebRTC attempt then waits for; and it closes the circuit in the moment that a direct connection is
 * open, with what is under way on it. Here it dials plain TCP, and leaves the circuit to the path upgrader, which drains it.
 */
export function tcpPunching(): (components: DCUtRServiceComponents) => unknown {
  return (components) => dcutr()({
    peerStore: components.peerStore,
    connectionManager: components.connectionManager,
    addressManager: components.addressManager,
    logger: components.logger,
    registrar: leavingCircuits(components.registrar),
    transportManager: tcpAlone(components.transportManager)
  })
}

/** Says of all addresses but those of plain TCP that no transport dials them. */
export function tcpAlone(transports: TransportManager): TransportManager {
  return overlaid(transports, {
    dialTransportForMultiaddr: (address) => isPlainTcp(address) ? transports.dialTransportForMultiaddr(address) : undefined
  })
}

/** Whether nothing follows the TCP port but the PeerId: no WebSocket, no circuit. */
function isPlainTcp(address: Multiaddr): boolean {
  const codes = address.getComponents().map(({ code }) => code)
  return !codes.includes(CODE_P2P_CIRCUIT) && codes.filter((code) => code !== CODE_P2P).at(-1) === CODE_TCP
}

/** Hands out connections that cannot be closed. */
export function leavingCircuits(registrar: Registrar): Registrar {
  const register: Registrar['register'] = (protocol, topology, options) => registrar.register(protocol, {
    ...topology,
    onConnect: (peer, connection) => topology.onConnect?.(peer, leftOpen(connection))
  }, options)
  const handle: Registrar['handle'] = (protocol, handler, options) => registrar.handle(protocol, (stream, connection) => handler(stream, leftOpen(connection)), options)
  return overlaid(registrar, { register, handle })
}

function leftOpen(connection: Connection): Connection {
  return overlaid(connection, { close: async () => { /* the path upgrader drains it first */ } })
}

/** `base` with some of its members replaced; the others run on `base` itself. */
function overlaid<T extends object>(base: T, members: Partial<T>): T {
  return new Proxy(base, {
    get(target, name) {
      const replaced: unknown = Reflect.get(members, name)
      if (replaced !== undefined) return replaced
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    }
  })
}
