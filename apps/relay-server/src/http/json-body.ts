import type { IncomingMessage } from 'node:http'
import { RelayError } from '../errors.ts'
import { HTTP_BODY_TIMEOUT_MS, HTTP_MAX_BODY_BYTES } from '../limits.ts'

/** Reads a JSON object of at most HTTP_MAX_BODY_BYTES. Throws BODY_TOO_LARGE or BAD_REQUEST. */
export async function readJsonBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const timer = setTimeout(() => request.destroy(), HTTP_BODY_TIMEOUT_MS)
  try {
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of request) {
      const bytes = Buffer.from(chunk as Uint8Array)
      size += bytes.length
      if (size > HTTP_MAX_BODY_BYTES) throw new RelayError('BODY_TOO_LARGE', `The request is larger than ${HTTP_MAX_BODY_BYTES} bytes.`, { action: 'Send only what is asked for.' })
      chunks.push(bytes)
    }
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return Object.fromEntries(Object.entries(body))
    throw new SyntaxError('not an object')
  } catch (cause) {
    if (cause instanceof RelayError) throw cause
    throw new RelayError('BAD_REQUEST', 'The request is not a JSON object.', { action: 'Send {"token": "…", "peerId": "12D3KooW…"}.', cause })
  } finally {
    clearTimeout(timer)
  }
}
