import { createHash } from 'node:crypto'
import { ed25519, ED25519_TORSION_SUBGROUP } from '@noble/curves/ed25519.js'
import { base58btc } from 'multiformats/bases/base58'
import { concatBytes, fromHex } from '../../src/bytes.ts'
import { parseDelegation } from '../../src/delegation.ts'
import { seedOf } from '../../testing/index.ts'
import type { Cases } from './cases.ts'
import * as w from './writer.ts'

const NOW = 1_800_000_000
const { Point } = ed25519
type EdPoint = InstanceType<typeof Point>
const L = Point.Fn.ORDER

/** Keys and signatures at the edges of Ed25519, where libraries disagree (SPEC AZ6, AZ7). */
export async function signatureCases(cases: Cases): Promise<void> {
  const [genesis, bob] = [await cases.people('genesis'), await cases.people('bob')]
  const nonce = Uint8Array.from({ length: 12 }, (_, i) => i)
  const payloadFor = (issuerKey: Uint8Array): Uint8Array =>
    w.payloadOf(w.delegationBody({ iss: w.text(didOf(issuerKey)), aud: w.text(bob.did), sub: w.text(genesis.did), cmd: w.text('/gf/flow/edit'), pol: w.list(), nonce: w.bytes(nonce), exp: w.NULL }))
  const add = (id: string, key: Uint8Array, signature: Uint8Array, code?: string): void => {
    const token = concatBytes(Uint8Array.of(0x82, 0x58, 0x40), signature, payloadFor(key))
    if (code !== undefined) return cases.add('delegation', id, NOW, token, {}, { code })
    const { id: ok, iss, aud, sub, cmd, kind } = parseDelegation(token)
    cases.add('delegation', id, NOW, token, {}, { ok: { id: ok, iss, aud, sub, cmd, kind, exp: null, nbf: null } })
  }

  const scalar = secretScalar('torsion')
  const A = Point.BASE.multiply(scalar)
  const key = A.toBytes()
  const message = payloadFor(key)
  const r = secretScalar('torsion nonce')
  const R = Point.BASE.multiply(r)
  const honest = sign(R, r, scalar, key, message)
  add('AZ7-plain-equation', key, honest)
  const torsion = ED25519_TORSION_SUBGROUP.map((hex) => Point.fromHex(hex))
  for (const [i, T] of torsion.entries()) {
    if (T.equals(Point.ZERO)) continue
    add(`AZ7-torsion-in-R-${i}`, key, sign(R.add(T), r, scalar, key, message), 'SIGNATURE_INVALID')
  }
  for (const [i, T] of torsion.entries()) {
    if (T.equals(Point.ZERO)) continue
    const mixed = A.add(T)
    const found = signMixed(mixed, T, scalar, payloadFor(mixed.toBytes()))
    add(`AZ7-torsion-in-A-holds-${i}`, mixed.toBytes(), found.holds)
    add(`AZ7-torsion-in-A-fails-${i}`, mixed.toBytes(), found.fails, 'SIGNATURE_INVALID')
  }
  add('AZ7-t18-S-plus-L', key, withS(honest, scalarOf(honest) + L), 'SIGNATURE_MALFORMED')
  add('AZ7-t18-S-plus-2L', key, withS(honest, scalarOf(honest) + 2n * L), 'SIGNATURE_MALFORMED')
  add('AZ7-t18-S-is-L', key, withS(honest, L), 'SIGNATURE_MALFORMED')
  add('AZ7-S-all-ones', key, withS(honest, 2n ** 256n - 1n), 'SIGNATURE_MALFORMED')
  add('AZ7-S-is-0', key, withS(honest, 0n), 'SIGNATURE_INVALID')
  add('AZ7-S-is-L-minus-1', key, withS(honest, L - 1n), 'SIGNATURE_INVALID')
  add('AZ7-t18-negated-S', key, withS(honest, (L - scalarOf(honest)) % L), 'SIGNATURE_INVALID')
  add('AZ7-R-with-y-p', key, withR(honest, fieldBytes(2n ** 255n - 19n)), 'SIGNATURE_MALFORMED')
  add('AZ7-R-with-y-p-plus-1', key, withR(honest, fieldBytes(2n ** 255n - 18n)), 'SIGNATURE_MALFORMED')
  add('AZ7-R-all-ones', key, withR(honest, new Uint8Array(32).fill(255)), 'SIGNATURE_MALFORMED')
  add('AZ7-R-not-on-curve', key, withR(honest, fieldBytes(2n)), 'SIGNATURE_INVALID')
  add('AZ7-R-and-S-zero', key, new Uint8Array(64), 'SIGNATURE_MALFORMED')
  for (const [i, T] of torsion.entries()) add(`AZ7-R-of-small-order-${i}`, key, sign(T, 0n, scalar, key, message), 'SIGNATURE_MALFORMED')
  add('AZ7-R-identity-with-sign', key, withR(sign(Point.ZERO, 0n, scalar, key, message), concatBytes(Uint8Array.of(1), new Uint8Array(30), Uint8Array.of(0x80))), 'SIGNATURE_MALFORMED')
  add('AZ7-key-not-on-curve', fieldBytes(2n), honest, 'SIGNATURE_INVALID')

  for (const [i, T] of torsion.entries()) add(`AZ6-t17-small-order-key-${i}`, T.toBytes(), withS(honest, 0n), 'KEY_WEAK')
  const odd: Readonly<Record<string, Uint8Array>> = {
    'y-p': fieldBytes(2n ** 255n - 19n), 'y-p-plus-1': fieldBytes(2n ** 255n - 18n), 'y-largest': fieldBytes(2n ** 255n - 1n),
    'x-0-with-sign': concatBytes(Uint8Array.of(1), new Uint8Array(30), Uint8Array.of(0x80)), 'y-minus-1-with-sign': new Uint8Array(32).fill(255).with(0, 0xec),
    'y-p-with-sign': new Uint8Array(32).fill(255).with(0, 0xed)
  }
  for (const [name, bytes] of Object.entries(odd)) {
    add(`AZ6-t17-${name}`, bytes, honest, 'KEY_WEAK')
    cases.add('peer-id', `AZ6-t17-${name}`, NOW, bytes, {}, { code: 'KEY_WEAK' })
  }
  for (const name of ['ann', 'bob']) {
    const { did } = await cases.people(name)
    const raw = base58btc.decode(did.slice(8)).subarray(2)
    cases.add('peer-id', `AZ5-${name}`, NOW, raw, {}, { ok: { did, peerId: base58btc.baseEncode(concatBytes(Uint8Array.of(0, 0x24, 8, 1, 0x12, 0x20), raw)) } })
  }
  cases.add('peer-id', 'AZ5-31-bytes', NOW, new Uint8Array(31).fill(3), {}, { code: 'DID_INVALID' })
}

