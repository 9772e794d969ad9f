import { readFileSync } from 'node:fs'

/** The part of JSON Schema that this project's schemas use. */
interface Schema {
  readonly type?: string | readonly string[]
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly minimum?: number
}

/** Checks a value against one of the committed schemas; returns what is wrong, one sentence each. */
export function validate(name: 'ready' | 'info' | 'status', value: unknown): string[] {
  const schema = JSON.parse(readFileSync(new URL(`../../schema/${name}.schema.json`, import.meta.url), 'utf8')) as Schema
  return check(schema, value, '$')
}

function check(schema: Schema, value: unknown, path: string): string[] {
  const types = schema.type === undefined ? [] : [schema.type].flat()
  if (types.length > 0 && !types.some((type) => hasType(type, value))) return [`${path} is not ${types.join(' or ')}`]
  if (schema.enum !== undefined && !schema.enum.includes(value)) return [`${path} is none of ${schema.enum.join(', ')}`]
  if (typeof value === 'string' && schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) return [`${path} does not match ${schema.pattern}`]
  if (typeof value === 'number' && schema.minimum !== undefined && value < schema.minimum) return [`${path} is below ${schema.minimum}`]
  if (Array.isArray(value)) return value.flatMap((item, index) => schema.items === undefined ? [] : check(schema.items, item, `${path}[${index}]`))
  return typeof value === 'object' && value !== null ? checkObject(schema, value, path) : []
}

function checkObject(schema: Schema, value: object, path: string): string[] {
  const missing = (schema.required ?? []).filter((key) => !(key in value)).map((key) => `${path}.${key} is missing`)
  const wrong = Object.entries(value).flatMap(([key, entry]) => {
    const known = schema.properties?.[key]
    if (known !== undefined) return check(known, entry, `${path}.${key}`)
    if (schema.additionalProperties === false) return [`${path}.${key} is not known`]
    return typeof schema.additionalProperties === 'object' ? check(schema.additionalProperties, entry, `${path}.${key}`) : []
  })
  return [...missing, ...wrong]
}

function hasType(type: string, value: unknown): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  if (type === 'integer') return Number.isSafeInteger(value)
  return typeof value === type
}
