import { concatBytes, equalBytes, sha256, toHex } from './bytes.ts'
import { type Cbor, decodeCbor, encodeCbor } from './cbor.ts'
import type { Signer } from './crypto.ts'
import { type Did, isSignatureShape, keyOfDid } from './did.ts'
import { AuthzError, type AuthzErrorCode } from './errors.ts'
import { isMap } from './fields.ts'

/** Varsig 1: EdDSA, edwards25519, SHA-512, DAG-CBOR. */
const VARSIG = Uint8Array.of(0x34, 0x01, 0xed, 0x01, 0xed, 0x01, 0x13, 0x71)

/** What keeps a signature of one kind from being another's. */
export type Tag = 'ucan/dlg@1.0.0-rc.1' | 'gf/card@1' | 'gf/op@1' | 'gf/checkpoint@1' | 'gf/pop@1'

/** Head of the outer list, head of the signature, signature: the signed payload is what follows. */
const PAYLOAD_AT = 1 + 2 + 64

/** A parsed envelope, its signature not yet verified (SPEC AZ3). */
export interface Envelope {
  /** SHA-256 of the signed payload, hex. */
  readonly id: string
  readonly payload: Uint8Array
  readonly signature: Uint8Array
  readonly body: unknown
}

/** Something signed by the key of `iss`, in the form that signature checks take. */
export interface Signed {
  readonly id: string
  readonly iss: Did
  readonly payload: Uint8Array
  readonly signature: Uint8Array
}

/**
 * @throws AuthzError tooLarge, CBOR_*, ENVELOPE_INVALID, SIGNATURE_MALFORMED, VARSIG_UNKNOWN, TAG_UNKNOWN
 */
export function parseEnvelope(bytes: Uint8Array, tag: Tag, maxBytes: number, tooLarge: AuthzErrorCode): Envelope {
  if (bytes.length > maxBytes) throw new AuthzError(tooLarge, `${bytes.length} bytes where ${maxBytes} are the most`)
  const outer = decodeCbor(bytes)
  if (!Array.isArray(outer) || outer.length !== 2) throw notAnEnvelope()
  const [signature, payload]: readonly unknown[] = outer
  if (!(signature instanceof Uint8Array) || !isMap(payload) || Object.keys(payload).length !== 2) throw notAnEnvelope()
  if (!isSignatureShape(signature)) throw new AuthzError('SIGNATURE_MALFORMED', 'An Ed25519 signature has 64 bytes, a canonical R, and S below the group order')
  const header = payload['h']
  if (!(header instanceof Uint8Array)) throw notAnEnvelope()
  if (!equalBytes(header, VARSIG)) throw new AuthzError('VARSIG_UNKNOWN', 'Only Ed25519 over DAG-CBOR is used here')
  if (!Object.hasOwn(payload, tag)) throw new AuthzError('TAG_UNKNOWN', `This is not a ${tag}`)
  const signed = bytes.subarray(PAYLOAD_AT)
  return { id: toHex(sha256(signed)), payload: signed, signature, body: payload[tag] }
}

/** Signs `body` under `tag`. */
export async function createEnvelope(signer: Signer, tag: Tag, body: Cbor): Promise<Uint8Array> {
  const payload = encodeCbor({ h: VARSIG, [tag]: body })
  const signature = await signer.sign(payload)
  return concatBytes(Uint8Array.of(0x82, 0x58, 0x40), signature, payload)
}

/** The key that must have signed. */
export function issuerKey(signed: Signed): Uint8Array {
  return keyOfDid(signed.iss)
}

function notAnEnvelope(): AuthzError {
  return new AuthzError('ENVELOPE_INVALID', 'Not a signed envelope of signature and payload; ask for it again')
}
