import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { joined } from './crypto-bytes.ts'
import type { Ed25519Backend } from './crypto-web.ts'

const { Point } = ed25519

/**
 * Ed25519 without the platform. R is computed anew and compared by its bytes: noble's own verification multiplies by the cofactor, also with
 * `zip215: false`, and so takes signatures that WebCrypto and node:crypto refuse (authz SPEC AZ7).
 */
export const nobleEd25519: Ed25519Backend = {
  publicKey: async (seed) => ed25519.getPublicKey(seed),
  sign: async (seed, message) => ed25519.sign(message, seed),
  async verify(publicKey, message, signature) {
    const [R, S] = [signature.subarray(0, 32), littleEndian(signature.subarray(32))]
    const k = littleEndian(sha512(joined(R, publicKey, message))) % Point.Fn.ORDER
    const A = pointOf(publicKey)
    if (A === undefined || S >= Point.Fn.ORDER) return false
    const expected = (S === 0n ? Point.ZERO : Point.BASE.multiplyUnsafe(S)).subtract(k === 0n ? Point.ZERO : A.multiplyUnsafe(k))
    return expected.toBytes().every((byte, i) => byte === R[i])
  }
}

function pointOf(publicKey: Uint8Array): InstanceType<typeof Point> | undefined {
  try {
    return Point.fromBytes(publicKey)
  } catch {
    return undefined // these bytes are no point of the curve
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}
