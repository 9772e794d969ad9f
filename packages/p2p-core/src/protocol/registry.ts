import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import { P2pError } from '../errors.ts'
import { CLOSE_GRACE_MS, CLOSE_LINGER_MS, MAX_UNDECIDED_BYTES, MAX_UNREAD_BYTES } from '../limits.ts'
import { decide, receiveRequest, receiveVerdict, sendRequest, sendVerdict } from './admission.ts'
import type { Verdict } from './admission.ts'
import { ByteStream } from './byte-stream.ts'
import { createDenialLog } from './denials.ts'
import type { Denial, DenialLog } from './denials.ts'
import { compatibilityGroup, requestIds, requireProtocolId, servedIds } from './protocol-id.ts'
import { createProtocolStream } from './protocol-stream.ts'
import type { AccessPolicy, AccessRequest, Handler, Protocol, ProtocolStream } from './protocol.ts'
import { createStreamCounter } from './stream-counter.ts'
import { toStreamError } from './stream-errors.ts'

/** What the registry works with. */
export interface ProtocolRegistryInit {
  readonly libp2p: Libp2p
  /** Who may open what. Required: there is no policy by omission. */
  readonly access: AccessPolicy
  readonly onDenied?: (denial: Denial) => void
  /** Chooses among the connections to a peer; `undefined` = none. Default: direct before relayed, newest first. */
  readonly pickConnection?: (peer: PeerId) => Connection | undefined
  /** Called before a stream of a protocol with an operation is opened: presents the proofs that the other side will ask for. */
  readonly beforeOpen?: (request: Omit<AccessRequest, 'peer'>, signal: AbortSignal) => Promise<void>
  /** Dials where there is no connection. Without it, `open` throws PEER_NOT_FOUND then. */
  readonly dial?: (peer: PeerId, signal: AbortSignal) => Promise<Connection>
}

/** Opens and serves protocols on a libp2p node. */
export interface ProtocolRegistry {
  /** Throws PEER_NOT_FOUND, PROTOCOL_UNSUPPORTED, ACCESS_DENIED, LIMIT_REACHED, PROTOCOL_TIMEOUT, STREAM_CLOSED, ABORTED. */
  open<Message>(peer: PeerId, protocol: Protocol<Message>, options?: OpenOptions): Promise<ProtocolStream<Message>>
  /** Serves a protocol until the returned function is called. Throws OPTION_INVALID where a compatible version is served already. */
  handle<Message>(protocol: Protocol<Message>, handler: Handler<Message>): Promise<() => Promise<void>>
  /** The connection that `open` would use now. */
  pickConnection(peer: PeerId): Connection | undefined
  /** Asks the access policy again about each inbound stream (that `concerns`, where given) and resets those that are refused now. */
  recheck(concerns?: (request: AccessRequest) => boolean): Promise<void>
  /** How often each code was the reason of a refusal. */
  readonly denials: Readonly<Record<string, number>>
  /** Takes all handlers off and resets all streams. */
  stop(): Promise<void>
}

/** Options of one `open`. */
export interface OpenOptions {
  readonly signal?: AbortSignal
  /** Use this connection rather than the best one. */
  readonly connection?: Connection
  /** What a protocol with an operation is opened for, e.g. flow ids. */
  readonly resources?: readonly string[]
}

interface Admitted {
  readonly request: AccessRequest
  readonly timeoutMs: number
  readonly abort: (error: Error) => void
}

/** Direct before relayed, then the newest. */
export function preferDirect(connections: readonly Connection[]): Connection | undefined {
  return connections
    .filter(connection => connection.status === 'open')
    .sort((a, b) => Number(isRelayed(a)) - Number(isRelayed(b)) || b.timeline.open - a.timeline.open)[0]
}

/** True for a connection through a relay, limited or not. */
export function isRelayed(connection: Connection): boolean {
  return connection.limits !== undefined || !connection.direct
}

/** Makes the registry of a node. */
export function createProtocolRegistry(init: ProtocolRegistryInit): ProtocolRegistry {
  return new Registry(init)
}

class Registry implements ProtocolRegistry {
  readonly #init: ProtocolRegistryInit
  readonly #groups = new Map<string, string>()
  readonly #inbound = createStreamCounter()
  readonly #outbound = createStreamCounter()
  readonly #admitted = new Set<Admitted>()
  readonly #streams = new Set<Stream>()
  readonly #served = new Set<string>()
  readonly #denials: DenialLog
  #stopped = false

  constructor(init: ProtocolRegistryInit) {
    this.#init = init
    this.#denials = createDenialLog(init.onDenied ?? (() => undefined))
  }

  get denials(): Readonly<Record<string, number>> {
    return this.#denials.counts
  }

