// JSON lines from a child process: bounded, decoded, split into answers and events.
import type { Readable } from 'node:stream'

/** One decoded line, or a part of one. */
export type JsonObject = { readonly [key: string]: unknown }

/** A peer under test never writes longer lines; one that does is broken. */
const MAX_LINE_BYTES = 4 << 20
/** Events kept for tests that look back. */
const MAX_EVENTS = 10_000

/** What a child wrote that is not what was agreed. */
export class JsonLinesError extends Error {
  override readonly name = 'JsonLinesError'
}

interface Waiting {
  readonly settle: (line: JsonObject | JsonLinesError) => void
  readonly matches: (line: JsonObject) => boolean
}

/** Reads lines until the stream ends. Lines with `event` are events, others are answers by `id`. */
export class JsonLines {
  readonly seen: JsonObject[] = []
  readonly #events = new Set<Waiting>()
  readonly #answers = new Map<string, (line: JsonObject | JsonLinesError) => void>()
  #rest = ''
  #lastId = 0
  #closed: JsonLinesError | undefined

  constructor(stream: Readable) {
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => this.#take(text))
    stream.on('error', (error) => this.close(error.message))
  }

  /** A fresh request id, and the answer that will come for it. */
  expectAnswer(timeoutMs: number): { id: string; answer: Promise<JsonObject> } {
    const id = String(++this.#lastId)
    const answer = this.#wait(timeoutMs, `no answer to request ${id}`, (settle) => {
      this.#answers.set(id, settle)
      return () => this.#answers.delete(id)
    })
    return { id, answer }
  }

  /** The first event, seen or to come, for which `matches` is true. */
  event(matches: (line: JsonObject) => boolean, timeoutMs: number): Promise<JsonObject> {
    const found = this.seen.find(matches)
    if (found !== undefined) return Promise.resolve(found)
    return this.#wait(timeoutMs, 'the event did not come', (settle) => {
      const waiting = { settle, matches }
      this.#events.add(waiting)
      return () => this.#events.delete(waiting)
    })
  }

  /** Fails everything that still waits, with the reason. */
  close(why: string): void {
    this.#closed ??= new JsonLinesError(why)
    for (const waiting of [...this.#events]) waiting.settle(this.#closed)
    for (const settle of [...this.#answers.values()]) settle(this.#closed)
  }

  #wait(timeoutMs: number, late: string, register: (settle: (line: JsonObject | JsonLinesError) => void) => () => void): Promise<JsonObject> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle(new JsonLinesError(`${late} within ${timeoutMs} ms`)), timeoutMs)
      const settle = (line: JsonObject | JsonLinesError): void => {
        clearTimeout(timer)
        remove()
        if (line instanceof JsonLinesError) reject(line)
        else resolve(line)
      }
      const remove = register(settle)
    })
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    if (this.#rest.length > MAX_LINE_BYTES) this.close(`a line is longer than ${MAX_LINE_BYTES} bytes`)
    else for (const line of lines) this.#line(line)
  }

  #line(text: string): void {
    let line: JsonObject
    try {
      line = asObject(JSON.parse(text))
    } catch {
      this.close(`not a JSON object: ${text.slice(0, 200)}`)
      return
    }
    if (typeof line['event'] !== 'string') {
      this.#answers.get(String(line['id']))?.(line)
      return
    }
    this.seen.push(line)
    if (this.seen.length > MAX_EVENTS) this.seen.shift()
    for (const waiting of [...this.#events]) if (waiting.matches(line)) waiting.settle(line)
  }
}

/** The value as an object, or an error. */
export function asObject(value: unknown): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new JsonLinesError(`not an object: ${JSON.stringify(value)}`)
  return { ...value }
}

/** A field that must be a string. */
export function stringField(object: JsonObject, key: string): string {
  const value = object[key]
  if (typeof value !== 'string') throw new JsonLinesError(`"${key}" is no string in ${JSON.stringify(object)}`)
  return value
}

/** A field that must be a number. */
export function numberField(object: JsonObject, key: string): number {
  const value = object[key]
  if (typeof value !== 'number') throw new JsonLinesError(`"${key}" is no number in ${JSON.stringify(object)}`)
  return value
}

/** A field that must be a list of strings. */
export function stringsField(object: JsonObject, key: string): string[] {
  const value = object[key]
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw new JsonLinesError(`"${key}" is no list of strings in ${JSON.stringify(object)}`)
  }
  return value
}

/** A field that must be a list of objects. */
export function objectsField(object: JsonObject, key: string): JsonObject[] {
  const value = object[key]
  if (!Array.isArray(value)) throw new JsonLinesError(`"${key}" is no list in ${JSON.stringify(object)}`)
  return value.map(asObject)
}
