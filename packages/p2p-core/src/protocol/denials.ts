import type { PeerId } from '@libp2p/interface'
import { DENIALS_PER_SECOND, DENIAL_BURST } from '../limits.ts'
import { createRateLimit } from './rate-limit.ts'
import type { RateLimit } from './rate-limit.ts'

/** A refusal, as it is told to the application. */
export interface Denial {
  readonly id: PeerId
  readonly protocol: string
  readonly code: string
  readonly reason: string
}

/** Counts refusals, and tells of them. */
export interface DenialLog {
  /** How often each code was the reason. At most 64 codes; the rest under `OTHER`. */
  readonly counts: Readonly<Record<string, number>>
  count(denial: Denial): void
}

const MAX_CODES = 64
const MAX_PEERS = 1_024

/** Makes an empty log. Of one peer's refusals two a second are told (ten at once), so that who asks without end is no flood of events. */
export function createDenialLog(tell: (denial: Denial) => void): DenialLog {
  const counts = new Map<string, number>()
  const rates = new Map<string, RateLimit>()

  function mayTell(peer: string): boolean {
    const rate = rates.get(peer) ?? createRateLimit(DENIALS_PER_SECOND, DENIAL_BURST)
    rates.delete(peer)
    rates.set(peer, rate)
    const [oldest] = rates.keys()
    if (rates.size > MAX_PEERS && oldest !== undefined) rates.delete(oldest)
    return rate.tryTake()
  }

  return {
    get counts() { return Object.fromEntries(counts) },
    count(denial) {
      const code = counts.has(denial.code) || counts.size < MAX_CODES ? denial.code : 'OTHER'
      counts.set(code, (counts.get(code) ?? 0) + 1)
      if (mayTell(denial.id.toString())) tell(denial)
    }
  }
}
