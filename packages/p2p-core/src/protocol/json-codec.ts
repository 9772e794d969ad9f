import { P2pError } from '../errors.ts'
import type { Codec } from './protocol.ts'

/** A JSON object as it comes from the wire: nothing about its fields is known. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Levels of arrays and objects inside each other that are read. */
export const MAX_JSON_DEPTH = 32

const decoder = new TextDecoder('utf-8', { fatal: true })
const encoder = new TextEncoder()

/** JSON objects as UTF-8. `decode` throws FRAME_INVALID on bytes that are no UTF-8, no JSON, no object, or nested too deep. */
export const jsonObjectCodec: Codec<JsonObject> = {
  encode: message => encoder.encode(JSON.stringify(message)),
  decode: decodeJsonObject
}

/** True for an object that is neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function decodeJsonObject(bytes: Uint8Array): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(decoder.decode(bytes))
  } catch (cause) {
    throw new P2pError('FRAME_INVALID', 'The other side sent a frame that is not JSON in UTF-8', { cause })
  }
  if (!isJsonObject(value)) throw new P2pError('FRAME_INVALID', 'The other side sent JSON that is not an object')
  if (!isShallow(value, MAX_JSON_DEPTH)) throw new P2pError('FRAME_INVALID', `The other side sent JSON nested deeper than ${MAX_JSON_DEPTH} levels`)
  return value
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (levels === 0) return false
  return Object.values(value).every(inner => isShallow(inner, levels - 1))
}