  pickConnection(peer: PeerId): Connection | undefined {
    const pick = this.#init.pickConnection
    return pick === undefined ? preferDirect(this.#init.libp2p.getConnections(peer)) : pick(peer)
  }

  async open<Message>(peer: PeerId, protocol: Protocol<Message>, options: OpenOptions = {}): Promise<ProtocolStream<Message>> {
    this.#assertRunning()
    const what = `${protocol.id} to ${peer.toString()}`
    const release = this.#outbound.take(peer.toString(), protocol.id, protocol.limits.maxOutboundStreamsPerPeer)
    if (release === undefined) {
      throw new P2pError('LIMIT_REACHED', `${what}: ${protocol.limits.maxOutboundStreamsPerPeer} streams are open already; close one first`, { retryable: true })
    }
    const timeout = AbortSignal.timeout(protocol.limits.openTimeoutMs)
    const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal])
    let stream: Stream | undefined
    try {
      const connection = options.connection ?? this.pickConnection(peer) ?? await this.#dial(peer, what, signal)
      const resources = protocol.operation === undefined ? [] : options.resources ?? []
      if (protocol.operation !== undefined) await this.#init.beforeOpen?.({ protocol: protocol.id, operation: protocol.operation, resources, connection }, signal)
      stream = await this.#negotiate(connection, protocol, signal)
      this.#track(stream, release)
      const bytes = new ByteStream(stream, what)
      if (protocol.operation !== undefined) await sendRequest(bytes, resources, protocol.limits.openTimeoutMs)
      if (protocol.framing === 'length-prefixed') await receiveVerdict(bytes, what, protocol.limits.openTimeoutMs, options.signal)
      return createProtocolStream({ stream, bytes, connection, protocol, resources })
    } catch (error) {
      const typed = toStreamError(error, what, options.signal)
      if (stream === undefined) release()
      else stream.abort(typed)
      throw typed
    }
  }

  async handle<Message>(protocol: Protocol<Message>, handler: Handler<Message>): Promise<() => Promise<void>> {
    this.#assertRunning()
    const id = requireProtocolId(protocol.id)
    const group = compatibilityGroup(id)
    const other = this.#groups.get(group)
    if (other !== undefined) throw new P2pError('OPTION_INVALID', `${protocol.id} cannot be served beside ${other}; one handler serves all compatible versions`)
    this.#groups.set(group, protocol.id)
    const ids = servedIds(id)
    try {
      // libp2p counts per connection and resets without a word; the registry's own limit is per peer and says why.
      const limits = { maxInboundStreams: 2 * protocol.limits.maxInboundStreamsPerPeer, maxOutboundStreams: 2 * protocol.limits.maxOutboundStreamsPerPeer }
      await this.#init.libp2p.handle([...ids], (stream, connection) => this.#serve(stream, connection, protocol, handler), { ...limits, runOnLimitedConnection: true })
    } catch (cause) {
      this.#groups.delete(group)
      throw new P2pError('OPTION_INVALID', `${protocol.id} is served by another part of this node already`, { cause })
    }
    for (const served of ids) this.#served.add(served)
    return async () => {
      if (!this.#groups.delete(group)) return
      for (const served of ids) this.#served.delete(served)
      await this.#init.libp2p.unhandle([...ids])
    }
  }

  async recheck(concerns: (request: AccessRequest) => boolean = () => true): Promise<void> {
    const concerned = [...this.#admitted].filter(({ request }) => concerns(request))
    await Promise.all(concerned.map(async ({ request, timeoutMs, abort }) => {
      const verdict = await decide(this.#init.access, request, timeoutMs)
      if (!verdict.allowed) abort(this.#deny(request, verdict))
    }))
  }

  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    this.#groups.clear()
    const ids = [...this.#served]
    this.#served.clear()
    if (ids.length > 0) await this.#init.libp2p.unhandle(ids)
    for (const stream of [...this.#streams]) stream.abort(new P2pError('STOPPED', 'This peer is stopping'))
  }

  async #dial(peer: PeerId, what: string, signal: AbortSignal): Promise<Connection> {
    if (this.#init.dial === undefined) throw new P2pError('PEER_NOT_FOUND', `${what}: not connected; connect to the peer first`, { retryable: true })
    return this.#init.dial(peer, signal)
  }

  async #negotiate<Message>(connection: Connection, protocol: Protocol<Message>, signal: AbortSignal): Promise<Stream> {
    const known = await this.#init.libp2p.peerStore.get(connection.remotePeer).catch(() => undefined)
    const ids = requestIds(requireProtocolId(protocol.id), known?.protocols ?? [])
    const stream = await connection.newStream([...ids], {
      signal,
      runOnLimitedConnection: true,
      maxOutboundStreams: 2 * protocol.limits.maxOutboundStreamsPerPeer
    })
    stream.maxReadBufferLength = MAX_UNREAD_BYTES
    return stream
  }

  async #serve<Message>(stream: Stream, connection: Connection, protocol: Protocol<Message>, handler: Handler<Message>): Promise<void> {
    if (this.#stopped || stream.status !== 'open') return stream.abort(new P2pError('STOPPED', 'This peer is stopping'))
    // Held back until the decision is made: the transport stops the other side after one window.
    if (stream.readStatus === 'readable') stream.pause()
    stream.maxReadBufferLength = MAX_UNDECIDED_BYTES
    const peer = connection.remotePeer
    const what = `${protocol.id} from ${peer.toString()}`
    const release = this.#inbound.take(peer.toString(), protocol.id, protocol.limits.maxInboundStreamsPerPeer)
    this.#track(stream, release ?? (() => undefined))
    const bytes = new ByteStream(stream, what)
    const about = { peer, protocol: protocol.id, operation: protocol.operation, connection }
    if (release === undefined) {
      const reason = `More than ${protocol.limits.maxInboundStreamsPerPeer} streams of one peer`
      return this.#refuse(stream, bytes, { ...about, resources: [] }, protocol, { allowed: false, code: 'LIMIT_REACHED', reason })
    }
    try {
      const resources = protocol.operation === undefined ? [] : await receiveRequest(bytes, what, protocol.limits.openTimeoutMs)
      const request: AccessRequest = { ...about, resources }
      const verdict = await decide(this.#init.access, request, protocol.limits.openTimeoutMs)
      await (verdict.allowed ? this.#run(stream, bytes, request, protocol, handler) : this.#refuse(stream, bytes, request, protocol, verdict))
    } catch (error) {
      stream.abort(toStreamError(error, what))
    }
  }

  async #run<Message>(stream: Stream, bytes: ByteStream, request: AccessRequest, protocol: Protocol<Message>, handler: Handler<Message>): Promise<void> {
    const { openTimeoutMs } = protocol.limits
    const admitted: Admitted = { request, timeoutMs: openTimeoutMs, abort: error => { stream.abort(error) } }
    this.#admitted.add(admitted)
    try {
      if (protocol.framing === 'length-prefixed') await sendVerdict(bytes, { allowed: true }, openTimeoutMs)
      stream.maxReadBufferLength = MAX_UNREAD_BYTES
      await handler(createProtocolStream({ stream, bytes, connection: request.connection, protocol, resources: request.resources }))
      await this.#closeFully(stream, bytes)
    } catch (error) {
      stream.abort(toStreamError(error, `Serving ${protocol.id} to ${request.peer.toString()}`))
    } finally {
      this.#admitted.delete(admitted)
    }
  }

  async #refuse<Message>(stream: Stream, bytes: ByteStream, request: AccessRequest, protocol: Protocol<Message>, verdict: Verdict & { allowed: false }): Promise<void> {
    const error = this.#deny(request, verdict)
    try {
      if (protocol.framing === 'length-prefixed') {
        await sendVerdict(bytes, verdict, protocol.limits.openTimeoutMs)
        // The opener closes. An end of ours right behind the verdict would make its libp2p throw the verdict away (see CLOSE_GRACE_MS).
        await within(CLOSE_LINGER_MS, done => { stream.addEventListener('close', done, { once: true }) })
      }
    } catch {
      // The opener is gone, or does not take the verdict; the reset below is all that is left.
    } finally {
      stream.abort(error)
    }
  }

  #deny(request: AccessRequest, verdict: Verdict & { allowed: false }): P2pError {
    this.#denials.count({ id: request.peer, protocol: request.protocol, code: verdict.code, reason: verdict.reason })
    return new P2pError('ACCESS_DENIED', `${request.protocol} refused to ${request.peer.toString()}: ${verdict.reason}`)
  }

  /** Closes our side, throws away what still comes, and resets where the other side does not close in time. */
  async #closeFully(stream: Stream, bytes: ByteStream): Promise<void> {
    if (!bytes.hasReceived && stream.remoteWriteStatus === 'writable') {
      await within(CLOSE_GRACE_MS, done => {
        for (const name of ['message', 'remoteCloseWrite', 'close'] as const) stream.addEventListener(name, done, { once: true })
      })
    }
    await stream.close({ signal: AbortSignal.timeout(CLOSE_LINGER_MS) })
    const deadline = AbortSignal.timeout(CLOSE_LINGER_MS)
    while (stream.status === 'open' || stream.status === 'closing') {
      const rest = await bytes.read({ timeoutMs: CLOSE_LINGER_MS, signal: deadline })
      if (rest === undefined) return
    }
  }

  #track(stream: Stream, release: () => void): void {
    this.#streams.add(stream)
    const done = (): void => {
      this.#streams.delete(stream)
      release()
    }
    if (stream.status === 'open' || stream.status === 'closing') stream.addEventListener('close', done, { once: true })
    else done()
  }

  #assertRunning(): void {
    if (this.#stopped) throw new P2pError('STOPPED', 'This peer has stopped; make a new one')
  }
}

/** Resolves when `subscribe` calls back, or after `timeoutMs`. */
function within(timeoutMs: number, subscribe: (done: () => void) => void): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, timeoutMs)
    subscribe(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
