import { createHash, webcrypto } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import type { CryptoPort } from '../src/index.ts'
import { createNodeCrypto } from '../testing/index.ts'

type Verify = CryptoPort['verify']
const { Point } = ed25519

/** WebCrypto as this Node has it. */
const webVerify: Verify = async (key, message, signature) => {
  const imported = await webcrypto.subtle.importKey('raw', Uint8Array.from(key), 'Ed25519', false, ['verify']).catch(() => undefined)
  return imported !== undefined && webcrypto.subtle.verify('Ed25519', imported, Uint8Array.from(signature), Uint8Array.from(message))
}

/** The fall-back: R is computed anew and compared as bytes, because noble's own verify multiplies by the cofactor. */
const nobleVerify: Verify = async (key, message, signature) => {
  try {
    const A = Point.fromBytes(key)
    const digest = createHash('sha512').update(signature.subarray(0, 32)).update(key).update(message).digest()
    const k = little(digest) % Point.Fn.ORDER
    const S = little(signature.subarray(32))
    const R = (S === 0n ? Point.ZERO : Point.BASE.multiplyUnsafe(S)).subtract(A.multiplyUnsafe(k))
    return Buffer.from(R.toBytes()).equals(Buffer.from(signature.subarray(0, 32)))
  } catch {
    return false
  }
}

function little(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

/** Ways to verify that must never disagree. */
export const BACKENDS: Readonly<Record<string, CryptoPort>> = {
  'node:crypto': createNodeCrypto(),
  WebCrypto: { ...createNodeCrypto(), verify: webVerify },
  'noble, R recomputed': { ...createNodeCrypto(), verify: nobleVerify }
}

/** Noble's own verify, which accepts torsion in R: the reason for the fall-back above. */
export const nobleOwn: Verify = async (key, message, signature) => ed25519.verify(signature, message, key, { zip215: false })
