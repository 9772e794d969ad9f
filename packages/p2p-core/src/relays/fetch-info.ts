import { P2pError } from '../errors.ts'
import { MAX_RELAY_INFO_BYTES, RELAY_INFO_TIMEOUT_MS } from '../limits.ts'
import { parseRelayInfo } from './info.ts'
import type { RelayInfo, RelayInfoContext } from './info.ts'

/** Where a relay's info document is, seen from the URL that people open. */
export const RELAY_INFO_PATH = '.well-known/gloflow-relay.json'

/** What a fetch needs besides the URL. */
export interface FetchRelayInfoOptions extends RelayInfoContext {
  readonly signal: AbortSignal
  /** The platform's fetch; a test may give another. */
  readonly fetch: typeof globalThis.fetch
  /** False for a URL that another relay named: it might lead on to where that one must not send us. */
  readonly followRedirects: boolean
}

/** The document's URL for the URL that people open (`https://relay.example/`), or for the document's own. Throws OPTION_INVALID. */
export function relayInfoUrl(url: string): URL {
  const parsed = URL.parse(url)
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') || parsed.username !== '') {
    throw new P2pError('OPTION_INVALID', `"${url}" is not the URL of a relay. It looks like https://relay.example/.`)
  }
  return parsed.pathname.endsWith('.json') ? parsed : new URL(RELAY_INFO_PATH, parsed)
}

/**
 * Fetches and checks a relay's info document, in bounded time and memory. Throws P2pError RELAY_UNREACHABLE, ABORTED, OPTION_INVALID
 * and what `parseRelayInfo` throws.
 */
export async function fetchRelayInfo(url: string, options: FetchRelayInfoOptions): Promise<RelayInfo> {
  const target = relayInfoUrl(url)
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(RELAY_INFO_TIMEOUT_MS)])
  let bytes: Uint8Array
  try {
    const response = await options.fetch(target, { signal, credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer', redirect: options.followRedirects ? 'follow' : 'error' })
    if (!response.ok) throw unreachable(target, `it answered with HTTP status ${response.status}`)
    bytes = await readBounded(response, MAX_RELAY_INFO_BYTES)
  } catch (cause) {
    if (options.signal.aborted && !isTimeout(options.signal.reason)) throw new P2pError('ABORTED', `Fetching ${target.href} was stopped.`, { cause })
    if (cause instanceof P2pError) throw cause
    throw unreachable(target, signal.aborted ? 'it did not answer in time' : 'the connection failed', cause)
  }
  return parseRelayInfo(bytes, options)
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError'
}

/** Reads a body up to `maxBytes`, and stops the transfer as soon as there is more. */
async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array> {
  const reader = response.body?.getReader()
  if (reader === undefined) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.byteLength
    if (size > maxBytes) {
      void reader.cancel().catch(() => {})
      throw new P2pError('RELAY_INFO_TOO_LARGE', `The relay's info document is larger than ${maxBytes} bytes. Check that the URL is the relay's.`)
    }
    chunks.push(value)
  }
  const bytes = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.byteLength
  }
  return bytes
}

function unreachable(target: URL, why: string, cause?: unknown): P2pError {
  return new P2pError('RELAY_UNREACHABLE', `The relay's info document at ${target.href} cannot be had: ${why}. Check the address and that the relay is running.`, { retryable: true, cause })
}
