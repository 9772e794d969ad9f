import { concatBytes, sha256, toHex } from './bytes.ts'
import type { CryptoPort } from './crypto.ts'
import { isSignatureShape, isWeakKey } from './did.ts'
import { issuerKey, type Signed } from './envelope.ts'
import { AuthzError } from './errors.ts'
import { MAX_CACHED_VERDICTS, VERIFY_BUDGET_BURST, VERIFY_BUDGET_PER_S } from './limits.ts'

/** Checks signatures, by a backend, maybe remembering good ones. */
export interface Verifier {
  /**
   * Resolves where the signature is its issuer's.
   * @throws AuthzError SIGNATURE_INVALID, VERIFY_BUDGET
   */
  check(signed: Signed, budget?: VerifyBudget): Promise<void>
}

/** True where `signature` is by `key` over `message`: key and signature judged by their bytes first, then one equation (SPEC AZ6, AZ7). */
export async function isSignatureBy(crypto: Pick<CryptoPort, 'verify'>, key: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  return key.length === 32 && !isWeakKey(key) && isSignatureShape(signature) && crypto.verify(key, message, signature)
}

/** A verifier without memory. */
export function createVerifier(crypto: Pick<CryptoPort, 'verify'>): Verifier {
  return {
    async check(signed, budget) {
      spend(budget)
      if (!(await isSignatureBy(crypto, issuerKey(signed), signed.payload, signed.signature))) throw invalidSignature(signed)
    }
  }
}

/**
 * A verifier that remembers good verdicts, at most `max` of them, the oldest forgotten first. The key covers payload and signature, so that another
 * signature over the same payload is checked anew; bad verdicts are not kept, so that nobody can fill the memory with them.
 */
export function createCachingVerifier(crypto: Pick<CryptoPort, 'verify'>, max: number = MAX_CACHED_VERDICTS): Verifier {
  const good = new Set<string>()
  const verifier = createVerifier(crypto)
  return {
    async check(signed, budget) {
      const key = toHex(sha256(concatBytes(sha256(signed.payload), signed.signature)))
      if (good.has(key)) return
      await verifier.check(signed, budget)
      good.add(key)
      if (good.size > max) for (const oldest of good) return void good.delete(oldest)
    }
  }
}

/** How many signatures one peer may still make us check: a token bucket. Time is an argument. */
export interface VerifyBudget {
  /** Takes one; false where none is left. */
  take(): boolean
  /** Refills up to the burst; `nowS` in seconds, never going back. */
  refill(nowS: number): void
}

export function createVerifyBudget(nowS: number, burst: number = VERIFY_BUDGET_BURST, perSecond: number = VERIFY_BUDGET_PER_S): VerifyBudget {
  let left = burst
  let at = nowS
  return {
    take() {
      if (left < 1) return false
      left -= 1
      return true
    },
    refill(nowS) {
      if (nowS <= at) return
      left = Math.min(burst, left + (nowS - at) * perSecond)
      at = nowS
    }
  }
}

function spend(budget: VerifyBudget | undefined): void {
  if (budget !== undefined && !budget.take()) throw new AuthzError('VERIFY_BUDGET', 'Too many signatures to check from this peer; it may try again in a few seconds')
}

function invalidSignature(signed: Signed): AuthzError {
  return new AuthzError('SIGNATURE_INVALID', `The signature is not by ${signed.iss}`)
}
