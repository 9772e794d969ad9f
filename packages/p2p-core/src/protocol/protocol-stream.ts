import type { Connection, Stream } from '@libp2p/interface'
import { P2pError, isP2pError } from '../errors.ts'
import { CLOSE_LINGER_MS, DISCARD_BYTES_PER_SECOND, PIECE_COST_BYTES } from '../limits.ts'
import type { ByteStream, Wait } from './byte-stream.ts'
import { createFramer, encodeFrame } from './framing.ts'
import type { Framer } from './framing.ts'
import type { Protocol, ProtocolStream } from './protocol.ts'
import { toStreamError } from './stream-errors.ts'

/** What a protocol stream is made of. */
export interface ProtocolStreamInit<Message> {
  readonly stream: Stream
  readonly bytes: ByteStream
  readonly connection: Connection
  readonly protocol: Protocol<Message>
  readonly resources: readonly string[]
}

/** A stream of messages over the bytes of a libp2p stream. */
export function createProtocolStream<Message>(init: ProtocolStreamInit<Message>): ProtocolStream<Message> {
  return new FramedStream(init)
}

class FramedStream<Message> implements ProtocolStream<Message> {
  readonly peer
  readonly protocol: string
  readonly connection: Connection
  readonly resources: readonly string[]
  readonly #definition: Protocol<Message>
  readonly #stream: Stream
  readonly #bytes: ByteStream
  readonly #framer: Framer
  readonly #frames: Uint8Array[] = []
  #reading: Promise<unknown> = Promise.resolve()
  #undecodable = 0
  #told = 0
  #onDropped: (count: number) => void = () => undefined

  constructor(init: ProtocolStreamInit<Message>) {
    this.peer = init.connection.remotePeer
    this.protocol = init.stream.protocol
    this.connection = init.connection
    this.resources = init.resources
    this.#definition = init.protocol
    this.#stream = init.stream
    this.#bytes = init.bytes
    this.#framer = createFramer(init.protocol.framing, init.protocol.limits.maxFrameBytes, init.protocol.onInvalidFrame)
  }

  get dropped(): number {
    return this.#undecodable + this.#framer.discardedFrames
  }

  onDropped(listener: (count: number) => void): void {
    this.#onDropped = listener
    this.#tellDropped()
  }

  #tellDropped(): void {
    const count = this.dropped - this.#told
    if (count === 0) return
    this.#told += count
    this.#onDropped(count)
  }

  async send(message: Message, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { framing, limits, codec } = this.#definition
    const parts = encodeFrame(framing, limits.maxFrameBytes, codec.encode(message))
    try {
      await this.#bytes.write(parts, this.#wait(options.signal))
    } catch (error) {
      // A timeout leaves bytes of unknown fate behind: nothing that follows could be understood.
      if (isP2pError(error, 'PROTOCOL_TIMEOUT')) this.abort(error)
      throw error
    }
  }

  async close(): Promise<void> {
    try {
      await this.#stream.close({ signal: AbortSignal.timeout(this.#definition.limits.idleTimeoutMs || CLOSE_LINGER_MS) })
    } catch (error) {
      throw toStreamError(error, `Closing ${this.protocol}`)
    }
  }

  abort(error: Error): void {
    this.#stream.abort(error)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close().catch((error: unknown) => { this.abort(toStreamError(error, `Closing ${this.protocol}`)) })
  }

  [Symbol.asyncIterator](): AsyncIterator<Message> {
    return { next: () => this.#inTurn() }
  }

  #inTurn(): Promise<IteratorResult<Message>> {
    const turn = this.#reading.then(() => this.#next())
    this.#reading = turn.catch(() => undefined)
    return turn
  }

  async #next(): Promise<IteratorResult<Message>> {
    try {
      for (;;) {
        const frame = this.#frames.shift()
        if (frame === undefined) {
          if (!(await this.#fill())) return { done: true, value: undefined }
          continue
        }
        const message = this.#decode(frame)
        if (message !== undefined) return { done: false, value: message.value }
      }
    } catch (error) {
      const typed = toStreamError(error, `Reading ${this.protocol}`)
      this.abort(typed)
      throw typed
    }
  }

  /** Reads until there is a frame; false at the end. */
  async #fill(): Promise<boolean> {
    const bytesBefore = this.#framer.discardedBytes
    const piecesBefore = this.#bytes.piecesRead
    const chunk = await this.#bytes.read(this.#wait(undefined))
    if (chunk === undefined) {
      if (this.#framer.atBoundary || this.#definition.onInvalidFrame === 'drop') return false
      throw new P2pError('STREAM_CLOSED', `${this.protocol}: the other side closed in the middle of a frame`, { retryable: true })
    }
    for (const frame of this.#framer.push(chunk)) this.#frames.push(frame)
    this.#tellDropped()
    await this.#payForDiscarded(this.#framer.discardedBytes - bytesBefore, this.#bytes.piecesRead - piecesBefore)
    return true
  }

  // Whoever sends what can only be thrown away is read slowly; the transport's back-pressure does the rest.
  async #payForDiscarded(bytes: number, pieces: number): Promise<void> {
    if (bytes === 0) return
    const cost = bytes + pieces * PIECE_COST_BYTES
    await new Promise(resolve => { setTimeout(resolve, Math.ceil((cost * 1000) / DISCARD_BYTES_PER_SECOND)) })
  }

  #decode(frame: Uint8Array): { readonly value: Message } | undefined {
    try {
      return { value: this.#definition.codec.decode(frame) }
    } catch (error) {
      if (this.#definition.onInvalidFrame === 'reset' || !isP2pError(error, 'FRAME_INVALID')) throw error
      this.#undecodable += 1
      this.#tellDropped()
      return undefined
    }
  }

  #wait(signal: AbortSignal | undefined): Wait {
    return { timeoutMs: this.#definition.limits.idleTimeoutMs, signal }
  }
}
