import type { Connection, Libp2pEvents, PeerId, PrivateKey, Startable, Stream, TypedEventTarget } from '@libp2p/interface'
import type { AddressManager, ConnectionManager, Registrar } from '@libp2p/interface-internal'
import { RELAY_V2_HOP_CODEC } from '@libp2p/circuit-relay-v2'
import { lpStream } from '@libp2p/utils'
import { CIRCUIT_CLOSE_TIMEOUT_MS, HOP_TIMEOUT_MS, MAX_HOP_MESSAGE_BYTES, MAX_HOP_STREAMS_PER_CONNECTION, RESERVATION_SWEEP_MS, SUPERSEDED_CONNECTION_MS } from '../limits.ts'
import type { RelayAccess } from '../access/relay-access.ts'
import type { CircuitMeter } from './circuit-meter.ts'
import { createCircuits } from './circuits.ts'
import type { CircuitLimit, HopRequest, StatusName } from './hop-messages.ts'
import { decodeHopRequest, encodeHopStatus } from './hop-messages.ts'
import { grantReservation } from './grant-reservation.ts'
import type { Reservations } from './reservations.ts'
import { isCircuit } from './connections.ts'

/** What the service needs of libp2p. */
export interface HopComponents {
  readonly registrar: Registrar
  readonly connectionManager: ConnectionManager
  readonly addressManager: AddressManager
  readonly peerId: PeerId
  readonly privateKey: PrivateKey
  readonly events: TypedEventTarget<Libp2pEvents>
}

/** How the relay is to behave. */
export interface HopServiceInit {
  readonly reservations: Reservations
  readonly access: RelayAccess
  readonly meter: CircuitMeter
  /** In each direction; 0 = no limit. */
  readonly circuitMaxBytes: number
  /** 0 = no limit. */
  readonly circuitMaxMs: number
  /** What a peer may send through circuits in an hour; 0 = no limit. */
  readonly peerMaxBytes: number
  /** The key by which a connection's client is counted; `undefined` = it is not. */
  readonly clientOf: (connection: Connection) => string | undefined
  readonly now: () => number
}

/** The relay side of circuit relay v2, as a libp2p service. */
export interface HopService extends Startable {
  readonly circuits: () => number
}

/**
 * Serves `/libp2p/circuit/relay/0.2.0/hop`. libp2p's own server announces its time limit in ms where readers expect seconds, has no limit
 * for each direction or peer, keeps the slots of peers that left, and prefers a peer's oldest connection (docs/adr/0010); the client side is
 * libp2p's. Source: libp2p/specs, relay/circuit-v2.md.
 */
export function hopService(init: HopServiceInit): (components: HopComponents) => HopService {
  return (components) => {
    const { reservations, meter, now } = init
    const limit = announcedLimit(init.circuitMaxBytes, init.circuitMaxMs)
    const circuits = createCircuits({ ...init, limit, connectionManager: components.connectionManager })
    let sweeping: NodeJS.Timeout | undefined

    const answer = async (request: HopRequest, stream: Stream, connection: Connection, signal: AbortSignal): Promise<Uint8Array | undefined> => {
      if (request.type === 'reserve') {
        const granted = await grantReservation({ ...init, limit, components, connection })
        if (granted.replaced !== undefined) closeSoon(components.connectionManager, connection.remotePeer, granted.replaced)
        meter.reservationAnswer(granted.status)
        return granted.message
      }
      if (request.type === 'connect') {
        const status: StatusName | undefined = await circuits.open(stream, connection, request.peer, signal)
        return status === undefined ? undefined : encodeHopStatus(status)
      }
      meter.refused('MALFORMED_REQUEST')
      return encodeHopStatus('UNEXPECTED_MESSAGE')
    }

    const onHop = async (stream: Stream, connection: Connection): Promise<void> => {
      const signal = AbortSignal.timeout(HOP_TIMEOUT_MS)
      const messages = lpStream(stream, { maxDataLength: MAX_HOP_MESSAGE_BYTES, maxBufferSize: 2 * MAX_HOP_MESSAGE_BYTES })
      try {
        const request = decodeHopRequest((await messages.read({ signal })).subarray())
        // A circuit writes its own answer, since its stream becomes the circuit.
        if (request.type === 'connect') messages.unwrap()
        const message = await answer(request, stream, connection, signal)
        if (message === undefined) return
        await lpStream(stream).write(message, { signal })
        await stream.close({ signal })
        endLater(stream)
      } catch (error) {
        meter.refused('MALFORMED_REQUEST')
        refuse(stream, error)
      }
    }

    const onDisconnect = (event: CustomEvent<PeerId>): void => reservations.markGone(event.detail, now())
    const onConnect = (event: CustomEvent<PeerId>): void => reservations.markBack(event.detail)

    return {
      circuits: circuits.size,
      start: async () => {
        await components.registrar.handle(RELAY_V2_HOP_CODEC, onHop, { maxInboundStreams: MAX_HOP_STREAMS_PER_CONNECTION, runOnLimitedConnection: true })
        components.events.addEventListener('peer:disconnect', onDisconnect)
        components.events.addEventListener('peer:connect', onConnect)
        sweeping = setInterval(() => {
          const ended = reservations.sweep(now())
          if (ended > 0) meter.reservation('closed', ended)
        }, RESERVATION_SWEEP_MS)
      },
      stop: async () => {
        clearInterval(sweeping)
        components.events.removeEventListener('peer:disconnect', onDisconnect)
        components.events.removeEventListener('peer:connect', onConnect)
        await components.registrar.unhandle(RELAY_V2_HOP_CODEC)
        circuits.stop()
      }
    }
  }
}

/** The limit of a circuit as clients read it: seconds, rounded up, and bytes in each direction. */
function announcedLimit(maxBytes: number, maxMs: number): CircuitLimit | undefined {
  if (maxBytes === 0 && maxMs === 0) return undefined
  return { durationS: maxMs === 0 ? undefined : Math.ceil(maxMs / 1000), dataBytes: maxBytes === 0 ? undefined : maxBytes }
}

/** One key in two places (a tab that took over, a copy): the newest connection is the peer, the one before gets time to finish. */
function closeSoon(connectionManager: ConnectionManager, peer: PeerId, connectionId: string): void {
  setTimeout(() => {
    const older = connectionManager.getConnections(peer).find((connection) => connection.id === connectionId && !isCircuit(connection))
    older?.close().catch(() => { /* it went by itself */ })
  }, SUPERSEDED_CONNECTION_MS).unref()
}

/** A client that leaves its side of an answered request open does not keep the stream for ever. */
function endLater(stream: Stream): void {
  setTimeout(() => stream.abort(new TypeError('the request was answered')), CIRCUIT_CLOSE_TIMEOUT_MS).unref()
}

/** Says what can still be said on a stream whose request was not understood, and ends it. */
function refuse(stream: Stream, error: unknown): void {
  const reason = error instanceof Error ? error : new TypeError(String(error))
  lpStream(stream)
    .write(encodeHopStatus('MALFORMED_MESSAGE'), { signal: AbortSignal.timeout(HOP_TIMEOUT_MS) })
    .catch(() => { /* nobody reads it */ })
    .finally(() => stream.abort(reason))
}
