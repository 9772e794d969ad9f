import type { PeerId } from '@libp2p/interface'
import { P2pError, isP2pError } from '../errors.ts'
import { SEND_ACK_BYTES, SEND_ALIVE_MS, SEND_OFFER_GRACE_MS, SEND_OFFER_TIMEOUT_MS, SEND_RESUME_MS } from '../limits.ts'
import type { ProtocolStream } from './protocol.ts'
import { sayFarewell } from './send-farewell.ts'
import type { OfferMessage, SendMessage } from './send-wire.ts'
import type { FileOffer, FileSink, Hasher, OpenFileSink } from './send.ts'
import type { TransferEntry } from './transfer-log.ts'

/** What receiving one file needs. */
export interface IncomingInit {
  readonly offer: FileOffer
  readonly message: OfferMessage
  readonly entry: TransferEntry
  readonly openSink: OpenFileSink
  readonly createHasher: () => Hasher
  /** True where the person has said yes before, and the transfer goes on. */
  readonly accepted: boolean
  readonly onAccepted: () => Promise<void>
  /** Called once it has ended: with the hash where it ended well; `keep` where a new offer may go on with what is there. */
  readonly onEnd: (result: { readonly sha256: string | undefined; readonly keep: boolean }) => Promise<void>
}

/** One file that is offered to us or comes in, over as many streams as it takes. */
export interface Incoming {
  readonly peer: PeerId
  readonly decided: boolean
  /** True where an offer is about the very same file. */
  isSame(message: OfferMessage): boolean
  /** Goes on with this stream; the one before is ended. */
  serve(stream: ProtocolStream<SendMessage>): Promise<void>
  accept(): void
  decline(code: string, reason: string): void
  cancel(): Promise<void>
  /** Ends it for now; what is there is kept. */
  stop(): Promise<void>
}

type Stream = ProtocolStream<SendMessage>
type Decision = { readonly accepted: true } | { readonly accepted: false; readonly code: string; readonly reason: string }

/** Makes the receiving side of a transfer. */
export function createIncoming(init: IncomingInit): Incoming {
  return new IncomingFile(init)
}

