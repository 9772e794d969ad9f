import { equalBytes } from './bytes.ts'
import type { Signer } from './crypto.ts'
import type { Did } from './did.ts'
import { createEnvelope, parseEnvelope, type Signed } from './envelope.ts'
import { AuthzError } from './errors.ts'
import { readBytes, readDid, readFields, readTime } from './fields.ts'
import { CLOCK_SKEW_S, MAX_NONCE_BYTES, MAX_POP_LIFETIME_S, MAX_TOKEN_BYTES, MIN_NONCE_BYTES } from './limits.ts'
import type { Verifier } from './verify.ts'

const TAG = 'gf/pop@1'

/** Proof, where no secure channel authenticates the sender, that the holder of a key made this very request. */
export interface Possession extends Signed {
  readonly aud: Did
  readonly nonce: Uint8Array
  readonly request: Uint8Array
  /** UNIX seconds. */
  readonly exp: number
}

/** What the server knows of the request that it answers. */
export interface PossessionPolicy {
  readonly server: Did
  /** The nonce that the server gave out, and takes once. */
  readonly nonce: Uint8Array
  /** SHA-256 of the request as the server defines it (method, path, body). */
  readonly request: Uint8Array
  /** UNIX seconds. */
  readonly now: number
}

export async function createPossession(signer: Signer, options: Pick<Possession, 'aud' | 'nonce' | 'request' | 'exp'>): Promise<Uint8Array> {
  return createEnvelope(signer, TAG, { iss: signer.did, aud: options.aud, nonce: options.nonce, req: options.request, exp: options.exp })
}

/** @throws AuthzError TOKEN_TOO_LARGE, CBOR_*, ENVELOPE_*, FIELD_*, NONCE_LENGTH */
export function parsePossession(bytes: Uint8Array): Possession {
  const { body, ...envelope } = parseEnvelope(bytes, TAG, MAX_TOKEN_BYTES, 'TOKEN_TOO_LARGE')
  const fields = readFields(body, 'a proof of possession', ['iss', 'aud', 'nonce', 'req', 'exp'])
  return {
    ...envelope,
    iss: readDid(fields, 'iss'),
    aud: readDid(fields, 'aud'),
    nonce: readBytes(fields, 'nonce', MIN_NONCE_BYTES, MAX_NONCE_BYTES, 'NONCE_LENGTH'),
    request: readBytes(fields, 'req', 32),
    exp: readTime(fields, 'exp')
  }
}

/**
 * SPEC AZ22. Resolves to the key that made the request: the `remote` of a decision.
 * @throws AuthzError POP_MISMATCH, EXPIRED, TIME_INVALID, CLOCK_INVALID, SIGNATURE_INVALID
 */
export async function verifyPossession(bytes: Uint8Array, policy: PossessionPolicy, verifier: Verifier): Promise<Did> {
  const proof = parsePossession(bytes)
  const same = proof.aud === policy.server && equalBytes(proof.nonce, policy.nonce) && equalBytes(proof.request, policy.request)
  if (!same) throw new AuthzError('POP_MISMATCH', 'The proof is for another server, nonce or request; ask for a new nonce')
  if (!Number.isSafeInteger(policy.now)) throw new AuthzError('CLOCK_INVALID', 'The clock gave no time; set it and try again')
  if (policy.now > proof.exp + CLOCK_SKEW_S) throw new AuthzError('EXPIRED', 'The proof has ended; make a new one')
  if (proof.exp > policy.now + MAX_POP_LIFETIME_S + CLOCK_SKEW_S) throw new AuthzError('TIME_INVALID', `A proof lives at most ${MAX_POP_LIFETIME_S} s; make a shorter one`)
  await verifier.check(proof)
  return proof.iss
}
