import { readMessage, writeMessage } from '../protobuf.ts'

// Source: libp2p/specs, relay/circuit-v2.md, "Protobuf".
const TYPE_RESERVE = 0
const FIELD = { type: 1, reservation: 3, status: 5 } as const
const RESERVATION_FIELD = { expire: 1, addrs: 2 } as const

/** The answers of a relay that matter to who reserves. */
export const HOP_STATUS = { ok: 100, reservationRefused: 200, resourceLimitExceeded: 201, permissionDenied: 202 } as const

/** What a relay answers to a request for a reservation. */
export interface HopAnswer {
  readonly status: number | undefined
  /** UNIX seconds when the reservation ends. */
  readonly expireSeconds: number | undefined
  /** The relay's addresses as multiaddr bytes, not yet checked. */
  readonly addresses: readonly Uint8Array[]
}

/** Asks for a reservation. */
export function encodeReserve(): Uint8Array {
  return writeMessage(message => { message.varint(FIELD.type, TYPE_RESERVE) })
}

/** Reads the relay's answer. Throws FRAME_INVALID. */
export function decodeHopAnswer(bytes: Uint8Array): HopAnswer {
  let status: number | undefined
  let expireSeconds: number | undefined
  const addresses: Uint8Array[] = []
  readMessage(bytes, {
    varint: { [FIELD.status]: value => { status = Number(value) } },
    bytes: {
      [FIELD.reservation]: reservation => {
        readMessage(reservation, {
          varint: { [RESERVATION_FIELD.expire]: value => { expireSeconds = Number(value) } },
          bytes: { [RESERVATION_FIELD.addrs]: address => { addresses.push(address) } }
        })
      }
    }
  })
  return { status, expireSeconds, addresses }
}
