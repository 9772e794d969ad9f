import { base58btc } from 'multiformats/bases/base58'
import { concatBytes, fromHex, toHex } from './bytes.ts'
import { AuthzError } from './errors.ts'
import { MAX_REMEMBERED_DIDS } from './limits.ts'

/** `did:key` of an Ed25519 key, 56 characters. A libp2p Ed25519 PeerId has the same 32 bytes. */
export type Did = string & { readonly __did: true }

const PREFIX = 'did:key:z'
const DID_CHARACTERS = 56
/** Multicodec `ed25519-pub` as a varint. */
const ED25519 = Uint8Array.of(0xed, 0x01)

/** y coordinates, sign bit cleared, of the eight points of small order. */
const SMALL_ORDER_Y: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'
])

/** First bytes of those: almost every other key is told apart by this alone. */
const SMALL_ORDER_FIRST: ReadonlySet<number> = new Set([0x00, 0x01, 0xec, 0x26, 0xc7])

/**
 * @throws AuthzError DID_INVALID, KEY_TYPE, KEY_WEAK (SPEC AZ5, AZ6)
 */
export function parseDid(text: string): Did {
  if (good.has(text)) return toDid(text)
  const key = decodeDid(text)
  if (isWeakKey(key)) throw new AuthzError('KEY_WEAK', 'This key is of small order or not in canonical form: anything would verify under it')
  good.set(text, key)
  if (good.size > MAX_REMEMBERED_DIDS) forgetOldest()
  return toDid(text)
}

/** Keys of DIDs that were judged: the same few names come in every chain, and base58 is most of the work of parsing one. */
const good = new Map<string, Uint8Array>()

function forgetOldest(): void {
  for (const oldest of good.keys()) return void good.delete(oldest)
}

/** The 32 bytes of a DID's key. */
export function keyOfDid(did: Did): Uint8Array {
  return (good.get(did) ?? decodeDid(did)).slice()
}

/**
 * The DID of a 32-byte Ed25519 public key.
 * @throws AuthzError DID_INVALID, KEY_WEAK
 */
export function didOfKey(publicKey: Uint8Array): Did {
  if (publicKey.length !== 32) throw new AuthzError('DID_INVALID', `An Ed25519 key has 32 bytes, not ${publicKey.length}`)
  return parseDid(`did:key:${base58btc.encode(concatBytes(ED25519, publicKey))}`)
}

/** Every name passes here once, after its key was judged. */
function toDid(text: string): Did {
  return text as Did
}

function decodeDid(text: string): Uint8Array {
  if (!text.startsWith(PREFIX) || text.length > 2 * DID_CHARACTERS) throw notADid()
  let bytes: Uint8Array
  try {
    bytes = base58btc.decode(text.slice(PREFIX.length - 1))
  } catch (cause) {
    throw new AuthzError('DID_INVALID', 'A did:key must be base58btc', { cause })
  }
  if (bytes[0] !== ED25519[0] || bytes[1] !== ED25519[1]) {
    // A leading zero byte is a longer way to write nothing: no multicodec starts so.
    throw bytes[0] === 0 || bytes.length < 3 ? notADid() : new AuthzError('KEY_TYPE', 'Only Ed25519 keys are used here')
  }
  if (bytes.length !== 34 || text.length !== DID_CHARACTERS) throw notADid()
  return bytes.subarray(2)
}

function notADid(): AuthzError {
  return new AuthzError('DID_INVALID', `A DID here is did:key:z6Mk… with ${DID_CHARACTERS} characters`)
}

/** True for a key under which a signature proves nothing, or that has a second encoding. By bytes alone (SPEC AZ6). */
export function isWeakKey(key: Uint8Array): boolean {
  const y = key.slice()
  y[31] = (y[31] ?? 0) & 0x7f
  return isNotBelowP(y) || (SMALL_ORDER_FIRST.has(y[0] ?? 0) && SMALL_ORDER_Y.has(toHex(y)))
}

const P = fromHex(`ed${'ff'.repeat(30)}7f`) ?? new Uint8Array()
/** The order of the base point, little endian. */
const L = fromHex('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010') ?? new Uint8Array()

function isBelow(value: Uint8Array, bound: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const difference = (value[i] ?? 0) - (bound[i] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}

function isNotBelowP(y: Uint8Array): boolean {
  return !isBelow(y, P)
}

/**
 * The shape of a signature: 64 bytes, S < L, and R neither of small order nor in a second encoding. By bytes alone (SPEC AZ7). Backends disagree on an R of
 * small order for which the equation holds (OpenSSL 3.5 refuses it, others do not), and no honest signer makes one.
 */
export function isSignatureShape(signature: Uint8Array): boolean {
  return signature.length === 64 && !isWeakKey(signature.subarray(0, 32)) && isBelow(signature.subarray(32), L)
}
