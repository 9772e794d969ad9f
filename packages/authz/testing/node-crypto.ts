import { createCipheriv, createDecipheriv, createPrivateKey, createPublicKey, pbkdf2 as nodePbkdf2, randomBytes, sign as nodeSign, verify as nodeVerify } from 'node:crypto'
import { promisify } from 'node:util'
import { Aes256Gcm, CipherSuite, HkdfSha256 } from '@hpke/core'
import { DhkemX25519HkdfSha256 } from '@hpke/dhkem-x25519'
import { concatBytes } from '../src/bytes.ts'
import type { AeadPort, CryptoPort, HpkePort } from '../src/crypto.ts'

/** DER around a raw Ed25519 seed (RFC 8410). */
const PKCS8 = Uint8Array.from(Buffer.from('302e020100300506032b657004220420', 'hex'))
const SPKI = Uint8Array.from(Buffer.from('302a300506032b6570032100', 'hex'))

/** The port on node:crypto and @hpke/core, for tests and the command-line programs. `random` can be replaced by a deterministic source. */
export function createNodeCrypto(options: { readonly random?: (bytes: number) => Uint8Array } = {}): CryptoPort {
  const random = options.random ?? ((bytes: number) => Uint8Array.from(randomBytes(bytes)))
  return {
    publicKey: async (seed) => Uint8Array.from(createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' }).subarray(-32)),
    sign: async (seed, message) => Uint8Array.from(nodeSign(null, message, privateKey(seed))),
    verify: async (key, message, signature) => {
      const publicKey = createPublicKey({ key: Buffer.from(concatBytes(SPKI, key)), format: 'der', type: 'spki' })
      return nodeVerify(null, message, publicKey, signature)
    },
    random,
    hpke: createHpke(random),
    aead,
    pbkdf2: async (passphrase, salt, rounds) => Uint8Array.from(await promisify(nodePbkdf2)(passphrase, salt, rounds, 32, 'sha256'))
  }
}

function privateKey(seed: Uint8Array): ReturnType<typeof createPrivateKey> {
  return createPrivateKey({ key: Buffer.from(concatBytes(PKCS8, seed)), format: 'der', type: 'pkcs8' })
}

const aead: AeadPort = {
  async seal(key, nonce, aad, plaintext) {
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad)
    return concatBytes(cipher.update(plaintext), cipher.final(), cipher.getAuthTag())
  },
  async open(key, nonce, aad, ciphertext) {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(aad)
    decipher.setAuthTag(ciphertext.subarray(-16))
    return concatBytes(decipher.update(ciphertext.subarray(0, -16)), decipher.final())
  }
}

/** The ephemeral key comes from `random`, so that a deterministic source gives deterministic wraps. */
function createHpke(random: (bytes: number) => Uint8Array): HpkePort {
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
      const ekm = await suite.kem.deriveKeyPair(buffer(random(32)))
      const sender = await suite.createSenderContext({ recipientPublicKey, info: buffer(info), ekm })
      const ciphertext = await sender.seal(buffer(plaintext), buffer(aad))
      return { enc: new Uint8Array(sender.enc), ciphertext: new Uint8Array(ciphertext) }
    },
    async open(keys, enc, info, aad, ciphertext) {
      const recipientKey = typeof keys.privateKey === 'object' && keys.privateKey !== null ? privateKeys.get(keys.privateKey) : undefined
      if (recipientKey === undefined) throw new TypeError('These HPKE keys are of another backend')
      const recipient = await suite.createRecipientContext({ recipientKey, enc: buffer(enc), info: buffer(info) })
      return new Uint8Array(await recipient.open(buffer(ciphertext), buffer(aad)))
    }
  }
}

function buffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer
}
