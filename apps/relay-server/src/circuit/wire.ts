/** Something that is not the protobuf message it should be. */
export class WireError extends TypeError {
  override readonly name = 'WireError'
}

/** One field of a message: numbers are `varint`, everything with a length is `bytes`. */
export type Field =
  | { readonly number: number; readonly kind: 'varint'; readonly value: bigint }
  | { readonly number: number; readonly kind: 'bytes'; readonly value: Uint8Array }

const VARINT = 0
const FIXED64 = 1
const LENGTH = 2
const FIXED32 = 5
const GREATEST_VARINT_BYTES = 10
/** More fields than any message of ours has room for. */
const GREATEST_FIELD_COUNT = 256

/** Cuts a protobuf message into its fields; those of fixed width, which none of our messages has, are passed over. Throws WireError. */
export function readFields(bytes: Uint8Array): readonly Field[] {
  const fields: Field[] = []
  let offset = 0

  const varint = (): bigint => {
    let value = 0n
    for (let index = 0; index < GREATEST_VARINT_BYTES; index++) {
      const byte = bytes[offset++]
      if (byte === undefined) throw new WireError('a number is cut off')
      value |= BigInt(byte & 0x7f) << BigInt(7 * index)
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw new WireError('a number is too long')
  }
  const skip = (length: number): Uint8Array => {
    if (length > bytes.length - offset) throw new WireError('a field is cut off')
    offset += length
    return bytes.subarray(offset - length, offset)
  }

  while (offset < bytes.length) {
    if (fields.length >= GREATEST_FIELD_COUNT) throw new WireError('there are too many fields')
    const tag = varint()
    const number = Number(tag >> 3n)
    const type = Number(tag & 7n)
    if (number === 0) throw new WireError('a field has no number')
    if (type === VARINT) fields.push({ number, kind: 'varint', value: varint() })
    else if (type === LENGTH) fields.push({ number, kind: 'bytes', value: skip(Number(varint())) })
    else if (type === FIXED64) skip(8)
    else if (type === FIXED32) skip(4)
    else throw new WireError('a field is of an unknown kind')
  }
  return fields
}

/** The last number of a field, as protobuf has it; `undefined` where it is missing. */
export function numberField(fields: readonly Field[], number: number): bigint | undefined {
  const field = fields.findLast((candidate) => candidate.number === number)
  if (field !== undefined && field.kind !== 'varint') throw new WireError(`field ${number} is no number`)
  return field?.value
}

/** The bytes of a field, each time it occurs. */
export function bytesFields(fields: readonly Field[], number: number): Uint8Array[] {
  return fields.filter((field) => field.number === number).map((field) => {
    if (field.kind !== 'bytes') throw new WireError(`field ${number} has no bytes`)
    return field.value
  })
}

/** Writes fields in the order given; those that are `undefined` are left out. */
export function writeFields(fields: readonly (readonly [number, bigint | number | Uint8Array | undefined])[]): Uint8Array {
  const parts: Uint8Array[] = []
  for (const [number, value] of fields) {
    if (value === undefined) continue
    if (value instanceof Uint8Array) parts.push(encodeVarint((BigInt(number) << 3n) | BigInt(LENGTH)), encodeVarint(BigInt(value.length)), value)
    else parts.push(encodeVarint(BigInt(number) << 3n), encodeVarint(BigInt(value)))
  }
  return new Uint8Array(Buffer.concat(parts))
}

function encodeVarint(value: bigint): Uint8Array {
  const bytes: number[] = []
  let rest = value
  do {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    bytes.push(rest === 0n ? low : low | 0x80)
  } while (rest !== 0n)
  return Uint8Array.from(bytes)
}
