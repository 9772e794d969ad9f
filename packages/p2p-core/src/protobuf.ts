import { reader, writer } from 'protons-runtime'
import type { Writer } from 'protons-runtime'
import { P2pError } from './errors.ts'

const VARINT = 0
const BYTES = 2

/** What to do with the fields of a message, by their number. A number that is not named is skipped, as protobuf wants it. */
export interface FieldReaders {
  readonly varint?: Readonly<Record<number, (value: bigint) => void>>
  readonly bytes?: Readonly<Record<number, (value: Uint8Array) => void>>
}

/** Reads a protobuf message field by field. Throws P2pError FRAME_INVALID where the bytes are none, or a field is of another type. */
export function readMessage(bytes: Uint8Array, fields: FieldReaders): void {
  const source = reader(bytes)
  try {
    while (source.pos < source.len) {
      const tag = source.uint32()
      const number = tag >>> 3
      const type = tag & 7
      const varint = fields.varint?.[number]
      const chunk = fields.bytes?.[number]
      if (varint !== undefined && type === VARINT) varint(source.uint64())
      else if (chunk !== undefined && type === BYTES) chunk(Uint8Array.from(source.bytes()))
      else if (varint === undefined && chunk === undefined) source.skipType(type)
      else throw invalid(`its field ${number} has another type`)
    }
  } catch (cause) {
    if (cause instanceof P2pError) throw cause
    throw invalid('its bytes are no protobuf', cause)
  }
}

/** Builds a protobuf message. `undefined` leaves a field out. */
export function writeMessage(build: (message: MessageWriter) => void): Uint8Array {
  const target = writer()
  build(messageWriter(target))
  return target.finish()
}

/** The kinds of fields that are needed here. */
export interface MessageWriter {
  varint(field: number, value: number | bigint | undefined): void
  bytes(field: number, value: Uint8Array | undefined): void
  text(field: number, value: string | undefined): void
}

function messageWriter(target: Writer): MessageWriter {
  return {
    varint(field, value) {
      if (value !== undefined) target.uint32((field << 3) | VARINT).uint64(BigInt(value))
    },
    bytes(field, value) {
      if (value !== undefined) target.uint32((field << 3) | BYTES).bytes(value)
    },
    text(field, value) {
      if (value !== undefined) target.uint32((field << 3) | BYTES).string(value)
    }
  }
}

function invalid(why: string, cause?: unknown): P2pError {
  return new P2pError('FRAME_INVALID', `A message is not understood: ${why}. The other side may run another version.`, { cause })
}
