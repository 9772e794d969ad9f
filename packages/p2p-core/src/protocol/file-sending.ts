import type { Libp2p, PeerId } from '@libp2p/interface'
import { randomBytes } from '@libp2p/crypto'
import { toString } from 'uint8arrays/to-string'
import { P2pError, isP2pError } from '../errors.ts'
import { createEmitter } from '../events.ts'
import { SEND_MAX_FILE_BYTES, SEND_MAX_INCOMING_PER_PEER, SEND_MAX_OFFERS, SEND_MAX_OFFERS_PER_PEER } from '../limits.ts'
import { requireFileName } from './file-name.ts'
import type { ProtocolStream } from './protocol.ts'
import type { ProtocolRegistry } from './registry.ts'
import { createIncoming } from './send-incoming.ts'
import type { Incoming } from './send-incoming.ts'
import { sendFile } from './send-outgoing.ts'
import { createSendQueue } from './send-queue.ts'
import { sendProtocol } from './send-wire.ts'
import type { OfferMessage, SendMessage } from './send-wire.ts'
import type { FileEventMap, FileOffer, FileSending, FileSource, FileTransfer, Hasher, OpenFileSink, TransferStore } from './send.ts'
import { createTransferLog } from './transfer-log.ts'
import { createWithdrawnOffers } from './withdrawn-offers.ts'

/** What file sending works with; sinks and hasher are of the platform. */
export interface FileSendingInit {
  readonly libp2p: Libp2p
  readonly registry: ProtocolRegistry
  readonly openSink: OpenFileSink
  readonly createHasher: () => Hasher
  readonly store: TransferStore
  /** Larger files are neither offered nor taken. Default: 1 GiB. */
  readonly maxFileBytes?: number
}

/** Running file sending. */
export interface RunningFileSending extends FileSending {
  /** Ends all transfers; what is there of incoming ones is kept, so that they can go on. */
  stop(): Promise<void>
}

const SAFE_MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/

