import { type Did, didOfKey } from './did.ts'

/**
 * What this package needs from a platform. Backends live outside (WebCrypto, node:crypto, a fall-back in pure code); each must pass the
 * suite in `./testing`. Nothing in here makes randomness of its own.
 */
export interface CryptoPort {
  /** The Ed25519 public key of a 32-byte seed. */
  publicKey(seed: Uint8Array): Promise<Uint8Array>
  /** An Ed25519 signature by the key of a 32-byte seed: links, genesis and recovery keys. Device keys sign through a {@link Signer}. */
  sign(seed: Uint8Array, message: Uint8Array): Promise<Uint8Array>
  /** SPEC AZ7: the cofactorless equation with R compared as bytes. Key and signature shape were judged before. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean>
  random(bytes: number): Uint8Array
  readonly hpke: HpkePort
  readonly aead: AeadPort
  /** PBKDF2-HMAC-SHA-256, 32 bytes out. */
  pbkdf2(passphrase: string, salt: Uint8Array, rounds: number): Promise<Uint8Array>
}

/** RFC 9180 base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. */
export interface HpkePort {
  /** The X25519 key pair of a 32-byte seed (RFC 9180 DeriveKeyPair). The private half stays inside the platform. */
  deriveKeyPair(seed: Uint8Array): Promise<HpkeKeyPair>
  seal(recipient: Uint8Array, info: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Promise<HpkeSealed>
  /** Rejects where the key, `info`, `aad` or the ciphertext differ. */
  open(keys: HpkeKeyPair, enc: Uint8Array, info: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Promise<Uint8Array>
}

export interface HpkeKeyPair {
  readonly publicKey: Uint8Array
  readonly privateKey: unknown
}

export interface HpkeSealed {
  readonly enc: Uint8Array
  readonly ciphertext: Uint8Array
}

/** AES-256-GCM: 32-byte key, 12-byte nonce, tag appended. */
export interface AeadPort {
  seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Promise<Uint8Array>
  /** Rejects where anything differs. */
  open(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Promise<Uint8Array>
}

/** A key that signs without being readable, such as a sealed device key. */
export interface Signer {
  readonly did: Did
  sign(message: Uint8Array): Promise<Uint8Array>
}

/** The signer of a seed that is at hand: a link's, a genesis key's or a recovery key's. */
export async function createSigner(crypto: CryptoPort, seed: Uint8Array): Promise<Signer> {
  const did = didOfKey(await crypto.publicKey(seed))
  return { did, sign: (message) => crypto.sign(seed, message) }
}
