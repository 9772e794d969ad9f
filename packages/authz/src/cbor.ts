import * as dagCbor from '@ipld/dag-cbor'
import { equalBytes } from './bytes.ts'
import { AuthzError } from './errors.ts'
import { MAX_CBOR_DEPTH, MAX_CBOR_ITEMS } from './limits.ts'

/** What the strict subset of DAG-CBOR can say (SPEC AZ1). */
export type Cbor = null | boolean | number | string | Uint8Array | readonly Cbor[] | { readonly [key: string]: Cbor }

const TEXT = 3
const ARRAY = 4
const MAP = 5
const MAX_SAFE_HIGH = 0x1f_ffff

/** The canonical bytes of `value`. */
export function encodeCbor(value: Cbor): Uint8Array {
  return dagCbor.encode(value)
}

/**
 * Decodes one item of the strict subset. Shape and bounds are judged by {@link scanCbor} before anything is built, and encoding the result must give
 * the same bytes, which settles key order and duplicate keys.
 * @throws AuthzError CBOR_INVALID, CBOR_TOO_DEEP, CBOR_TOO_MANY
 */
export function decodeCbor(bytes: Uint8Array): unknown {
  scanCbor(bytes)
  let value: unknown
  try {
    value = dagCbor.decode(bytes)
  } catch (cause) {
    throw new AuthzError('CBOR_INVALID', 'These bytes are not DAG-CBOR; ask for them again', { cause })
  }
  if (!equalBytes(dagCbor.encode(value), bytes)) throw invalid('keys out of order, or text that is not UTF-8')
  return value
}

/** One pass over the heads of all items, without recursion and without building anything. */
export function scanCbor(bytes: Uint8Array): void {
  /** Items still to come at each open level. */
  const open: number[] = []
  let keysAt = 0
  let at = 0
  let items = 0
  do {
    if (++items > MAX_CBOR_ITEMS) throw new AuthzError('CBOR_TOO_MANY', `More than ${MAX_CBOR_ITEMS} items in one thing; split it`)
    const head = readHead(bytes, at)
    const inMap = (keysAt & (1 << open.length)) !== 0
    const left = open.at(-1) ?? 0
    if (inMap && left % 2 === 0 && head.major !== TEXT) throw invalid('a map key that is not text')
    if (open.length > 0) open[open.length - 1] = left - 1
    at = head.end
    if (head.major === 2 || head.major === TEXT) {
      at += head.value
      if (at > bytes.length) throw invalid('it ends too early')
    } else if (head.major === ARRAY || head.major === MAP) {
      if (open.length >= MAX_CBOR_DEPTH) throw new AuthzError('CBOR_TOO_DEEP', `Nested deeper than ${MAX_CBOR_DEPTH}; flatten it`)
      const count = head.major === MAP ? 2 * head.value : head.value
      if (count > MAX_CBOR_ITEMS) throw new AuthzError('CBOR_TOO_MANY', `More than ${MAX_CBOR_ITEMS} items in one thing; split it`)
      open.push(count)
      keysAt = head.major === MAP ? keysAt | (1 << open.length) : keysAt & ~(1 << open.length)
    }
    while (open.length > 0 && open.at(-1) === 0) open.pop()
  } while (open.length > 0)
  if (at !== bytes.length) throw invalid('bytes after its end')
}

interface Head {
  readonly major: number
  readonly value: number
  readonly end: number
}

/** The head at `at`: definite, in its shortest form, of a kind that the subset has. */
function readHead(bytes: Uint8Array, at: number): Head {
  const first = bytes[at]
  if (first === undefined) throw invalid('it ends too early')
  const major = first >> 5
  const info = first & 31
  if (major === 6) throw invalid('a tag')
  if (major === 7) {
    if (info < 20 || info > 22) throw invalid('a float or simple value')
    return { major, value: info, end: at + 1 }
  }
  if (info < 24) return { major, value: info, end: at + 1 }
  if (info > 27) throw invalid('an indefinite length')
  const size = 1 << (info - 24)
  if (at + 1 + size > bytes.length) throw invalid('it ends too early')
  const value = readUint(bytes, at + 1, size)
  const least = size === 1 ? 24 : 2 ** (4 * size)
  if (value < least) throw invalid('a head longer than needed')
  // A negative integer is −1 − value: both ends stay within ±(2^53 − 1).
  if (major === 1 && value === Number.MAX_SAFE_INTEGER) throw invalid('an integer beyond 2^53 − 1')
  return { major, value, end: at + 1 + size }
}

function readUint(bytes: Uint8Array, at: number, size: number): number {
  let high = 0
  let low = 0
  for (let i = 0; i < size; i++) {
    high = (high * 256 + Math.floor(low / 0x100_0000)) >>> 0
    low = ((low & 0xff_ffff) * 256 + (bytes[at + i] ?? 0)) >>> 0
  }
  if (high > MAX_SAFE_HIGH) throw invalid('an integer beyond 2^53 − 1')
  return high * 0x1_0000_0000 + low
}

function invalid(what: string): AuthzError {
  return new AuthzError('CBOR_INVALID', `Not strict DAG-CBOR: ${what}; ask for the bytes again`)
}
