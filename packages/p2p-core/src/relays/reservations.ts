import type { Connection, PeerId } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { CODE_P2P, CODE_P2P_CIRCUIT, multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { P2pError } from '../errors.ts'
import { MAX_HOP_MESSAGE_BYTES, MAX_RESERVATION_ADDRESSES, RESERVE_TIMEOUT_MS } from '../limits.ts'
import { HOP_STATUS, decodeHopAnswer, encodeReserve } from './hop-codec.ts'
import type { HopAnswer } from './hop-codec.ts'

/** Asks a relay for reservations. Source: libp2p/specs, relay/circuit-v2.md. */
export const RELAY_HOP_PROTOCOL = '/libp2p/circuit/relay/0.2.0/hop'

/** A slot at a relay: others can reach this peer through it until it expires or its connection goes. */
export interface Reservation {
  readonly relay: PeerId
  readonly connection: Connection
  /** UNIX time in ms. */
  readonly expiresMs: number
  /** The addresses under which others reach this peer through the relay, each ending in /p2p-circuit. */
  readonly addresses: readonly Multiaddr[]
}

/** The reservations of one peer, by relay. */
export interface Reservations {
  /**
   * Asks the relay on the other side of the connection for a slot, or to extend the one that is held.
   * Throws P2pError RELAY_FULL, ACCESS_DENIED, PROTOCOL_UNSUPPORTED, RELAY_UNREACHABLE.
   */
  reserve(connection: Connection, signal: AbortSignal): Promise<Reservation>
  /** The reservation at a relay, while it is good. */
  of(relay: PeerId): Reservation | undefined
  readonly addresses: readonly Multiaddr[]
  /** Called after every change; returns the function that takes the listener off. */
  onChange(listener: () => void): () => void
}

/** Makes an empty table. A reservation leaves it when its connection closes. */
export function createReservations(): Reservations {
  const held = new Map<string, Reservation>()
  const listeners = new Set<() => void>()
  const changed = (): void => { for (const listener of listeners) listener() }

  function hold(reservation: Reservation): void {
    const key = reservation.relay.toString()
    const known = held.get(key)
    held.set(key, reservation)
    changed()
    if (known?.connection === reservation.connection) return
    reservation.connection.addEventListener('close', () => {
      if (held.get(key)?.connection !== reservation.connection) return
      held.delete(key)
      changed()
    }, { once: true })
  }

  return {
    async reserve(connection, signal) {
      const answer = await askRelay(connection, signal)
      const reservation = readReservation(connection, answer)
      if (connection.status !== 'open') throw new P2pError('RELAY_UNREACHABLE', `The connection to the relay ${connection.remotePeer} closed while it was asked for a reservation.`, { retryable: true })
      hold(reservation)
      return reservation
    },
    of: relay => held.get(relay.toString()),
    get addresses() { return [...held.values()].flatMap(reservation => reservation.addresses) },
    onChange(listener) {
      listeners.add(listener)
      return () => { listeners.delete(listener) }
    }
  }
}

async function askRelay(connection: Connection, stop: AbortSignal): Promise<HopAnswer> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(RESERVE_TIMEOUT_MS)])
  try {
    const stream = await connection.newStream(RELAY_HOP_PROTOCOL, { signal })
    try {
      const messages = lpStream(stream, { maxDataLength: MAX_HOP_MESSAGE_BYTES })
      await messages.write(encodeReserve(), { signal })
      const answer = await messages.read({ signal })
      return decodeHopAnswer(answer.subarray())
    } finally {
      void stream.close({ signal }).catch(() => { stream.abort(new P2pError('STREAM_CLOSED', 'The stream for the reservation is no longer needed.')) })
    }
  } catch (cause) {
    throw askError(connection, cause)
  }
}

function readReservation(connection: Connection, answer: HopAnswer): Reservation {
  const relay = connection.remotePeer
  if (answer.status !== HOP_STATUS.ok || answer.expireSeconds === undefined) throw refusal(relay, answer.status)
  const own = circuitAddress(connection.remoteAddr, relay)
  const told = answer.addresses.slice(0, MAX_RESERVATION_ADDRESSES).map(bytes => parseAddress(bytes, relay))
  const addresses = new Map([own, ...told].filter(address => address !== undefined).map(address => [address.toString(), address]))
  return { relay, connection, expiresMs: answer.expireSeconds * 1000, addresses: [...addresses.values()] }
}

function parseAddress(bytes: Uint8Array, relay: PeerId): Multiaddr | undefined {
  try {
    return circuitAddress(multiaddr(bytes), relay)
  } catch {
    return undefined // one malformed address does not spoil the others
  }
}

/** `<address of the relay>/p2p/<relay>/p2p-circuit`; `undefined` where the address is of another peer or itself relayed. */
function circuitAddress(address: Multiaddr, relay: PeerId): Multiaddr | undefined {
  const components = address.getComponents()
  if (components.some(component => component.code === CODE_P2P_CIRCUIT)) return undefined
  const ids = components.filter(component => component.code === CODE_P2P).map(component => component.value)
  if (ids.length > 1 || (ids.length === 1 && ids[0] !== relay.toString())) return undefined
  return (ids.length === 0 ? address.encapsulate(`/p2p/${relay.toString()}`) : address).encapsulate('/p2p-circuit')
}

function refusal(relay: PeerId, status: number | undefined): P2pError {
  if (status === HOP_STATUS.permissionDenied) {
    return new P2pError('ACCESS_DENIED', `The relay ${relay} does not give this peer a reservation. Ask its operator to let you in.`)
  }
  if (status === HOP_STATUS.reservationRefused || status === HOP_STATUS.resourceLimitExceeded) {
    return new P2pError('RELAY_FULL', `The relay ${relay} has no free reservation. Its operator can allow more; this peer keeps asking.`, { retryable: true })
  }
  return new P2pError('RELAY_UNREACHABLE', `The relay ${relay} answered the request for a reservation with status ${status ?? 'none'}.`, { retryable: true })
}

function askError(connection: Connection, cause: unknown): P2pError {
  if (cause instanceof P2pError) return cause
  const relay = connection.remotePeer
  if (cause instanceof Error && cause.name === 'UnsupportedProtocolError') {
    return new P2pError('PROTOCOL_UNSUPPORTED', `${relay} is not a relay (it does not speak ${RELAY_HOP_PROTOCOL}). Check the address.`, { cause, retryable: true })
  }
  return new P2pError('RELAY_UNREACHABLE', `The relay ${relay} did not answer the request for a reservation.`, { cause, retryable: true })
}
