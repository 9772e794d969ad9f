import { P2pError } from '../errors.ts'
import { SEND_CHUNK_BYTES, SEND_IDLE_TIMEOUT_MS, SEND_MAX_FRAME_BYTES, SEND_MAX_STREAMS_PER_PEER } from '../limits.ts'
import { SEND_PROTOCOL } from '../protocols.ts'
import { defineProtocol } from './define-protocol.ts'
import { jsonObjectCodec } from './json-codec.ts'
import type { JsonObject } from './json-codec.ts'
import type { Codec } from './protocol.ts'

/** What is told about a file before its content. */
export interface OfferMessage {
  readonly type: 'offer'
  readonly id: string
  readonly name: string
  readonly bytes: number
  readonly mediaType: string
}

/**
 * The messages of `/gf/send/1.0.0`. The sender opens a stream and offers; the receiver declines, or accepts from an offset on; data follows
 * within a window of what the receiver has confirmed as written; `end` carries the hash of the whole, and `done` says that it was right.
 * Either side may cancel, and says now and then that it is alive. A transfer whose stream died goes on by a new offer with the same id.
 */
export type SendMessage =
  | OfferMessage
  | { readonly type: 'accept'; readonly offset: number }
  | { readonly type: 'decline' | 'failed'; readonly code: string; readonly reason: string }
  | { readonly type: 'data'; readonly content: Uint8Array }
  | { readonly type: 'ack'; readonly offset: number }
  | { readonly type: 'end' | 'done'; readonly sha256: string }
  | { readonly type: 'cancel' | 'alive' }

const CONTROL = 0
const DATA = 1
const ID = /^[A-Za-z0-9_-]{22}$/
const SHA256 = /^[0-9a-f]{64}$/
const MAX_CONTROL_BYTES = 4 * 1024

/** A frame is a byte that says its kind (0 = a JSON object, 1 = content) and the rest. */
const codec: Codec<SendMessage> = {
  encode(message) {
    const [kind, rest] = message.type === 'data' ? [DATA, message.content] : [CONTROL, jsonObjectCodec.encode({ ...message })]
    const frame = new Uint8Array(1 + rest.byteLength)
    frame[0] = kind
    frame.set(rest, 1)
    return frame
  },
  decode(frame) {
    const rest = frame.subarray(1)
    if (frame[0] === DATA && rest.byteLength > 0 && rest.byteLength <= SEND_CHUNK_BYTES) return { type: 'data', content: rest }
    if (frame[0] !== CONTROL || rest.byteLength > MAX_CONTROL_BYTES) throw invalid('a frame of no known kind')
    return parseControl(jsonObjectCodec.decode(rest))
  }
}

/** `/gf/send/1.0.0`. */
export const sendProtocol = defineProtocol<SendMessage>({
  id: SEND_PROTOCOL,
  codec,
  limits: {
    maxFrameBytes: SEND_MAX_FRAME_BYTES,
    idleTimeoutMs: SEND_IDLE_TIMEOUT_MS,
    maxInboundStreamsPerPeer: SEND_MAX_STREAMS_PER_PEER,
    maxOutboundStreamsPerPeer: SEND_MAX_STREAMS_PER_PEER
  }
})

function parseControl(object: JsonObject): SendMessage {
  const { type } = object
  switch (type) {
    case 'offer': return parseOffer(object)
    case 'accept':
    case 'ack': return { type, offset: count(object['offset']) }
    case 'decline':
    case 'failed': return { type, code: text(object['code'], 64), reason: text(object['reason'], 500) }
    case 'end':
    case 'done': return { type, sha256: matching(object['sha256'], SHA256) }
    case 'cancel':
    case 'alive': return { type }
    default: throw invalid('a message of no known type')
  }
}

function parseOffer({ id, name, bytes, mediaType }: JsonObject): OfferMessage {
  return { type: 'offer', id: matching(id, ID), name: text(name, 1024), bytes: count(bytes), mediaType: text(mediaType, 255) }
}

function count(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw invalid('a number that is no count of bytes')
  return value
}

function text(value: unknown, most: number): string {
  if (typeof value !== 'string' || value.length > most) throw invalid(`a text that is none or over ${most} characters`)
  return value
}

function matching(value: unknown, pattern: RegExp): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw invalid('an id or hash that is none')
  return value
}

function invalid(what: string): P2pError {
  return new P2pError('FRAME_INVALID', `The other side sent ${what} while sending a file`)
}