function secretScalar(name: string): bigint {
  return littleEndian(createHash('sha512').update(seedOf(name)).digest()) % L
}

function challenge(R: Uint8Array, A: Uint8Array, message: Uint8Array): bigint {
  return littleEndian(createHash('sha512').update(R).update(A).update(message).digest()) % L
}

function sign(R: EdPoint, r: bigint, a: bigint, A: Uint8Array, message: Uint8Array): Uint8Array {
  const encoded = R.toBytes()
  const S = (r + challenge(encoded, A, message) * a) % L
  return concatBytes(encoded, scalarBytes(S))
}

/** With A = aB + T the equation asks for R = rB − kT: found by trying, since k depends on R. One r that fits, one that does not. */
function signMixed(mixed: EdPoint, T: EdPoint, a: bigint, message: Uint8Array): { readonly holds: Uint8Array; readonly fails: Uint8Array } {
  const A = mixed.toBytes()
  const key = Point.fromBytes(A)
  let holds: Uint8Array | undefined
  let fails: Uint8Array | undefined
  for (let n = 0; holds === undefined || fails === undefined; n++) {
    const r = secretScalar(`mixed ${n}`)
    let shift = Point.ZERO
    for (let j = 0; j < 8; j++, shift = shift.add(T)) {
      const R = Point.BASE.multiply(r).subtract(shift)
      const signature = sign(R, r, a, A, message)
      const k = challenge(R.toBytes(), A, message)
      const right = Point.BASE.multiply(scalarOf(signature)).subtract(key.multiplyUnsafe(k))
      if (right.equals(R)) holds ??= signature
      else fails ??= signature
    }
  }
  return { holds, fails }
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

function scalarBytes(value: bigint): Uint8Array {
  return w.bigEndian(value, 32).reverse()
}

function fieldBytes(value: bigint): Uint8Array {
  return scalarBytes(value)
}

function scalarOf(signature: Uint8Array): bigint {
  return littleEndian(signature.subarray(32))
}

function withS(signature: Uint8Array, S: bigint): Uint8Array {
  return concatBytes(signature.subarray(0, 32), scalarBytes(S))
}

function withR(signature: Uint8Array, R: Uint8Array): Uint8Array {
  return concatBytes(R, signature.subarray(32))
}

/** The name of a key, also of one that the package would refuse. */
function didOf(key: Uint8Array): string {
  return `did:key:${base58btc.encode(concatBytes(fromHex('ed01') ?? new Uint8Array(), key))}`
}
