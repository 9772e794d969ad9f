import { concatBytes, utf8 } from '../../src/bytes.ts'
import type { Signer } from '../../src/crypto.ts'

/** CBOR written by hand, so that it can be wrong: nothing is sorted, checked or shortened. */
export type Item = Uint8Array

export function head(major: number, value: number): Item {
  const first = major << 5
  if (value < 24) return Uint8Array.of(first | value)
  if (value < 0x100) return Uint8Array.of(first | 24, value)
  if (value < 0x1_0000) return Uint8Array.of(first | 25, value >> 8, value & 255)
  if (value < 0x1_0000_0000) return concatBytes(Uint8Array.of(first | 26), bigEndian(BigInt(value), 4))
  return concatBytes(Uint8Array.of(first | 27), bigEndian(BigInt(value), 8))
}

export function bigEndian(value: bigint, bytes: number): Item {
  return Uint8Array.from({ length: bytes }, (_, i) => Number((value >> BigInt(8 * (bytes - 1 - i))) & 255n))
}

export const uint = (value: number): Item => head(0, value)
export const bytes = (value: Uint8Array): Item => concatBytes(head(2, value.length), value)
export const text = (value: string): Item => concatBytes(head(3, utf8(value).length), utf8(value))
export const list = (...items: readonly Item[]): Item => concatBytes(head(4, items.length), ...items)
export const map = (...entries: readonly (readonly [string, Item])[]): Item => concatBytes(head(5, entries.length), ...entries.flatMap(([key, value]) => [text(key), value]))
export const NULL: Item = Uint8Array.of(0xf6)

export const VARSIG = Uint8Array.of(0x34, 0x01, 0xed, 0x01, 0xed, 0x01, 0x13, 0x71)

/** An envelope around any payload, really signed, so that only the payload is at fault. */
export async function sealed(signer: Signer, payload: Item): Promise<Uint8Array> {
  return concatBytes(Uint8Array.of(0x82, 0x58, 0x40), await signer.sign(payload), payload)
}

/** The fields of a delegation in their canonical order, each replaceable; undefined leaves one out. */
export function delegationBody(fields: Readonly<Record<string, Item | undefined>>): Item {
  const order = ['aud', 'cmd', 'exp', 'iss', 'nbf', 'pol', 'sub', 'meta', 'nonce']
  const known = order.flatMap((key) => (fields[key] === undefined ? [] : [[key, fields[key]] as const]))
  const extra = Object.entries(fields).flatMap(([key, item]) => (order.includes(key) || item === undefined ? [] : [[key, item] as const]))
  return map(...[...known, ...extra].sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1)))
}

export function payloadOf(body: Item, tag = 'ucan/dlg@1.0.0-rc.1', varsig: Uint8Array = VARSIG): Item {
  return map(['h', bytes(varsig)], [tag, body])
}
