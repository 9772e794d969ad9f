import type { Connection } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { P2pError, isP2pError } from '../../errors.ts'
import { MAX_RENDEZVOUS_RESPONSE_BYTES, RENDEZVOUS_TIMEOUT_MS } from '../../limits.ts'
import { RENDEZVOUS_PROTOCOL } from '../../protocols.ts'
import { RENDEZVOUS_STATUS, decodeResponse, encodeRequest } from './codec.ts'
import type { RendezvousRequest, RendezvousResponse } from './codec.ts'
import { openPeerRecord } from './peer-record.ts'
import type { VerifiedPeerRecord } from './peer-record.ts'

/** Someone who is registered under a namespace. The record was checked; that they can be reached there was not. */
export interface DiscoveredPeer extends VerifiedPeerRecord {
  /** How long the registration goes on, in ms. */
  readonly ttlMs: number
}

/** What a search found. */
export interface DiscoverResult {
  readonly peers: readonly DiscoveredPeer[]
  /** For the next search: only what is new comes then. */
  readonly cookie: Uint8Array | undefined
  /** How many are registered, where the server tells. */
  readonly total: number | undefined
}

/** Speaks `/rendezvous/1.0.0` to a server. All throw P2pError RENDEZVOUS_REFUSED, PROTOCOL_UNSUPPORTED, PROTOCOL_TIMEOUT, FRAME_INVALID. */
export interface RendezvousClient {
  /** Registers a signed peer record; returns how long it lasts, in ms. `ttlMs` undefined = the server's default. */
  register(server: Connection, namespace: string, signedPeerRecord: Uint8Array, ttlMs: number | undefined, signal: AbortSignal): Promise<number>
  unregister(server: Connection, namespace: string, signal: AbortSignal): Promise<void>
  discover(server: Connection, namespace: string, limit: number, cookie: Uint8Array | undefined, signal: AbortSignal): Promise<DiscoverResult>
}

/** Makes a client; it keeps nothing. */
export function createRendezvousClient(): RendezvousClient {
  return {
    async register(server, namespace, signedPeerRecord, ttlMs, signal) {
      const ttlSeconds = ttlMs === undefined ? undefined : Math.ceil(ttlMs / 1000)
      const response = await ask(server, { type: 'register', registration: { namespace, signedPeerRecord, ttlSeconds } }, signal)
      return (response?.type === 'register' ? response.ttlSeconds ?? ttlSeconds ?? 0 : 0) * 1000
    },
    async unregister(server, namespace, signal) {
      await ask(server, { type: 'unregister', namespace }, signal)
    },
    async discover(server, namespace, limit, cookie, signal) {
      const response = await ask(server, { type: 'discover', namespace, limit, cookie }, signal)
      if (response?.type !== 'discover') return { peers: [], cookie: undefined, total: undefined }
      const peers: DiscoveredPeer[] = []
      for (const { namespace: under, signedPeerRecord, ttlSeconds } of response.registrations.slice(0, limit)) {
        const record = under === namespace ? await openPeerRecord(signedPeerRecord).catch(() => undefined) : undefined
        if (record !== undefined) peers.push({ ...record, ttlMs: (ttlSeconds ?? 0) * 1000 })
      }
      return { peers, cookie: response.cookie, total: response.total }
    }
  }
}

async function ask(server: Connection, request: RendezvousRequest, stop: AbortSignal): Promise<RendezvousResponse | undefined> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(RENDEZVOUS_TIMEOUT_MS)])
  try {
    const stream = await server.newStream(RENDEZVOUS_PROTOCOL, { signal })
    try {
      const messages = lpStream(stream, { maxDataLength: MAX_RENDEZVOUS_RESPONSE_BYTES })
      await messages.write(encodeRequest(request), { signal })
      if (request.type === 'unregister') return undefined // the protocol has no answer to it
      return checkResponse(decodeResponse((await messages.read({ signal })).subarray()), request)
    } finally {
      await stream.close({ signal }).catch(() => { stream.abort(new P2pError('STREAM_CLOSED', 'This request is over.')) })
    }
  } catch (cause) {
    throw askError(server, cause, stop)
  }
}

function checkResponse(response: RendezvousResponse, request: RendezvousRequest): RendezvousResponse {
  if (response.type !== request.type) throw new P2pError('FRAME_INVALID', `The rendezvous server answered with a ${response.type} response to a ${request.type} request.`)
  if (response.status === RENDEZVOUS_STATUS.ok) return response
  const retryable = response.status === RENDEZVOUS_STATUS.unavailable || response.status === RENDEZVOUS_STATUS.internalError || response.status === RENDEZVOUS_STATUS.invalidCookie
  throw new P2pError('RENDEZVOUS_REFUSED', `The rendezvous server refused (status ${response.status}): ${response.statusText.slice(0, 200) || 'it does not say why'}`, { retryable })
}

function askError(server: Connection, cause: unknown, stop: AbortSignal): P2pError {
  if (isP2pError(cause)) return cause
  const whom = server.remotePeer.toString()
  if (stop.aborted) return new P2pError('ABORTED', `The request to the rendezvous server ${whom} was stopped.`, { cause })
  if (cause instanceof Error && cause.name === 'UnsupportedProtocolError') return new P2pError('PROTOCOL_UNSUPPORTED', `${whom} is no rendezvous server.`, { cause })
  return new P2pError('PROTOCOL_TIMEOUT', `The rendezvous server ${whom} did not answer.`, { cause, retryable: true })
}