class IncomingFile implements Incoming {
  readonly peer: PeerId
  readonly #init: IncomingInit
  readonly #hasher: Hasher
  readonly #decision = Promise.withResolvers<Decision>()
  #decided: boolean
  #sink: FileSink | undefined
  #written = 0
  #acked = 0
  #stream: Stream | undefined
  #serving: Promise<void> = Promise.resolve()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(init: IncomingInit) {
    this.#init = init
    this.peer = init.offer.from
    this.#hasher = init.createHasher()
    this.#decided = init.accepted
    if (init.accepted) this.#decision.resolve({ accepted: true })
    else this.#endAfter(SEND_OFFER_TIMEOUT_MS, 'Nobody answered the offer in time')
  }

  get decided(): boolean {
    return this.#decided
  }

  isSame({ name, bytes, mediaType }: OfferMessage): boolean {
    const { message } = this.#init
    return name === message.name && bytes === message.bytes && mediaType === message.mediaType
  }

  accept(): void {
    this.#decide({ accepted: true })
  }

  decline(code: string, reason: string): void {
    this.#decide({ accepted: false, code, reason })
    if (this.#stream === undefined) void this.#end('declined')
  }

  async cancel(): Promise<void> {
    const error = new P2pError('ABORTED', `Receiving ${this.#init.offer.name} was cancelled`)
    if (this.#stream !== undefined) sayFarewell(this.#stream, { type: 'cancel' }, error)
    await this.#end('cancelled', error)
  }

  async stop(): Promise<void> {
    const error = new P2pError('STOPPED', 'This peer is stopping', { retryable: true })
    this.#stream?.abort(error)
    await this.#end('failed', error)
    await this.#serving
  }

  async serve(stream: Stream): Promise<void> {
    this.#stream?.abort(new P2pError('STREAM_CLOSED', 'The other side goes on by another stream', { retryable: true }))
    this.#stream = stream
    const turn = this.#serving.then(() => this.#serve(stream))
    this.#serving = turn.catch(() => undefined)
    await turn
  }

  #decide(decision: Decision): void {
    if (this.#decided) return
    this.#decided = true
    this.#decision.resolve(decision)
    if (this.#stream === undefined) this.#endAfter(SEND_RESUME_MS, 'The sender is gone')
    else clearTimeout(this.#timer)
  }

  async #serve(stream: Stream): Promise<void> {
    if (this.#stream !== stream || this.#init.entry.ended) return stream.abort(new P2pError('STREAM_CLOSED', 'This transfer goes on by another stream, or has ended'))
    const alive = setInterval(() => { void stream.send({ type: 'alive' }).catch(() => undefined) }, SEND_ALIVE_MS)
    if (this.#decided) clearTimeout(this.#timer)
    else this.#endAfter(SEND_OFFER_TIMEOUT_MS, 'Nobody answered the offer in time')
    try {
      await this.#receive(stream)
    } catch (error) {
      await this.#onError(stream, error)
    } finally {
      clearInterval(alive)
      if (this.#stream === stream) this.#stream = undefined
    }
  }

  /** Throws where the stream is lost; else the other side is told, and the stream closes in order. */
  async #onError(stream: Stream, error: unknown): Promise<void> {
    if (this.#init.entry.ended) return
    if (isP2pError(error, 'STREAM_CLOSED', 'PROTOCOL_TIMEOUT')) {
      if (this.#decided) this.#init.entry.update({ state: 'waiting' })
      if (this.#stream === stream) this.#endAfter(this.#decided ? SEND_RESUME_MS : SEND_OFFER_GRACE_MS, 'The sender did not come back')
      throw error
    }
    const typed = isP2pError(error) ? error : new P2pError('STORAGE_REFUSED', `${this.#init.offer.name} cannot be stored`, { cause: error })
    const told = stream.send({ type: 'failed', code: typed.code, reason: typed.message.slice(0, 300) }).catch(() => undefined)
    await this.#end('failed', typed)
    await told
  }

  async #receive(stream: Stream): Promise<void> {
    const messages = stream[Symbol.asyncIterator]()
    let pending = messages.next()
    pending.catch(() => undefined)
    const decision = await this.#whileWaiting(pending, next => { pending = next }, messages)
    if (decision === undefined) return this.#end('cancelled', cancelledByOther(this.#init.offer.name))
    if (!decision.accepted) {
      await stream.send({ type: 'decline', code: decision.code, reason: decision.reason })
      return this.#end('declined')
    }
    await this.#start(stream)
    for (;;) {
      const result = await pending
      if (result.done === true) throw new P2pError('STREAM_CLOSED', 'The sender closed the stream before the file was through', { retryable: true })
      if (await this.#onMessage(stream, result.value)) return
      pending = messages.next()
    }
  }

  /** Waits for the person, and reads meanwhile, to notice when the sender goes; `undefined` where it cancelled. */
  async #whileWaiting(first: Promise<IteratorResult<SendMessage>>, keep: (next: Promise<IteratorResult<SendMessage>>) => void, messages: AsyncIterator<SendMessage>): Promise<Decision | undefined> {
    let pending = first
    for (;;) {
      const event = await Promise.race([this.#decision.promise, pending])
      if ('accepted' in event) return event
      if (event.done === true) throw new P2pError('STREAM_CLOSED', 'The sender closed the stream', { retryable: true })
      if (event.value.type === 'cancel') return undefined
      if (event.value.type !== 'alive') throw new P2pError('FRAME_INVALID', `The sender sent ${event.value.type} before the offer was answered`)
      pending = messages.next()
      pending.catch(() => undefined)
      keep(pending)
    }
  }

  /** Opens the sink, once; hashes what an earlier run left; and says from where to go on. */
  async #start(stream: Stream): Promise<void> {
    const { entry, offer, onAccepted, openSink } = this.#init
    if (this.#sink === undefined) {
      await onAccepted()
      const sink = await openSink(offer)
      this.#sink = sink
      for await (const piece of sink.read(AbortSignal.timeout(SEND_RESUME_MS))) {
        this.#hasher.update(piece)
        this.#written += piece.byteLength
      }
    }
    this.#acked = this.#written
    entry.update({ state: 'running', doneBytes: this.#written })
    await stream.send({ type: 'accept', offset: this.#written })
  }

  /** True once the transfer is over. */
  async #onMessage(stream: Stream, message: SendMessage): Promise<boolean> {
    if (this.#init.entry.ended) return true
    switch (message.type) {
      case 'alive': return false
      case 'data':
        await this.#write(stream, message.content)
        return false
      case 'end':
        await this.#finish(stream, message.sha256)
        return true
      case 'cancel':
        await this.#end('cancelled', cancelledByOther(this.#init.offer.name))
        return true
      default: throw new P2pError('FRAME_INVALID', `The sender sent ${message.type} in the middle of a file`)
    }
  }

  async #write(stream: Stream, content: Uint8Array): Promise<void> {
    const { offer, entry } = this.#init
    if (this.#written + content.byteLength > offer.bytes) {
      throw new P2pError('FILE_TOO_LARGE', `The sender sends more than the ${offer.bytes} bytes that it offered`)
    }
    await this.#sink?.write(content)
    this.#hasher.update(content)
    this.#written += content.byteLength
    entry.update({ doneBytes: this.#written })
    if (this.#written - this.#acked < SEND_ACK_BYTES && this.#written < offer.bytes) return
    this.#acked = this.#written
    await stream.send({ type: 'ack', offset: this.#written })
  }

  async #finish(stream: Stream, claimed: string): Promise<void> {
    const { offer, entry, onEnd } = this.#init
    if (this.#written !== offer.bytes) throw new P2pError('FILE_REFUSED', `The sender ended after ${this.#written} of the ${offer.bytes} bytes that it offered`)
    const sha256 = this.#hasher.digest()
    if (sha256 !== claimed) throw new P2pError('FILE_HASH_MISMATCH', `${offer.name} is not what was sent; ask for it again`, { retryable: true })
    const location = await this.#sink?.commit()
    this.#sink = undefined
    clearTimeout(this.#timer)
    await onEnd({ sha256, keep: false })
    entry.end('done', { sha256, location })
    await stream.send({ type: 'done', sha256 })
  }

  #endAfter(timeoutMs: number, why: string): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      if (this.#decided) void this.#end('failed', new P2pError('STREAM_CLOSED', `${this.#init.offer.name}: ${why}`, { retryable: true }))
      else this.decline('FILE_REFUSED', why)
    }, timeoutMs)
  }

  async #end(state: 'declined' | 'cancelled' | 'failed', error?: P2pError): Promise<void> {
    const { entry, onEnd } = this.#init
    if (entry.ended) return
    clearTimeout(this.#timer)
    entry.end(state, error === undefined ? {} : { error: { code: error.code, message: error.message } })
    const sink = this.#sink
    this.#sink = undefined
    const keep = error?.code === 'STREAM_CLOSED' || error?.code === 'STORAGE_FULL' || error?.code === 'STOPPED'
    await sink?.discard(keep).catch(() => undefined)
    await onEnd({ sha256: undefined, keep })
  }
}

function cancelledByOther(name: string): P2pError {
  return new P2pError('FILE_REFUSED', `The sender cancelled ${name}`)
}
