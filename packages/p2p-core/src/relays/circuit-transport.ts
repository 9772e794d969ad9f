import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import type { CircuitRelayTransportComponents, CircuitRelayTransportInit } from '@libp2p/circuit-relay-v2'
import type { Listener, PeerId, Transport } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { P2pError } from '../errors.ts'
import { createReservations } from './reservations.ts'
import type { Reservations } from './reservations.ts'

/** The one address to listen on for circuits, whatever the number of relays. */
export const CIRCUIT_LISTEN = '/p2p-circuit'

/** The circuit transport of a supervised peer, and the table of reservations that its listener announces. */
export interface CircuitTransport {
  /** For `createLibp2p({ transports })`, with `addresses.listen` holding `CIRCUIT_LISTEN` once. */
  readonly transport: (components: CircuitRelayTransportComponents) => Transport
  readonly reservations: Reservations
}

/**
 * libp2p's circuit transport, with the reservations in the supervisor's hands. The stock one reserves at any relay that it meets, never
 * again at one that failed once, and loses what it had when a relay restarts. Here its listener announces exactly what the table holds.
 */
export function createCircuitTransport(init: CircuitRelayTransportInit = {}): CircuitTransport {
  const reservations = createReservations()
  return {
    reservations,
    transport(components) {
      const transport = circuitRelayTransport(init)(components)
      answerFrom(transport, reservations)
      const createListener = transport.createListener.bind(transport)
      transport.listenFilter = addresses => addresses.filter(address => address.toString() === CIRCUIT_LISTEN)
      transport.createListener = options => announce(createListener(options), reservations, components)
      return transport
    }
  }
}

/** The stock transport accepts a relayed connection at once only from a relay that its own store knows. That store has to ask ours. */
function answerFrom(transport: Transport, reservations: Reservations): void {
  const store: unknown = Reflect.get(transport, 'reservationStore')
  if (typeof store !== 'object' || store === null || typeof Reflect.get(store, 'hasReservation') !== 'function') {
    throw new P2pError('OPTION_INVALID', 'This version of @libp2p/circuit-relay-v2 has no reservation store that can be taken over. Use the pinned version.')
  }
  Reflect.set(store, 'hasReservation', (relay: PeerId) => reservations.of(relay) !== undefined)
}

function announce(listener: Listener, reservations: Reservations, { addressManager }: CircuitRelayTransportComponents): Listener {
  let announced: readonly Multiaddr[] = []
  let off = (): void => {}
  const update = (): void => {
    const before = announced
    announced = reservations.addresses
    for (const address of announced) addressManager.confirmObservedAddr(address, { type: 'transport' })
    for (const address of before) {
      if (!announced.some(current => current.equals(address))) addressManager.removeObservedAddr(address)
    }
    listener.safeDispatchEvent('listening')
  }
  const close = listener.close.bind(listener)
  listener.listen = async () => { off = reservations.onChange(update) }
  listener.getAddrs = () => [...announced]
  listener.close = async () => {
    off()
    await close()
  }
  return listener
}
