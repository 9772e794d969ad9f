// Mutants of vectors: bytes changed blindly, and values changed inside of well-formed CBOR.
import * as dagCbor from '@ipld/dag-cbor'

/** A source of whole numbers below a bound. */
export type Random = (below: number) => number

/** A small generator with a seed (mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let value = Math.imul(state ^ (state >>> 15), state | 1)
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61)
    return Math.floor((((value ^ (value >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

/** A case with another input, and sometimes another time. Most changes keep the CBOR well-formed, so that they get past its parser. */
export function mutate<T extends { readonly input: string; readonly now: number }>(original: T, random: Random): T {
  const bytes: Uint8Array = Buffer.from(original.input, 'base64')
  const mutant = random(4) === 0 ? mutateBytes(bytes, random) : mutateCbor(bytes, random, 0)
  const now = random(4) === 0 ? original.now + random(400) - 200 : original.now
  return { ...original, input: Buffer.from(mutant).toString('base64'), now }
}

/** Bytes that mean something in CBOR: heads of each type, lengths, simple values. */
const HEADS = [0x00, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1f, 0x20, 0x37, 0x38, 0x3b, 0x40, 0x58, 0x5f, 0x60, 0x78, 0x7f, 0x80, 0x98, 0x9f, 0xa0, 0xa1, 0xb8, 0xbf, 0xc0, 0xd8, 0xf4, 0xf5, 0xf6, 0xf7, 0xf9, 0xfb, 0xff]

function mutateBytes(input: Uint8Array, random: Random): Uint8Array {
  const at = random(input.length + 1)
  const [before, after] = [input.slice(0, at), input.slice(at)]
  const byte = random(2) === 0 ? (HEADS[random(HEADS.length)] ?? 0) : random(256)
  switch (random(5)) {
    case 0:
      return before
    case 1:
      return Buffer.concat([before, Buffer.of(byte), after])
    case 2:
      return Buffer.concat([before, after.slice(1 + random(4))])
    case 3:
      return Buffer.concat([before, input.slice(random(at + 1), at), after])
    default:
      return Buffer.concat([before, Buffer.of(byte), after.slice(1)])
  }
}

/** Values that parsers treat in a way of their own. */
const VALUES: readonly unknown[] = [
  null, true, false, 0, 1, -1, 23, 24, 255, 2 ** 32, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, '', 'x', '\u0000', 'é', '\ufeff', '👋', 'did:key:z6Mk',
  '/gf/flow', '/gf/flow/edit/tag/view', new Uint8Array(), new Uint8Array(12), new Uint8Array(32), new Uint8Array(33), new Uint8Array(64), [], [null], {}, { gf: 'device' }, { gf: 'guest' }
]
const KEYS = ['x', 'h', 'gf', 'iss', 'sub', 'nbf', 'meta', 'toString', 'constructor', '__proto__x', 'é', '']
/** Bytes inside of bytes: a bundle holds tokens, an operation a delegation. */
const MAX_NESTING = 3

function mutateCbor(input: Uint8Array, random: Random, nesting: number): Uint8Array {
  try {
    return dagCbor.encode(change(dagCbor.decode(input), random, nesting))
  } catch {
    return mutateBytes(input, random)
  }
}

function change(value: unknown, random: Random, nesting: number): unknown {
  if (random(8) === 0) return VALUES[random(VALUES.length)]
  if (value instanceof Uint8Array) return nesting < MAX_NESTING && random(4) > 0 ? mutateCbor(value, random, nesting + 1) : mutateBytes(value, random)
  if (Array.isArray(value)) return changeList(value, random, nesting)
  if (typeof value === 'object' && value !== null) return changeMap(value, random, nesting)
  if (typeof value === 'string') return changeText(value, random)
  return typeof value === 'number' ? value + random(5) - 2 : value
}

function changeList(list: readonly unknown[], random: Random, nesting: number): unknown[] {
  const at = random(list.length + 1)
  switch (random(6)) {
    case 0:
      return [...list.slice(0, at), ...list.slice(at + 1)]
    case 1:
      return [...list, list[at % Math.max(1, list.length)] ?? null]
    case 2:
      return list.toReversed()
    default:
      return list.map((each, i) => (i === at % list.length ? change(each, random, nesting) : each))
  }
}

function changeMap(map: object, random: Random, nesting: number): object {
  const entries: [string, unknown][] = Object.entries(map)
  const at = random(Math.max(1, entries.length))
  switch (random(8)) {
    case 0:
      return Object.fromEntries(entries.filter((_, i) => i !== at))
    case 1:
      return Object.fromEntries([...entries, [KEYS[random(KEYS.length)] ?? 'x', VALUES[random(VALUES.length)]]])
    default:
      return Object.fromEntries(entries.map(([key, each], i) => [key, i === at ? change(each, random, nesting) : each]))
  }
}

function changeText(text: string, random: Random): string {
  const at = random(text.length + 1)
  const changed = [text.slice(0, at), `${text.slice(0, at)}x${text.slice(at)}`, `${text.slice(0, at)}${text.slice(at + 1)}`, text.toUpperCase(), `${text}/`, text.replace('/', '//')]
  return changed[random(changed.length)] ?? ''
}
