// What the probe's two sides say to each other, as one JSON object a datagram or a line.

/** The two ports of each of the server's two addresses (RFC 5780 wants two of both). */
export const PROBE_PORTS = [5780, 5781] as const

/** One of the server's four endpoints: index of the address and of the port. */
export interface ServerEndpoint {
  readonly address: 0 | 1
  readonly port: 0 | 1
}

/** An IPv4 endpoint. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/**
 * `where`: answer with the endpoint that you see. `send`: send `token` to the endpoint that you see, from `from`, after `afterMs`.
 * Over TCP, `send` from the endpoint asked means on the same connection, and from another one by a new connection.
 */
export type ProbeRequest =
  | { readonly op: 'where'; readonly token: string }
  | { readonly op: 'send'; readonly token: string; readonly from: ServerEndpoint; readonly afterMs: number }

/** The answer to `where`, or what `send` asked for. */
export interface ProbeReply {
  readonly token: string
  readonly seen?: Endpoint
}

/** Reads a request. Throws SyntaxError or TypeError on what is none: both sides are the laboratory's own. */
export function parseRequest(text: string): ProbeRequest {
  const value: unknown = JSON.parse(text)
  if (!isRecord(value) || typeof value['token'] !== 'string') throw new TypeError('not a probe request')
  const { op, token, from, afterMs } = value
  if (op === 'where') return { op, token }
  if (op !== 'send' || !isRecord(from) || typeof afterMs !== 'number') throw new TypeError('not a probe request')
  return { op, token, from: { address: from['address'] === 1 ? 1 : 0, port: from['port'] === 1 ? 1 : 0 }, afterMs }
}

/** Reads a reply. Throws like `parseRequest`. */
export function parseReply(text: string): ProbeReply {
  const value: unknown = JSON.parse(text)
  if (!isRecord(value) || typeof value['token'] !== 'string') throw new TypeError('not a probe reply')
  const { token, seen } = value
  if (!isRecord(seen) || typeof seen['address'] !== 'string' || typeof seen['port'] !== 'number') return { token }
  return { token, seen: { address: seen['address'], port: seen['port'] } }
}

/** Two endpoints that are one. */
export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.address === b.address && a.port === b.port
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
