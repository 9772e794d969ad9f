import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { P2pError } from '../errors.ts'
import { PIECE_COST_BYTES, READ_QUEUE_BYTES } from '../limits.ts'

/** Pieces that may wait as they came, however small. */
const MAX_LOOSE_PIECES = 64

/** How long to wait: until the signal aborts, or `timeoutMs` (0 = without end) has passed. */
export interface Wait {
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** Bytes that wait, and in how many pieces they arrived. */
interface Waiting {
  readonly bytes: Uint8Array
  readonly pieces: number
}

/**
 * Reads and writes the bytes of a libp2p stream with bounds. libp2p's own iterator has none (its queue grows without end), ends early on
 * a paused stream, and its `onDrain()` keeps no back-pressure after the first time, so this works on the stream's events.
 */
export class ByteStream {
  readonly #stream: Stream
  readonly #what: string
  readonly #queue: Waiting[] = []
  #queuedBytes = 0
  #queuedPieces = 0
  #piecesRead = 0
  #remoteEnded: boolean
  #ended = false
  #error: Error | undefined
  #received = false
  #resuming = false
  readonly #waiting = new Set<() => void>()
  #writing: Promise<void> = Promise.resolve()

  /** `what` names the stream in errors. The stream must be paused, or not yet have lost data to another listener. */
  constructor(stream: Stream, what: string) {
    this.#stream = stream
    this.#what = what
    this.#remoteEnded = stream.remoteWriteStatus === 'closed'
    stream.addEventListener('remoteCloseWrite', () => { this.#remoteEnded = true })
    // Before the 'close' of a reset there is an 'end' too, which would hide the reset's error.
    stream.addEventListener('end', () => { if (stream.status !== 'aborted' && stream.status !== 'reset') this.#end(undefined) })
    stream.addEventListener('close', event => { this.#onClose(event) })
    stream.addEventListener('message', event => { this.#onMessage(event) })
    if (stream.readableEnded || (stream.status !== 'open' && stream.readBufferLength === 0)) this.#end(undefined)
  }

  /** True once bytes have arrived, read or not. */
  get hasReceived(): boolean {
    return this.#received
  }

  /** In how many pieces (frames of the muxer) the bytes arrived that were read so far: each costs time and memory of its own. */
  get piecesRead(): number {
    return this.#piecesRead
  }

  /** The next bytes; `undefined` at the end. Throws STREAM_CLOSED where the stream was cut, PROTOCOL_TIMEOUT, ABORTED. */
  async read(wait: Wait): Promise<Uint8Array | undefined> {
    for (;;) {
      const next = this.#queue.shift()
      if (next !== undefined) {
        this.#queuedBytes -= next.bytes.byteLength
        this.#queuedPieces -= next.pieces
        this.#piecesRead += next.pieces
        if (this.#queuedCost() <= READ_QUEUE_BYTES / 2) this.#resume()
        return next.bytes
      }
      if (this.#ended) {
        if (this.#error !== undefined) throw this.#error
        return undefined
      }
      await this.#event(wait, `${this.#what}: nothing arrived for ${wait.timeoutMs} ms`)
    }
  }

  /** Puts bytes back in front of what is read next. */
  unread(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return
    this.#queue.unshift({ bytes, pieces: 0 })
    this.#queuedBytes += bytes.byteLength
  }

  /**
   * Hands bytes to the transport, in the order of the calls; resolves when its window has room again.
   * Throws STREAM_CLOSED, PROTOCOL_TIMEOUT, ABORTED.
   */
  write(parts: readonly Uint8Array[], wait: Wait): Promise<void> {
    const turn = this.#writing.then(() => this.#write(parts, wait))
    this.#writing = turn.catch(() => undefined)
    return turn
  }

  #resume(): void {
    if (this.#stream.readStatus !== 'paused') return
    this.#resuming = true
    try {
      this.#stream.resume()
    } catch {
      // The muxer is gone and cannot take the window update; what was buffered has been delivered all the same.
    }
    this.#resuming = false
    this.#pauseIfFull()
  }

  // Never from within `resume()`, which delivers first and then tells yamux to go on: the pause would be undone there, and the other side
  // could send until libp2p resets the stream.
  #pauseIfFull(): void {
    if (this.#queuedCost() >= READ_QUEUE_BYTES && !this.#resuming && this.#stream.readStatus === 'readable') this.#stream.pause()
  }

  async #write(parts: readonly Uint8Array[], wait: Wait): Promise<void> {
    if (wait.signal?.aborted === true) throw this.#aborted(wait.signal)
    // What a full window cannot take is not handed over at all, so that a stuck stream holds one message and not each that was tried.
    await this.#drained(wait)
    if (this.#stream.writeStatus !== 'writable') throw this.#closed('it is closed for writing')
    try {
      this.#stream.send(new Uint8ArrayList(...parts))
    } catch (cause) {
      throw this.#closed('the transport took no more', cause)
    }
    await this.#drained(wait)
  }

  async #drained(wait: Wait): Promise<void> {
    while (this.#stream.writableNeedsDrain) {
      if (this.#stream.writeStatus === 'closed') throw this.#closed('it closed while bytes were waiting')
      const { promise, resolve } = Promise.withResolvers<void>()
      const wake = (): void => { resolve() }
      this.#stream.addEventListener('drain', wake)
      this.#stream.addEventListener('close', wake)
      try {
        await this.#wait(promise, wait, `${this.#what}: the other side has taken nothing for ${wait.timeoutMs} ms`)
      } finally {
        this.#stream.removeEventListener('drain', wake)
        this.#stream.removeEventListener('close', wake)
      }
    }
  }

  #onMessage(event: StreamMessageEvent): void {
    this.#received = true
    const parts = event.data instanceof Uint8Array ? [event.data] : event.data
    for (const bytes of parts) {
      this.#queue.push({ bytes, pieces: 1 })
      this.#queuedBytes += bytes.byteLength
      this.#queuedPieces += 1
    }
    if (this.#queue.length > MAX_LOOSE_PIECES + this.#queuedBytes / PIECE_COST_BYTES) this.#compact()
    this.#pauseIfFull()
    for (const wake of [...this.#waiting]) wake()
  }

  #queuedCost(): number {
    return this.#queuedBytes + this.#queuedPieces * PIECE_COST_BYTES
  }

  /** Copies small pieces together: a piece of two bytes takes fifty times that in memory, and keeps alive what it was cut from. */
  #compact(): void {
    const whole = new Uint8Array(this.#queuedBytes)
    let at = 0
    for (const { bytes } of this.#queue) {
      whole.set(bytes, at)
      at += bytes.byteLength
    }
    this.#queue.splice(0, this.#queue.length, { bytes: whole, pieces: this.#queuedPieces })
  }

  #onClose(event: StreamCloseEvent): void {
    if (event.error !== undefined) {
      this.#end(event.local === true ? event.error : this.#closed('the other side reset it', event.error))
    } else if (this.#stream.readBufferLength === 0 || this.#stream.readStatus === 'closed') {
      this.#end(undefined)
    }
  }

  #end(error: Error | undefined): void {
    if (this.#ended) return
    this.#ended = true
    this.#error = error ?? (this.#remoteEnded ? undefined : this.#closed('the connection went away'))
    for (const wake of [...this.#waiting]) wake()
  }

  #event(wait: Wait, timeoutText: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.add(resolve)
    // Delivers at once what libp2p has held back, so it comes after there is someone to wake.
    this.#resume()
    return this.#wait(promise, wait, timeoutText).finally(() => { this.#waiting.delete(resolve) })
  }

  async #wait(promise: Promise<void>, wait: Wait, timeoutText: string): Promise<void> {
    const { timeoutMs, signal } = wait
    if (signal?.aborted === true) throw this.#aborted(signal)
    const { promise: stopped, reject } = Promise.withResolvers<never>()
    const onAbort = (): void => { reject(this.#aborted(signal)) }
    const timer = timeoutMs === 0 ? undefined : setTimeout(() => { reject(new P2pError('PROTOCOL_TIMEOUT', timeoutText, { retryable: true })) }, timeoutMs)
    signal?.addEventListener('abort', onAbort)
    try {
      await Promise.race([promise, stopped])
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  #closed(how: string, cause?: unknown): P2pError {
    return new P2pError('STREAM_CLOSED', `${this.#what}: ${how}; open it again`, { retryable: true, cause })
  }

  #aborted(signal: AbortSignal | undefined): P2pError {
    return new P2pError('ABORTED', `${this.#what}: stopped by its caller`, { cause: signal?.reason })
  }
}
