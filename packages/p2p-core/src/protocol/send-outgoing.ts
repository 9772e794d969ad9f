import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { P2pError, isP2pError } from '../errors.ts'
import type { P2pErrorCode } from '../errors.ts'
import { SEND_ALIVE_MS, SEND_CHUNK_BYTES, SEND_RESUME_MS, SEND_RETRY_FIRST_MS, SEND_RETRY_MOST_MS, SEND_WINDOW_BYTES } from '../limits.ts'
import type { ProtocolStream } from './protocol.ts'
import { isRelayed } from './registry.ts'
import type { ProtocolRegistry } from './registry.ts'
import { sayFarewell } from './send-farewell.ts'
import { sendProtocol } from './send-wire.ts'
import type { SendMessage } from './send-wire.ts'
import type { FileSource, Hasher } from './send.ts'
import type { TransferEntry } from './transfer-log.ts'

/** What sending one file needs. */
export interface OutgoingInit {
  readonly libp2p: Libp2p
  readonly registry: ProtocolRegistry
  readonly createHasher: () => Hasher
  readonly entry: TransferEntry
  readonly peer: PeerId
  readonly source: FileSource
  /** The transfer's id on the wire. */
  readonly id: string
  /** Aborts when the transfer is cancelled or this peer stops. */
  readonly signal: AbortSignal
  /** Aborts when this peer stops: then the other side is not told to give the file up. */
  readonly stopping: AbortSignal
  /** Called once the other side has accepted. */
  readonly onAccepted: () => Promise<void>
}

type Stream = ProtocolStream<SendMessage>

const REPORTED: ReadonlySet<string> = new Set<P2pErrorCode>(['FILE_HASH_MISMATCH', 'FILE_NAME_INVALID', 'FILE_REFUSED', 'FILE_TOO_LARGE', 'LIMIT_REACHED', 'STORAGE_FULL', 'STORAGE_REFUSED'])

/** Sends one file, over as many streams as it takes. Returns the hash in hex. Throws as `FileSending.send`. */
export async function sendFile(init: OutgoingInit): Promise<string> {
  return new Outgoing(init).run()
}

class Outgoing {
  readonly #init: OutgoingInit
  readonly #hasher: Hasher
  #hashedBytes = 0
  #sha256: string | undefined
  #met = false
  #ackedBytes = 0
  #wakeWriter: () => void = () => undefined

  constructor(init: OutgoingInit) {
    this.#init = init
    this.#hasher = init.createHasher()
  }

  async run(): Promise<string> {
    let retryMs = SEND_RETRY_FIRST_MS
    let deadlineMs = performance.now() + SEND_RESUME_MS
    for (;;) {
      const ackedBefore = this.#ackedBytes
      try {
        return await this.#attempt()
      } catch (error) {
        if (this.#init.signal.aborted) throw this.#whyEnded(error)
        if (!this.#goesOn(error) || performance.now() > deadlineMs) throw error
      }
      if (this.#ackedBytes > ackedBefore) {
        retryMs = SEND_RETRY_FIRST_MS
        deadlineMs = performance.now() + SEND_RESUME_MS
      }
      this.#init.entry.update({ state: 'waiting' })
      await this.#chance(retryMs)
      retryMs = Math.min(2 * retryMs, SEND_RETRY_MOST_MS)
    }
  }

  /** True where another stream may do what this one could not. A peer that has never been reached is not waited for. */
  #goesOn(error: unknown): boolean {
    return this.#met && isP2pError(error, 'STREAM_CLOSED', 'PROTOCOL_TIMEOUT', 'PEER_NOT_FOUND', 'DIAL_FAILED', 'DIAL_TIMEOUT')
  }

  /** Waits for the next try: until the time has passed, or a connection to the peer opens. */
  async #chance(retryMs: number): Promise<void> {
    const { libp2p, peer, signal } = this.#init
    await new Promise<void>(resolve => {
      const done = (): void => {
        clearTimeout(timer)
        libp2p.removeEventListener('connection:open', onOpen)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const onOpen = ({ detail }: CustomEvent<Connection>): void => { if (detail.remotePeer.equals(peer)) done() }
      const timer = setTimeout(done, retryMs)
      libp2p.addEventListener('connection:open', onOpen)
      signal.addEventListener('abort', done)
    })
    if (signal.aborted) throw this.#whyEnded(signal.reason)
  }

  async #attempt(): Promise<string> {
    const { registry, peer, signal, source, id } = this.#init
    const stream = await registry.open(peer, sendProtocol, { signal })
    const off = this.#watch(stream)
    try {
      const messages = stream[Symbol.asyncIterator]()
      this.#met = true
      await stream.send({ type: 'offer', id, name: source.name, bytes: source.bytes, mediaType: source.mediaType })
      const offset = await this.#answer(messages)
      const sha256 = typeof offset === 'string' ? await this.#compare(offset) : await this.#transfer(stream, messages, offset)
      void stream.close().catch(() => undefined)
      return sha256
    } catch (error) {
      const ended = this.#whyEnded(error)
      if (isP2pError(ended, 'ABORTED')) sayFarewell(stream, { type: 'cancel' }, ended)
      else stream.abort(new P2pError('STREAM_CLOSED', 'The transfer goes no further on this stream', { cause: ended }))
      throw ended
    } finally {
      off()
    }
  }

