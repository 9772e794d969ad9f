import { createCipheriv, createDecipheriv, createPrivateKey, createPublicKey, pbkdf2 as pbkdf2Callback, randomBytes, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { AeadPort, CryptoPort } from '@gloflow/authz'
import { joined, pkcs8OfSeed, spkiOfKey } from './crypto-bytes.ts'
import { createHpke } from './crypto-hpke.ts'

const TAG_BYTES = 16
const pbkdf2 = promisify(pbkdf2Callback)

/** The port on node:crypto. */
export function createNodeCrypto(): CryptoPort {
  return {
    publicKey: async (seed) => joined(createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' }).subarray(-32)),
    sign: async (seed, message) => joined(sign(null, message, privateKey(seed))),
    async verify(key, message, signature) {
      const publicKey = createPublicKey({ key: Buffer.from(spkiOfKey(key)), format: 'der', type: 'spki' })
      return verify(null, message, publicKey, signature)
    },
    random: (bytes) => joined(randomBytes(bytes)),
    hpke: createHpke(),
    aead,
    pbkdf2: async (passphrase, salt, rounds) => joined(await pbkdf2(passphrase, salt, rounds, 32, 'sha256'))
  }
}

function privateKey(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.from(pkcs8OfSeed(seed)), format: 'der', type: 'pkcs8' })
}

const aead: AeadPort = {
  async seal(key, nonce, aad, plaintext) {
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad)
    return joined(cipher.update(plaintext), cipher.final(), cipher.getAuthTag())
  },
  async open(key, nonce, aad, ciphertext) {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(aad)
    decipher.setAuthTag(ciphertext.subarray(-TAG_BYTES))
    return joined(decipher.update(ciphertext.subarray(0, -TAG_BYTES)), decipher.final())
  }
}
