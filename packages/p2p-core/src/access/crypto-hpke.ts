import type { HpkePort } from '@gloflow/authz'
import { Aes256Gcm, CipherSuite, HkdfSha256 } from '@hpke/core'
import { DhkemX25519HkdfSha256 } from '@hpke/dhkem-x25519'
import { joined } from './crypto-bytes.ts'

/** HPKE of RFC 9180 in base mode, as authz asks for: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. The same code on each platform. */
export function createHpke(): HpkePort {
  const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })
  /** What a caller holds as the private half stands for the key, and shows nothing of it. */
  const privateKeys = new WeakMap<object, Awaited<ReturnType<typeof suite.kem.deriveKeyPair>>['privateKey']>()
  return {
    async deriveKeyPair(seed) {
      const pair = await suite.kem.deriveKeyPair(buffer(seed))
      const handle = Object.freeze({})
      privateKeys.set(handle, pair.privateKey)
      return { publicKey: new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey)), privateKey: handle }
    },
    async seal(recipient, info, aad, plaintext) {
      const recipientPublicKey = await suite.kem.deserializePublicKey(buffer(recipient))
      const sender = await suite.createSenderContext({ recipientPublicKey, info: buffer(info) })
      const ciphertext = await sender.seal(buffer(plaintext), buffer(aad))
      return { enc: new Uint8Array(sender.enc), ciphertext: new Uint8Array(ciphertext) }
    },
    async open(keys, enc, info, aad, ciphertext) {
      const recipientKey = typeof keys.privateKey === 'object' && keys.privateKey !== null ? privateKeys.get(keys.privateKey) : undefined
      if (recipientKey === undefined) throw new TypeError('These HPKE keys were made by another backend; derive them by this one')
      const recipient = await suite.createRecipientContext({ recipientKey, enc: buffer(enc), info: buffer(info) })
      return new Uint8Array(await recipient.open(buffer(ciphertext), buffer(aad)))
    }
  }
}

function buffer(bytes: Uint8Array): ArrayBuffer {
  return joined(bytes).buffer
}
