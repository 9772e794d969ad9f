import { RELAY_RETRY_HIDDEN_MS, RELAY_RETRY_MAX_MS, RELAY_RETRY_MIN_MS, RELAY_RETRY_REFUSED_MS } from '../limits.ts'

/** What the delay before the next attempt depends on. */
export interface BackoffFacts {
  /** Failed attempts in a row, 1 or more. */
  readonly failures: number
  readonly hidden: boolean
  /** Whether a person or an operator has to do something first. */
  readonly refused: boolean
  /** Uniform in [0, 1). */
  readonly random: number
}

/**
 * Milliseconds until the next attempt: doubling up to a cap, and between half and all of that, so that the many who lost a relay
 * together do not come back together. There is no last attempt.
 */
export function retryDelayMs({ failures, hidden, refused, random }: BackoffFacts): number {
  const capMs = refused ? RELAY_RETRY_REFUSED_MS : hidden ? RELAY_RETRY_HIDDEN_MS : RELAY_RETRY_MAX_MS
  const fullMs = Math.min(capMs, RELAY_RETRY_MIN_MS * 2 ** Math.min(failures - 1, 30))
  return Math.round(fullMs * (0.5 + random / 2))
}
