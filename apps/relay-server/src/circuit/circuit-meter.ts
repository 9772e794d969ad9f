import type { CircuitEnd } from './splice.ts'
import type { StatusName } from './hop-messages.ts'

/** Why the relay said no, or ended something. Shown in /status.json and in the metrics. */
export type RefusalCode =
  | 'RESERVATION_OVER_CIRCUIT'
  | 'RESERVATION_DENIED'
  | 'RESERVATIONS_FULL'
  | 'CLIENT_RESERVATIONS_FULL'
  | 'CIRCUIT_OVER_CIRCUIT'
  | 'CIRCUIT_DENIED'
  | 'CIRCUIT_TO_NOBODY'
  | 'CIRCUITS_FULL'
  | 'PEER_CIRCUITS_FULL'
  | 'CLIENT_CIRCUITS_FULL'
  | 'PEER_BYTES'
  | 'CIRCUIT_FAILED'
  | 'CIRCUIT_BYTES'
  | 'CIRCUIT_TIME'
  | 'MALFORMED_REQUEST'

/** Hears what the circuit service does. */
export interface CircuitMeter {
  readonly reservation: (what: 'opened' | 'renewed' | 'closed', count?: number) => void
  readonly reservationAnswer: (status: StatusName) => void
  readonly circuitOpened: () => void
  readonly circuitEnded: (why: CircuitEnd, durationMs: number) => void
  readonly circuitAnswer: (status: StatusName) => void
  readonly bytes: (count: number) => void
  readonly refused: (code: RefusalCode) => void
}
