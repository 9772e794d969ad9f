import { MAX_INFO_BYTES, RELAY_FACTS_TIMEOUT_MS } from '../limits.ts'
import type { RelayFacts } from './client.ts'

/**
 * Reads the readable part of this origin's info document: it names the network to join, and what the page shows. Nothing here is
 * trusted for security; the peer verifies the signed part by itself. Undefined where there is none or it is too large.
 */
export async function fetchRelayFacts(origin: string, signal: AbortSignal): Promise<RelayFacts | undefined> {
  try {
    const response = await fetch(new URL('/.well-known/gloflow-relay.json', origin), {
      signal: AbortSignal.any([signal, AbortSignal.timeout(RELAY_FACTS_TIMEOUT_MS)]), cache: 'no-store', credentials: 'omit'
    })
    return response.ok ? parseRelayFacts(await readBounded(response)) : undefined
  } catch {
    return undefined
  }
}

/** The facts in the document's text; undefined for any other text. */
export function parseRelayFacts(text: string): RelayFacts | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { peerId, network, version, stun, bridge, limits } = value as Record<string, unknown>
  if (typeof peerId !== 'string' || typeof network !== 'string' || !/^[\w.:/-]{1,255}$/.test(network)) return undefined
  const circuitBytes = typeof limits === 'object' && limits !== null && 'circuitBytes' in limits ? limits.circuitBytes : 0
  return {
    peerId: peerId.slice(0, 128),
    network,
    version: typeof version === 'string' ? version.slice(0, 64) : '',
    stun: Array.isArray(stun) ? stun.filter((url): url is string => typeof url === 'string').slice(0, 8) : [],
    bridge: bridge === true,
    circuitBytes: typeof circuitBytes === 'number' ? circuitBytes : 0
  }
}

/** The text of a response; '' where it is larger than an info document may be. */
export async function readBounded(response: Response): Promise<string> {
  const reader = response.body?.getReader()
  if (reader === undefined) return ''
  const decoder = new TextDecoder()
  let text = ''
  for (let bytes = 0; ;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    bytes += value.byteLength
    if (bytes > MAX_INFO_BYTES) {
      await reader.cancel()
      return ''
    }
    text += decoder.decode(value, { stream: true })
  }
}
