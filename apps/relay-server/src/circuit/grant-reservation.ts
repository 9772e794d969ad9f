import type { Connection, PeerId, PrivateKey } from '@libp2p/interface'
import type { AddressManager } from '@libp2p/interface-internal'
import { RecordEnvelope } from '@libp2p/peer-record'
import { MAX_RESERVATION_ADDRESSES } from '../limits.ts'
import type { RelayAccess } from '../access/relay-access.ts'
import type { CircuitMeter } from './circuit-meter.ts'
import { isCircuit } from './connections.ts'
import type { CircuitLimit, StatusName } from './hop-messages.ts'
import { encodeHopStatus, encodeReservation, encodeVoucher } from './hop-messages.ts'
import type { Reservations } from './reservations.ts'

/** One request for a reservation. */
export interface ReservationRequest {
  readonly reservations: Reservations
  readonly access: RelayAccess
  readonly meter: CircuitMeter
  readonly limit: CircuitLimit | undefined
  readonly clientOf: (connection: Connection) => string | undefined
  readonly now: () => number
  readonly components: { readonly addressManager: AddressManager; readonly peerId: PeerId; readonly privateKey: PrivateKey }
  readonly connection: Connection
}

/** The answer, and the connection that this one takes the place of. */
export interface GrantedReservation {
  readonly status: StatusName
  readonly message: Uint8Array
  readonly replaced: string | undefined
}

/** Source: libp2p/specs, relay/circuit-v2.md, section "Signed Reservation Vouchers". */
const VOUCHER_DOMAIN = 'libp2p-relay-rsvp'
const VOUCHER_PAYLOAD_TYPE = Uint8Array.of(0x03, 0x02)

/** Decides on a reservation and makes the answer. */
export async function grantReservation(request: ReservationRequest): Promise<GrantedReservation> {
  const { connection, meter } = request
  if (isCircuit(connection)) {
    meter.refused('RESERVATION_OVER_CIRCUIT')
    return refusal('PERMISSION_DENIED')
  }
  if (!request.access.mayReserve(connection.remotePeer)) {
    meter.refused('RESERVATION_DENIED')
    return refusal('PERMISSION_DENIED')
  }
  const slot = { peer: connection.remotePeer, client: request.clientOf(connection), connection: connection.id }
  const outcome = request.reservations.reserve(slot, request.now())
  if (!outcome.ok) {
    meter.refused(outcome.refusal)
    return refusal('RESERVATION_REFUSED')
  }
  meter.reservation(outcome.previous === undefined ? 'opened' : 'renewed')
  const message = await grantMessage(request, Math.floor(outcome.reservation.expiresAtMs / 1000))
  const replaced = outcome.previous?.connection
  return { status: 'OK', message, replaced: replaced === connection.id ? undefined : replaced }
}

function refusal(status: StatusName): GrantedReservation {
  return { status, message: encodeHopStatus(status), replaced: undefined }
}

async function grantMessage(request: ReservationRequest, expireS: number): Promise<Uint8Array> {
  const { addressManager, peerId, privateKey } = request.components
  const payload = encodeVoucher(peerId.toMultihash().bytes, request.connection.remotePeer.toMultihash().bytes, expireS)
  const voucher = await RecordEnvelope.seal({ domain: VOUCHER_DOMAIN, codec: VOUCHER_PAYLOAD_TYPE, marshal: () => payload, equals: () => false }, privateKey)
  const addresses = addressManager.getAddresses().filter((address) => !address.toString().includes('/p2p-circuit'))
  const reservation = encodeReservation(expireS, addresses.slice(0, MAX_RESERVATION_ADDRESSES).map((address) => address.bytes), voucher.marshal())
  return encodeHopStatus('OK', { reservation, limit: request.limit })
}
