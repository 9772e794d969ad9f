import type { Signer } from './crypto.ts'
import type { Did } from './did.ts'
import { createEnvelope, parseEnvelope, type Signed } from './envelope.ts'
import { readBytes, readDid, readFields } from './fields.ts'
import { MAX_TOKEN_BYTES } from './limits.ts'

const TAG = 'gf/card@1'

/** A device's X25519 key, signed by its Ed25519 key, so that nobody can have content wrapped for a key of their own in its name. */
export interface Card extends Signed {
  readonly bytes: Uint8Array
  /** X25519 public key. */
  readonly x: Uint8Array
  /** The device whose person this one says it belongs to; undefined for a person's first device and for links. */
  readonly by: Did | undefined
}

/** Signs a card. `by` is the consent to be a device, or the recovery key, of that device's person. */
export async function createCard(signer: Signer, x: Uint8Array, by?: Did): Promise<Card> {
  return parseCard(await createEnvelope(signer, TAG, { iss: signer.did, x, by: by ?? null }))
}

/** @throws AuthzError TOKEN_TOO_LARGE, CBOR_*, ENVELOPE_*, FIELD_*, DID_INVALID */
export function parseCard(bytes: Uint8Array): Card {
  const { body, ...envelope } = parseEnvelope(bytes, TAG, MAX_TOKEN_BYTES, 'TOKEN_TOO_LARGE')
  const fields = readFields(body, 'a key card', ['iss', 'x', 'by'])
  return {
    ...envelope,
    bytes,
    iss: readDid(fields, 'iss'),
    x: readBytes(fields, 'x', 32),
    by: fields.get('by') === null ? undefined : readDid(fields, 'by')
  }
}
