import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { CODE_P2P_CIRCUIT } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { fromString } from 'uint8arrays/from-string'
import { P2pError } from '../../errors.ts'
import {
  DEFAULT_RENDEZVOUS_TTL_S, MAX_DISCOVER_LIMIT, MAX_NAMESPACE_BYTES, MAX_RENDEZVOUS_REQUESTS, MAX_RENDEZVOUS_REQUESTS_PER_MINUTE,
  MAX_RENDEZVOUS_REQUEST_BYTES, MAX_RENDEZVOUS_STREAMS, MAX_RENDEZVOUS_TTL_S, RENDEZVOUS_LEAVE_GRACE_MS, RENDEZVOUS_ROOM_MS, RENDEZVOUS_SWEEP_MS,
  RENDEZVOUS_TIMEOUT_MS
} from '../../limits.ts'
import { RENDEZVOUS_PROTOCOL } from '../../protocols.ts'
import { RENDEZVOUS_STATUS, decodeRequest, encodeResponse } from './codec.ts'
import type { RegistrationMessage, RendezvousRequest, RendezvousResponse } from './codec.ts'
import { createCookies } from './cookie.ts'
import { openPeerRecord } from './peer-record.ts'
import { createRateLimit } from '../../rate-limit.ts'
import { DEFAULT_REGISTRY_LIMITS, createRegistry } from './registry.ts'
import type { RegistryLimits } from './registry.ts'

/** What a rendezvous server needs. */
export interface RendezvousServerOptions {
  readonly libp2p: Libp2p
  /** Who may register or search under a namespace; by default everyone who is connected. */
  readonly authorize?: (peer: PeerId, namespace: string) => boolean
  readonly limits?: RegistryLimits
  readonly now?: () => number
  /** Uniform in [0, 1). */
  readonly random?: () => number
}

/** Figures that name nobody. */
export interface RendezvousStats {
  readonly registrations: number
  /** Requests that were refused, by the status of the answer. */
  readonly refused: Readonly<Record<number, number>>
}

/** Serves `/rendezvous/1.0.0`: peers register where they can be reached, and find others. Nothing outlives the process. */
export interface RendezvousServer {
  readonly stats: RendezvousStats
  start(): Promise<void>
  stop(): Promise<void>
}

type Refusal = { readonly status: number; readonly text: string }

