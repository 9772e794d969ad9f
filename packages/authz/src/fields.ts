import { toHex } from './bytes.ts'
import { type Did, parseDid } from './did.ts'
import { AuthzError, type AuthzErrorCode } from './errors.ts'

/** A decoded map whose keys were compared with the expected ones. */
export type Fields = ReadonlyMap<string, unknown>

/**
 * The fields of a decoded map: all of `required`, maybe some of `optional`, nothing else (SPEC AZ4).
 * @throws AuthzError FIELD_TYPE, FIELD_UNKNOWN, FIELD_MISSING
 */
export function readFields(value: unknown, what: string, required: readonly string[], optional: readonly string[] = []): Fields {
  if (!isMap(value)) throw new AuthzError('FIELD_TYPE', `${what} must be a map`)
  const fields = new Map(Object.entries(value))
  for (const key of fields.keys()) {
    if (!required.includes(key) && !optional.includes(key)) throw new AuthzError('FIELD_UNKNOWN', `${what} has a field "${key.slice(0, 32)}" that nobody defines`)
  }
  for (const key of required) if (!fields.has(key)) throw new AuthzError('FIELD_MISSING', `${what} lacks its field "${key}"`)
  return fields
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}

export function readText(fields: Fields, key: string): string {
  const value = fields.get(key)
  if (typeof value !== 'string') throw wrongType(key, 'text')
  return value
}

export function readDid(fields: Fields, key: string): Did {
  return parseDid(readText(fields, key))
}

export function readBoolean(fields: Fields, key: string): boolean {
  const value = fields.get(key)
  if (typeof value !== 'boolean') throw wrongType(key, 'true or false')
  return value
}

/** Bytes of a length between `min` and `max`; `code` where the length is another. */
export function readBytes(fields: Fields, key: string, min: number, max: number = min, code: AuthzErrorCode = 'FIELD_TYPE'): Uint8Array {
  const value = fields.get(key)
  if (!(value instanceof Uint8Array)) throw wrongType(key, 'bytes')
  if (value.length < min || value.length > max) throw new AuthzError(code, `"${key}" must have ${min === max ? min : `${min} to ${max}`} bytes, not ${value.length}`)
  return value
}

export function readInteger(fields: Fields, key: string, min: number, max: number, code: AuthzErrorCode = 'FIELD_TYPE'): number {
  const value = fields.get(key)
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw wrongType(key, 'an integer')
  if (value < min || value > max) throw new AuthzError(code, `"${key}" must be between ${min} and ${max}`)
  return value
}

/** UNIX seconds. */
export function readTime(fields: Fields, key: string): number {
  return readInteger(fields, key, 0, Number.MAX_SAFE_INTEGER, 'TIME_INVALID')
}

/** A 32-byte id, as hex. */
export function readId(fields: Fields, key: string): string {
  return toHex(readBytes(fields, key, 32))
}

export function readList(fields: Fields, key: string, max: number): readonly unknown[] {
  const value = fields.get(key)
  if (!Array.isArray(value)) throw wrongType(key, 'a list')
  if (value.length > max) throw new AuthzError('FIELD_TYPE', `"${key}" has more than ${max} entries`)
  return value
}

/** A list of 32-byte ids, ascending and without duplicates, as hex. */
export function readIds(fields: Fields, key: string, max: number): readonly string[] {
  const ids = readList(fields, key, max).map((value) => readId(new Map([[key, value]]), key))
  assertAscending(ids, key)
  return ids
}

/** Sorted and unique, so that a set has one encoding. */
export function assertAscending(keys: readonly string[], what: string): void {
  for (let i = 1; i < keys.length; i++) {
    if ((keys[i - 1] ?? '') >= (keys[i] ?? '')) throw new AuthzError('FIELD_TYPE', `"${what}" must be ascending and without duplicates`)
  }
}

function wrongType(key: string, wanted: string): AuthzError {
  return new AuthzError('FIELD_TYPE', `"${key}" must be ${wanted}`)
}
