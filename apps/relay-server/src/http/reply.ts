import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RelayErrorCode } from '../errors.ts'

/** What goes over HTTP when something is wrong. */
export interface HttpProblem {
  readonly status: number
  readonly code: RelayErrorCode
  readonly message: string
  readonly action: string
}

/** Headers of one reply. */
export type Headers = Readonly<Record<string, string>>

/** Sends a whole body at once. A HEAD request gets the headers only. */
export function reply(request: IncomingMessage, response: ServerResponse, status: number, headers: Headers, body: string | Uint8Array): void {
  if (response.headersSent || response.destroyed) return
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
  response.writeHead(status, { ...headers, 'content-length': String(length) })
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** Sends a value as JSON that nobody may cache. */
export function replyJson(request: IncomingMessage, response: ServerResponse, status: number, value: unknown, headers: Headers = {}): void {
  reply(request, response, status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers }, `${JSON.stringify(value)}\n`)
}

/** Sends `{"code", "message", "action"}`. */
export function replyProblem(request: IncomingMessage, response: ServerResponse, problem: HttpProblem, headers: Headers = {}): void {
  const { status, code, message, action } = problem
  replyJson(request, response, status, { code, message, action }, headers)
}

/** Nothing is at this path. */
export function notFound(path: string): HttpProblem {
  return { status: 404, code: 'NOT_FOUND', message: `There is nothing at ${path.slice(0, 100)}.`, action: 'Open the relay\'s page at /.' }
}

/** The path is there, but not for this method. */
export function methodNotAllowed(method: string): HttpProblem {
  return { status: 405, code: 'METHOD_NOT_ALLOWED', message: `${method.slice(0, 20)} is not possible here.`, action: 'Use GET or HEAD.' }
}