/** Makes the rendezvous server of one node. */
export function createRendezvousServer(options: RendezvousServerOptions): RendezvousServer {
  const { libp2p, authorize = () => true, limits = DEFAULT_REGISTRY_LIMITS, now = Date.now, random = Math.random } = options
  const registry = createRegistry(limits, random)
  const cookies = createCookies(crypto.getRandomValues(new Uint8Array(32)))
  const rate = createRateLimit(MAX_RENDEZVOUS_REQUESTS_PER_MINUTE, 60_000, now)
  const refused = new Map<number, number>()
  const leaving = new Map<string, ReturnType<typeof setTimeout>>()
  /** Who is registered only at addresses through this node. */
  const onlyThroughUs = new Set<string>()
  let roomMadeMs = Number.NEGATIVE_INFINITY
  let sweeper: ReturnType<typeof setInterval> | undefined

  async function answer(request: RendezvousRequest, peer: PeerId): Promise<RendezvousResponse | undefined> {
    const namespace = request.type === 'register' ? request.registration.namespace : request.namespace
    const refusal = checkNamespace(namespace) ?? checkRate(peer) ?? checkAccess(peer, namespace)
    if (refusal !== undefined) return refuse(request.type, refusal)
    switch (request.type) {
      case 'register': return register(request.registration, peer)
      case 'discover': return discover(request, peer)
      case 'unregister': {
        registry.remove(peer.toString(), namespace)
        return undefined
      }
    }
  }

  async function register({ namespace, signedPeerRecord, ttlSeconds = DEFAULT_RENDEZVOUS_TTL_S }: RegistrationMessage, peer: PeerId): Promise<RendezvousResponse> {
    if (ttlSeconds < 1 || ttlSeconds > MAX_RENDEZVOUS_TTL_S) return refuse('register', { status: RENDEZVOUS_STATUS.invalidTtl, text: `The TTL must be 1 to ${MAX_RENDEZVOUS_TTL_S} seconds.` })
    const record = await openPeerRecord(signedPeerRecord).catch(() => undefined)
    if (record === undefined || !record.peer.equals(peer)) return refuse('register', { status: RENDEZVOUS_STATUS.invalidSignedPeerRecord, text: 'The peer record is not signed by this connection\'s peer.' })
    const key = peer.toString()
    const registration = { peer: key, namespace, signedPeerRecord, expiresMs: now() + ttlSeconds * 1000 }
    const added = registry.add(registration, now()) || (makeRoom(namespace) && registry.add(registration, now()))
    if (!added) return refuse('register', { status: RENDEZVOUS_STATUS.unavailable, text: 'There is no room for more registrations.' })
    if (record.addresses.every(address => isThrough(address, libp2p.peerId))) onlyThroughUs.add(key)
    else onlyThroughUs.delete(key)
    return { type: 'register', status: RENDEZVOUS_STATUS.ok, statusText: '', ttlSeconds }
  }

  /** A full server keeps those who are connected: PeerIds cost nothing, so that one machine could fill it by coming and going. */
  function makeRoom(namespace: string): boolean {
    if (now() - roomMadeMs < RENDEZVOUS_ROOM_MS) return false
    roomMadeMs = now()
    return registry.makeRoom(namespace, new Set(libp2p.getPeers().map(String)))
  }

  function discover({ namespace, limit, cookie }: Extract<RendezvousRequest, { type: 'discover' }>, peer: PeerId): RendezvousResponse {
    const after = cookie === undefined ? undefined : cookies.open(namespace, cookie)
    if (cookie !== undefined && after === undefined) return refuse('discover', { status: RENDEZVOUS_STATUS.invalidCookie, text: 'The cookie is not of this server and namespace. Ask without one.' })
    const most = limit === undefined || limit === 0 ? MAX_DISCOVER_LIMIT : Math.min(limit, MAX_DISCOVER_LIMIT)
    const found = registry.find({ namespace, asker: peer.toString(), limit: most, after }, now())
    const registrations = found.registrations.map(({ signedPeerRecord, expiresMs }) => ({ namespace, signedPeerRecord, ttlSeconds: Math.ceil((expiresMs - now()) / 1000) }))
    return { type: 'discover', status: RENDEZVOUS_STATUS.ok, statusText: '', registrations, cookie: cookies.seal(namespace, found.order), total: found.total }
  }

  function checkRate(peer: PeerId): Refusal | undefined {
    return rate.take(peer.toString()) ? undefined : { status: RENDEZVOUS_STATUS.unavailable, text: 'Too many requests. Ask again in a minute.' }
  }

  function checkAccess(peer: PeerId, namespace: string): Refusal | undefined {
    return authorize(peer, namespace) ? undefined : { status: RENDEZVOUS_STATUS.notAuthorized, text: 'This peer is not let into this namespace.' }
  }

  function refuse(type: RendezvousRequest['type'], { status, text }: Refusal): RendezvousResponse {
    refused.set(status, (refused.get(status) ?? 0) + 1)
    if (type === 'discover') return { type, status, statusText: text, registrations: [], cookie: undefined, total: undefined }
    return { type: 'register', status, statusText: text, ttlSeconds: undefined }
  }

  async function serve(stream: Stream, connection: Connection): Promise<void> {
    const messages = lpStream(stream, { maxDataLength: MAX_RENDEZVOUS_REQUEST_BYTES })
    for (let count = 0; count < MAX_RENDEZVOUS_REQUESTS; count++) {
      const options = { signal: AbortSignal.timeout(RENDEZVOUS_TIMEOUT_MS) }
      const bytes = await messages.read(options).catch(error => {
        if (stream.remoteWriteStatus !== 'writable') return undefined
        throw error
      })
      if (bytes === undefined) break
      const request = decodeRequest(bytes.subarray())
      const response = await answer(request, connection.remotePeer)
      if (response !== undefined && request.type !== 'unregister') await messages.write(encodeResponse(response), options)
    }
    await stream.close({ signal: AbortSignal.timeout(RENDEZVOUS_TIMEOUT_MS) })
  }

  const onStream = (stream: Stream, connection: Connection): void => {
    serve(stream, connection).catch(error => { stream.abort(error instanceof Error ? error : new P2pError('STREAM_CLOSED', String(error))) })
  }

  /** Someone who can only be reached through this node, and is no longer here, is not to be found any more. */
  const onDisconnect = ({ detail: peer }: CustomEvent<PeerId>): void => {
    const key = peer.toString()
    if (!onlyThroughUs.has(key)) return
    clearTimeout(leaving.get(key))
    leaving.set(key, setTimeout(() => {
      leaving.delete(key)
      if (libp2p.getConnections(peer).length > 0) return
      onlyThroughUs.delete(key)
      registry.removePeer(key, () => true)
    }, RENDEZVOUS_LEAVE_GRACE_MS))
  }

  return {
    get stats() { return { registrations: registry.size, refused: Object.fromEntries(refused) } },
    async start() {
      await libp2p.handle(RENDEZVOUS_PROTOCOL, onStream, { maxInboundStreams: MAX_RENDEZVOUS_STREAMS })
      libp2p.addEventListener('peer:disconnect', onDisconnect)
      sweeper = setInterval(() => { registry.sweep(now()) }, RENDEZVOUS_SWEEP_MS)
    },
    async stop() {
      clearInterval(sweeper)
      for (const timer of leaving.values()) clearTimeout(timer)
      libp2p.removeEventListener('peer:disconnect', onDisconnect)
      await libp2p.unhandle(RENDEZVOUS_PROTOCOL)
    }
  }
}

function checkNamespace(namespace: string): Refusal | undefined {
  if (namespace !== '' && fromString(namespace).byteLength <= MAX_NAMESPACE_BYTES) return undefined
  return { status: RENDEZVOUS_STATUS.invalidNamespace, text: `A namespace of 1 to ${MAX_NAMESPACE_BYTES} bytes is needed.` }
}

function isThrough(address: Multiaddr, relay: PeerId): boolean {
  return address.getComponents().some(({ code }) => code === CODE_P2P_CIRCUIT) && address.toString().includes(`/p2p/${relay.toString()}/p2p-circuit`)
}
