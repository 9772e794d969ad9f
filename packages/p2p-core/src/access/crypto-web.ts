import type { AeadPort, CryptoPort } from '@gloflow/authz'
import { joined, pkcs8OfSeed } from './crypto-bytes.ts'
import { createHpke } from './crypto-hpke.ts'

/** The part of the port that not every browser has. */
export type Ed25519Backend = Pick<CryptoPort, 'publicKey' | 'sign' | 'verify'>

/**
 * The port on WebCrypto. Where it has no Ed25519 (Chrome before 137), that part is computed by noble's code, which is loaded only then.
 */
export async function createWebCrypto(): Promise<CryptoPort> {
  const ed25519 = await hasEd25519() ? webEd25519 : (await import('./crypto-noble.ts')).nobleEd25519
  return {
    ...ed25519,
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    hpke: createHpke(),
    aead,
    async pbkdf2(passphrase, salt, rounds) {
      const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(passphrase), 'PBKDF2', false, ['deriveBits'])
      return new Uint8Array(await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt: joined(salt), iterations: rounds }, key, 256))
    }
  }
}

async function hasEd25519(): Promise<boolean> {
  return crypto.subtle.importKey('pkcs8', pkcs8OfSeed(new Uint8Array(32)), 'Ed25519', false, ['sign']).then(() => true, () => false)
}

const webEd25519: Ed25519Backend = {
  async publicKey(seed) {
    // the one place where WebCrypto gives out the public half of a private key
    const { x } = await crypto.subtle.exportKey('jwk', await crypto.subtle.importKey('pkcs8', pkcs8OfSeed(seed), 'Ed25519', true, ['sign']))
    return Uint8Array.from(atob((x ?? '').replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0))
  },
  async sign(seed, message) {
    const key = await crypto.subtle.importKey('pkcs8', pkcs8OfSeed(seed), 'Ed25519', false, ['sign'])
    return new Uint8Array(await crypto.subtle.sign('Ed25519', key, joined(message)))
  },
  async verify(publicKey, message, signature) {
    // some browsers find out at import that a key is no point, others at verification
    const key = await crypto.subtle.importKey('raw', joined(publicKey), 'Ed25519', false, ['verify']).catch(() => undefined)
    return key !== undefined && crypto.subtle.verify('Ed25519', key, joined(signature), joined(message))
  }
}

const aead: AeadPort = {
  async seal(key, nonce, aad, plaintext) {
    return new Uint8Array(await crypto.subtle.encrypt(gcm(nonce, aad), await aesKey(key, 'encrypt'), joined(plaintext)))
  },
  async open(key, nonce, aad, ciphertext) {
    return new Uint8Array(await crypto.subtle.decrypt(gcm(nonce, aad), await aesKey(key, 'decrypt'), joined(ciphertext)))
  }
}

function aesKey(key: Uint8Array, usage: 'decrypt' | 'encrypt'): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', joined(key), 'AES-GCM', false, [usage])
}

function gcm(nonce: Uint8Array, aad: Uint8Array): AesGcmParams {
  return { name: 'AES-GCM', iv: joined(nonce), additionalData: joined(aad) }
}