  #whyEnded(error: unknown): unknown {
    const { signal, stopping, source } = this.#init
    if (stopping.aborted) return new P2pError('STOPPED', `This peer is stopping; ${source.name} goes on when it is sent again`, { retryable: true, cause: error })
    return signal.aborted ? new P2pError('ABORTED', `Sending ${source.name} was cancelled`, { cause: error }) : error
  }

  /** Says that we are alive; ends the stream when we cancel; and moves to a direct path once there is one. */
  #watch(stream: Stream): () => void {
    const { libp2p, registry, peer, signal } = this.#init
    const alive = setInterval(() => { void stream.send({ type: 'alive' }).catch(() => undefined) }, SEND_ALIVE_MS)
    const onAbort = (): void => { this.#wakeWriter() }
    const onOpen = (): void => {
      const best = registry.pickConnection(peer)
      if (best === undefined || isRelayed(best) || !isRelayed(stream.connection)) return
      stream.abort(new P2pError('STREAM_CLOSED', 'A direct path has opened; the transfer goes on there', { retryable: true }))
    }
    libp2p.addEventListener('connection:open', onOpen)
    signal.addEventListener('abort', onAbort)
    return () => {
      clearInterval(alive)
      libp2p.removeEventListener('connection:open', onOpen)
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** The offset from which the other side wants the content; the hash of what it has, where it has it all. */
  async #answer(messages: AsyncIterator<SendMessage>): Promise<number | string> {
    const { source, entry, onAccepted } = this.#init
    for (;;) {
      const message = await this.#next(messages)
      switch (message.type) {
        case 'alive': continue
        case 'accept':
          if (message.offset > source.bytes) throw outOfTurn('an offset behind the end')
          this.#ackedBytes = message.offset
          await onAccepted()
          entry.update({ state: 'running', doneBytes: message.offset })
          return message.offset
        case 'done': return message.sha256
        default: throw outOfTurn(message.type)
      }
    }
  }

  /** Makes sure that what the other side has is this very content. */
  async #compare(sha256: string): Promise<string> {
    const { source, signal } = this.#init
    let at = this.#hashedBytes
    for await (const piece of source.read(at, signal)) {
      this.#hash(piece, at)
      at += piece.byteLength
    }
    this.#sha256 ??= this.#hasher.digest()
    if (at !== source.bytes || this.#sha256 !== sha256) throw this.#changed()
    return sha256
  }

  /** The next message that is no refusal. */
  async #next(messages: AsyncIterator<SendMessage>): Promise<SendMessage> {
    const { signal, source } = this.#init
    const result = await withAbort(messages.next(), signal)
    if (result.done === true) throw new P2pError('STREAM_CLOSED', 'The other side closed the stream before the file was through', { retryable: true })
    const message = result.value
    if (message.type === 'cancel') throw new P2pError('FILE_REFUSED', `The other side cancelled ${source.name}`)
    if (message.type === 'decline' || message.type === 'failed') {
      const code: P2pErrorCode = isReported(message.code) ? message.code : 'FILE_REFUSED'
      throw new P2pError(code, `${source.name} was not taken: ${message.reason}`, { retryable: code === 'LIMIT_REACHED' || code === 'FILE_HASH_MISMATCH' })
    }
    return message
  }

  async #transfer(stream: Stream, messages: AsyncIterator<SendMessage>, offset: number): Promise<string> {
    const writing = new AbortController()
    const written = this.#write(stream, offset, AbortSignal.any([this.#init.signal, writing.signal]))
    // A stream that died fails the writing too; why it did, the reading knows: the last message may have said it.
    const { promise: broken, reject } = Promise.withResolvers<never>()
    written.catch((error: unknown) => { if (!isP2pError(error, 'STREAM_CLOSED')) reject(error) })
    try {
      await Promise.race([this.#confirm(messages), broken])
      return await written
    } finally {
      writing.abort()
      this.#wakeWriter()
      await written.catch(() => undefined)
    }
  }

  /** Reads what the other side confirms, until it has all. */
  async #confirm(messages: AsyncIterator<SendMessage>): Promise<void> {
    for (;;) {
      const message = await this.#next(messages)
      if (message.type === 'done' && message.sha256 === this.#sha256) return
      if (message.type === 'alive') continue
      if (message.type !== 'ack' || message.offset > this.#init.source.bytes) throw outOfTurn(message.type)
      this.#ackedBytes = Math.max(this.#ackedBytes, message.offset)
      this.#init.entry.update({ doneBytes: this.#ackedBytes })
      this.#wakeWriter()
    }
  }

  /** Sends the content from `offset` on, hashing all of it once, however often a part of it is read. */
  async #write(stream: Stream, offset: number, signal: AbortSignal): Promise<string> {
    const { source } = this.#init
    let at = Math.min(offset, this.#hashedBytes)
    for await (const piece of source.read(at, signal)) {
      signal.throwIfAborted()
      if (at + piece.byteLength > source.bytes) throw this.#changed()
      this.#hash(piece, at)
      const unsent = piece.subarray(Math.min(piece.byteLength, Math.max(0, offset - at)))
      const start = at + piece.byteLength - unsent.byteLength
      for (let sent = 0; sent < unsent.byteLength; sent += SEND_CHUNK_BYTES) {
        const content = unsent.subarray(sent, sent + SEND_CHUNK_BYTES)
        await this.#window(start + sent + content.byteLength, signal)
        await stream.send({ type: 'data', content }, { signal })
      }
      at += piece.byteLength
    }
    signal.throwIfAborted()
    if (at !== source.bytes) throw this.#changed()
    this.#sha256 ??= this.#hasher.digest()
    await stream.send({ type: 'end', sha256: this.#sha256 }, { signal })
    return this.#sha256
  }

  #hash(piece: Uint8Array, at: number): void {
    const end = at + piece.byteLength
    if (end <= this.#hashedBytes) return
    this.#hasher.update(piece.subarray(this.#hashedBytes - at))
    this.#hashedBytes = end
  }

  /** Waits until content up to `end` fits into the window. */
  async #window(end: number, signal: AbortSignal): Promise<void> {
    while (end - this.#ackedBytes > SEND_WINDOW_BYTES) {
      signal.throwIfAborted()
      await new Promise<void>(resolve => { this.#wakeWriter = resolve })
    }
  }

  #changed(): P2pError {
    return new P2pError('FILE_HASH_MISMATCH', `${this.#init.source.name} changed while it was sent; send it again`, { retryable: true })
  }
}

function isReported(code: string): code is P2pErrorCode {
  return REPORTED.has(code)
}

function outOfTurn(what: string): P2pError {
  return new P2pError('FRAME_INVALID', `The other side answered out of turn while a file was sent: ${what}`)
}

/** Stops waiting when the signal aborts; what is waited for goes on by itself. */
async function withAbort<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => { reject(new P2pError('ABORTED', 'Stopped by the caller')) }
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([promise, aborted])
  } finally {
    promise.catch(() => undefined)
    signal.removeEventListener('abort', onAbort)
  }
}
