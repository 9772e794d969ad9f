import { bytesFields, numberField, readFields, writeFields } from './wire.ts'

// The messages of circuit relay v2. Source: libp2p/specs, relay/circuit-v2.md, section "Protobuf".

/** The status codes that this relay sends, by their names in the specification. */
export const STATUS = {
  OK: 100,
  RESERVATION_REFUSED: 200,
  RESOURCE_LIMIT_EXCEEDED: 201,
  PERMISSION_DENIED: 202,
  CONNECTION_FAILED: 203,
  NO_RESERVATION: 204,
  MALFORMED_MESSAGE: 400,
  UNEXPECTED_MESSAGE: 401
} as const

/** The name of a status. */
export type StatusName = keyof typeof STATUS

/** What a client asks for. `peer` is the destination's multihash, still to be checked. */
export type HopRequest = { readonly type: 'reserve' } | { readonly type: 'connect'; readonly peer: Uint8Array | undefined } | { readonly type: 'other' }

/** The limit of a circuit as it is announced: seconds, and bytes in each direction. `undefined` fields = no limit. */
export interface CircuitLimit {
  readonly durationS: number | undefined
  readonly dataBytes: number | undefined
}

const HOP_RESERVE = 0n
const HOP_CONNECT = 1n
const HOP_STATUS = 2
const STOP_CONNECT = 0
const STOP_STATUS = 1n

/** Reads a HopMessage. Throws WireError on what is no protobuf. */
export function decodeHopRequest(bytes: Uint8Array): HopRequest {
  const fields = readFields(bytes)
  const type = numberField(fields, 1)
  if (type === HOP_RESERVE) return { type: 'reserve' }
  if (type !== HOP_CONNECT) return { type: 'other' }
  const peer = bytesFields(fields, 2).at(-1)
  return { type: 'connect', peer: peer === undefined ? undefined : bytesFields(readFields(peer), 1).at(-1) }
}

/** A HopMessage with a status and, where it is OK, what was granted. */
export function encodeHopStatus(
  status: StatusName,
  granted: { readonly reservation?: Uint8Array; readonly limit?: CircuitLimit | undefined } = {}
): Uint8Array {
  return writeFields([[1, HOP_STATUS], [3, granted.reservation], [4, encodeLimit(granted.limit)], [5, STATUS[status]]])
}

/** A Reservation: when it ends, where the relay is, and the signed voucher. */
export function encodeReservation(expireS: number, addresses: readonly Uint8Array[], voucher: Uint8Array): Uint8Array {
  return writeFields([[1, expireS], ...addresses.map((address) => [2, address] as const), [3, voucher]])
}

/** A StopMessage that asks the destination to take a circuit from `source` (its multihash). */
export function encodeStopConnect(source: Uint8Array, limit: CircuitLimit | undefined): Uint8Array {
  return writeFields([[1, STOP_CONNECT], [2, writeFields([[1, source]])], [3, encodeLimit(limit)]])
}

/** True where the destination's StopMessage takes the circuit. Throws WireError on what is no protobuf. */
export function isStopAccepted(bytes: Uint8Array): boolean {
  const fields = readFields(bytes)
  return numberField(fields, 1) === STOP_STATUS && numberField(fields, 4) === BigInt(STATUS.OK)
}

/** A ReservationVoucher: what the relay signs so that others can check a reservation. */
export function encodeVoucher(relay: Uint8Array, peer: Uint8Array, expireS: number): Uint8Array {
  return writeFields([[1, relay], [2, peer], [3, expireS]])
}

function encodeLimit(limit: CircuitLimit | undefined): Uint8Array | undefined {
  return limit === undefined ? undefined : writeFields([[1, limit.durationS], [2, limit.dataBytes]])
}
