import { concatBytes, sha256, utf8 } from './bytes.ts'
import { type Card, createCard } from './card.ts'
import { createSigner, type CryptoPort, type HpkeKeyPair, type Signer } from './crypto.ts'
import type { Did } from './did.ts'
import { AuthzError } from './errors.ts'
import { isMap } from './fields.ts'
import { MAX_PBKDF2_ROUNDS, MIN_PBKDF2_ROUNDS } from './limits.ts'

const ENTROPY_BYTES = 32
const WORDS = 24
const LIST_WORDS = 2_048
const FILE_AAD = utf8('gf-recovery-file-v1')

/** The keys of a recovery key. Its entropy is what the 24 words or the file hold; it is never a device's. */
export interface RecoveryKeys {
  readonly signer: Signer
  readonly hpke: HpkeKeyPair
  /** The card that registers it for the person of the device `by`. */
  cardFor(by: Did): Promise<Card>
}

/** The keys of 32 bytes of entropy (WIRE, Keys). @throws AuthzError RECOVERY_PHRASE */
export async function recoveryKeys(crypto: CryptoPort, entropy: Uint8Array): Promise<RecoveryKeys> {
  assertEntropy(entropy)
  const signer = await createSigner(crypto, sha256(concatBytes(utf8('gf-recovery-sign-v1'), entropy)))
  const hpke = await crypto.hpke.deriveKeyPair(sha256(concatBytes(utf8('gf-recovery-hpke-v1'), entropy)))
  return { signer, hpke, cardFor: (by) => createCard(signer, hpke.publicKey, by) }
}

/**
 * 24 words for 32 bytes, as BIP-39 has them: 11 bits a word, the last 8 bits a checksum. `list` is its list of 2,048 words in any language, handed
 * in so that it weighs on nobody who does not need it.
 */
export function wordsOf(entropy: Uint8Array, list: readonly string[]): readonly string[] {
  assertEntropy(entropy)
  assertList(list)
  const bits = [...concatBytes(entropy, sha256(entropy).subarray(0, 1))].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return Array.from({ length: WORDS }, (_, i) => list[Number.parseInt(bits.slice(11 * i, 11 * i + 11), 2)] ?? '')
}

/** The entropy of 24 words, forgiving case and spaces. @throws AuthzError RECOVERY_PHRASE saying which word is wrong */
export function entropyOf(phrase: string, list: readonly string[]): Uint8Array {
  assertList(list)
  const words = phrase.normalize('NFKD').toLowerCase().trim().split(/\s+/)
  if (words.length !== WORDS) throw new AuthzError('RECOVERY_PHRASE', `A recovery phrase has ${WORDS} words, not ${words.length}`)
  const index = new Map(list.map((word, i) => [word.normalize('NFKD'), i]))
  const bits = words.map((word, i) => {
    const at = index.get(word)
    if (at === undefined) throw new AuthzError('RECOVERY_PHRASE', `Word ${i + 1} is not in the list; check its spelling`)
    return at.toString(2).padStart(11, '0')
  })
  const joined = bits.join('')
  const bytes = Uint8Array.from({ length: ENTROPY_BYTES + 1 }, (_, i) => Number.parseInt(joined.slice(8 * i, 8 * i + 8), 2))
  const entropy = bytes.slice(0, ENTROPY_BYTES)
  if (bytes[ENTROPY_BYTES] !== sha256(entropy)[0]) throw new AuthzError('RECOVERY_PHRASE', 'The words do not belong together; check their order')
  return entropy
}

/** Encrypts the entropy under a pass phrase: a JSON file (WIRE, Keys). */
export async function sealRecoveryFile(crypto: CryptoPort, entropy: Uint8Array, passphrase: string, rounds: number = MIN_PBKDF2_ROUNDS): Promise<string> {
  assertEntropy(entropy)
  assertRounds(rounds)
  const salt = crypto.random(16)
  const nonce = crypto.random(12)
  const key = await crypto.pbkdf2(passphrase.normalize('NFKC'), salt, rounds)
  const box = await crypto.aead.seal(key, nonce, FILE_AAD, entropy)
  return JSON.stringify({ v: 1, kdf: 'PBKDF2-SHA-256', rounds, salt: toBase64(salt), nonce: toBase64(nonce), box: toBase64(box) })
}

/** @throws AuthzError RECOVERY_PHRASE for a wrong pass phrase or a file that is none */
export async function openRecoveryFile(crypto: CryptoPort, file: string, passphrase: string): Promise<Uint8Array> {
  const { rounds, salt, nonce, box } = parseFile(file)
  const key = await crypto.pbkdf2(passphrase.normalize('NFKC'), salt, rounds)
  try {
    return await crypto.aead.open(key, nonce, FILE_AAD, box)
  } catch (cause) {
    throw new AuthzError('RECOVERY_PHRASE', 'The pass phrase is not the one that this file was made with', { cause })
  }
}

interface RecoveryFile {
  readonly rounds: number
  readonly salt: Uint8Array
  readonly nonce: Uint8Array
  readonly box: Uint8Array
}

function parseFile(file: string): RecoveryFile {
  if (file.length > 1_024) throw notAFile()
  let value: unknown
  try {
    value = JSON.parse(file)
  } catch (cause) {
    throw new AuthzError('RECOVERY_PHRASE', 'This is not a recovery file', { cause })
  }
  if (!isMap(value) || value['v'] !== 1 || value['kdf'] !== 'PBKDF2-SHA-256') throw notAFile()
  const rounds = value['rounds']
  if (typeof rounds !== 'number') throw notAFile()
  assertRounds(rounds)
  return { rounds, salt: fromBase64(value['salt'], 16), nonce: fromBase64(value['nonce'], 12), box: fromBase64(value['box'], 48) }
}

function assertRounds(rounds: number): void {
  if (Number.isSafeInteger(rounds) && rounds >= MIN_PBKDF2_ROUNDS && rounds <= MAX_PBKDF2_ROUNDS) return
  throw new AuthzError('RECOVERY_PHRASE', `A recovery file uses ${MIN_PBKDF2_ROUNDS} to ${MAX_PBKDF2_ROUNDS} rounds`)
}

function assertEntropy(entropy: Uint8Array): void {
  if (entropy.length !== ENTROPY_BYTES) throw new AuthzError('RECOVERY_PHRASE', `A recovery key has ${ENTROPY_BYTES} bytes, not ${entropy.length}`)
}

function assertList(list: readonly string[]): void {
  if (new Set(list).size !== LIST_WORDS) throw new AuthzError('RECOVERY_PHRASE', `The list must have ${LIST_WORDS} different words`)
}

function notAFile(): AuthzError {
  return new AuthzError('RECOVERY_PHRASE', 'This is not a recovery file')
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

function fromBase64(value: unknown, length: number): Uint8Array {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/]+=*$/.test(value)) throw notAFile()
  const bytes = Uint8Array.from(atob(value), (character) => character.charCodeAt(0))
  if (bytes.length !== length) throw notAFile()
  return bytes
}