/** Starts file sending on a node. Throws OPTION_INVALID where its protocol is served already. */
export async function createFileSending(init: FileSendingInit): Promise<RunningFileSending> {
  const { libp2p, registry, store, createHasher, openSink, maxFileBytes = SEND_MAX_FILE_BYTES } = init
  const events = createEmitter<FileEventMap>()
  const log = createTransferLog(events)
  const queue = createSendQueue()
  const withdrawn = createWithdrawnOffers()
  const incoming = new Map<string, { readonly offer: FileOffer; readonly file: Incoming }>()
  const outgoing = new Map<string, AbortController>()
  const stopped = new AbortController()

  const unhandle = await registry.handle(sendProtocol, async stream => {
    const messages = stream[Symbol.asyncIterator]()
    const { value, done } = await messages.next()
    if (done === true) return
    if (value.type !== 'offer') throw new P2pError('FRAME_INVALID', `The other side began with ${value.type} and not with an offer`)
    await onOffer(stream, value)
  })

  async function onOffer(stream: ProtocolStream<SendMessage>, message: OfferMessage): Promise<void> {
    const peer = stream.peer.toString()
    const id = localId('in', peer, message.id)
    const known = incoming.get(id)
    if (known !== undefined) {
      if (known.file.isSame(message)) return known.file.serve(stream)
      return stream.send({ type: 'decline', code: 'FILE_REFUSED', reason: 'Another file has this id' })
    }
    const record = store.get('in', peer, message.id)
    const sameAsBefore = record !== undefined && record.name === message.name && record.bytes === message.bytes && record.mediaType === message.mediaType
    if (sameAsBefore && record.state === 'done' && record.sha256 !== undefined) return stream.send({ type: 'done', sha256: record.sha256 })
    const refusal = refuse(stream.peer, message)
    if (refusal !== undefined) return stream.send({ type: 'decline', ...refusal })
    await receive(stream, message, id, sameAsBefore && record.state === 'accepted')
  }

  function refuse(peer: PeerId, { name, bytes }: OfferMessage): { readonly code: string; readonly reason: string } | undefined {
    try {
      requireFileName(name)
    } catch (error) {
      if (!isP2pError(error)) throw error
      return { code: error.code, reason: error.message }
    }
    if (bytes > maxFileBytes) return { code: 'FILE_TOO_LARGE', reason: `Files over ${maxFileBytes} bytes are not taken` }
    if (withdrawn.tooMany(peer.toString())) return { code: 'LIMIT_REACHED', reason: 'Too many offers were taken back' }
    if ([...incoming.values()].filter(({ file }) => file.peer.equals(peer)).length >= SEND_MAX_INCOMING_PER_PEER) return { code: 'LIMIT_REACHED', reason: 'Too many files are on their way' }
    const open = [...incoming.values()].filter(({ file }) => !file.decided)
    const ofPeer = open.filter(({ file }) => file.peer.equals(peer))
    if (ofPeer.length >= SEND_MAX_OFFERS_PER_PEER || open.length >= SEND_MAX_OFFERS) return { code: 'LIMIT_REACHED', reason: 'Too many offers wait for an answer' }
    return undefined
  }

  async function receive(stream: ProtocolStream<SendMessage>, message: OfferMessage, id: string, accepted: boolean): Promise<void> {
    const { name, bytes } = message
    const mediaType = SAFE_MEDIA_TYPE.test(message.mediaType) ? message.mediaType : 'application/octet-stream'
    const offer: FileOffer = { id, from: stream.peer, name, bytes, mediaType }
    const record = { direction: 'in', peer: stream.peer.toString(), id: message.id, name, bytes, mediaType: message.mediaType } as const
    const file = createIncoming({
      offer,
      message,
      entry: log.start({ id, peer: stream.peer, direction: 'in', name, totalBytes: bytes }),
      openSink,
      createHasher,
      accepted,
      onAccepted: () => store.put({ ...record, state: 'accepted', sha256: undefined }),
      async onEnd({ sha256, keep }) {
        incoming.delete(id)
        if (!file.decided) withdrawn.add(record.peer)
        if (sha256 !== undefined) await store.put({ ...record, state: 'done', sha256 })
        else if (!keep) await store.delete('in', record.peer, record.id)
      }
    })
    incoming.set(id, { offer, file })
    const serving = file.serve(stream)
    if (!accepted) events.emit('offer', offer)
    await serving
  }

  async function send(peer: PeerId, source: FileSource, options: { readonly signal?: AbortSignal } = {}): Promise<FileTransfer> {
    requireFileName(source.name)
    if (!Number.isSafeInteger(source.bytes) || source.bytes < 0 || source.bytes > maxFileBytes) {
      throw new P2pError('FILE_TOO_LARGE', `${source.name} has ${source.bytes} bytes; up to ${maxFileBytes} can be sent`)
    }
    const { name, bytes, mediaType } = source
    const before = store.findOutgoing(peer.toString(), name, bytes, mediaType)
    const wireId = before !== undefined && !outgoing.has(localId('out', peer.toString(), before.id)) ? before.id : toString(randomBytes(16), 'base64url')
    const id = localId('out', peer.toString(), wireId)
    const cancel = new AbortController()
    outgoing.set(id, cancel)
    const entry = log.start({ id, peer, direction: 'out', name, totalBytes: bytes })
    const record = { direction: 'out', peer: peer.toString(), id: wireId, name, bytes, mediaType } as const
    const signal = AbortSignal.any([cancel.signal, stopped.signal, ...(options.signal === undefined ? [] : [options.signal])])
    try {
      const sha256 = await queue.run(peer.toString(), signal, () => sendFile({
        libp2p, registry, createHasher, entry, peer, source, id: wireId, signal, stopping: stopped.signal,
        onAccepted: () => store.put({ ...record, state: 'accepted', sha256: undefined })
      }))
      entry.update({ doneBytes: bytes })
      entry.end('done', { sha256 })
    } catch (error) {
      const typed = stopped.signal.aborted ? stoppedBefore(source, error) : asSendError(error, source, signal)
      const state = typed.code === 'ABORTED' ? 'cancelled' : typed.code === 'FILE_REFUSED' && entry.now.state === 'offered' ? 'declined' : 'failed'
      entry.end(state, { error: { code: typed.code, message: typed.message } })
      if (isFinal(typed)) await store.delete('out', record.peer, wireId)
      throw typed
    } finally {
      outgoing.delete(id)
    }
    await store.delete('out', record.peer, wireId)
    return entry.now
  }

  function decide(offerId: string): Incoming {
    const file = incoming.get(offerId)?.file
    if (file === undefined || file.decided) throw new P2pError('FILE_REFUSED', 'This offer is over or answered already; ask for the file again')
    return file
  }

  return {
    events,
    get transfers() { return log.list },
    get offers() { return [...incoming.values()].filter(({ file }) => !file.decided).map(({ offer }) => offer) },
    send,
    async accept(offerId) { decide(offerId).accept() },
    async decline(offerId) { decide(offerId).decline('FILE_REFUSED', 'Declined') },
    async cancel(transferId) {
      outgoing.get(transferId)?.abort()
      await incoming.get(transferId)?.file.cancel()
    },
    async stop() {
      stopped.abort()
      await unhandle()
      await Promise.all([...incoming.values()].map(({ file }) => file.stop()))
    }
  }
}

// Ids on the wire are chosen by senders: only with the peer they are unique here.
function localId(direction: 'in' | 'out', peer: string, wireId: string): string {
  return `${direction}:${peer}:${wireId}`
}

/** True where the other side has given the file up, so that sending it again starts anew. */
function isFinal(error: P2pError): boolean {
  return !isP2pError(error, 'STREAM_CLOSED', 'PROTOCOL_TIMEOUT', 'PEER_NOT_FOUND', 'DIAL_FAILED', 'DIAL_TIMEOUT', 'STOPPED', 'STORAGE_FULL', 'LIMIT_REACHED')
}

function stoppedBefore({ name }: FileSource, cause: unknown): P2pError {
  return new P2pError('STOPPED', `This peer stopped before ${name} was sent; it goes on when it is sent again`, { retryable: true, cause })
}

function asSendError(error: unknown, source: FileSource, signal: AbortSignal): P2pError {
  if (isP2pError(error)) return error
  if (signal.aborted) return new P2pError('ABORTED', `Sending ${source.name} was stopped`, { cause: error })
  return new P2pError('FILE_REFUSED', `${source.name} could not be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
}
