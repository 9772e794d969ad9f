import { randomBytes } from '@libp2p/crypto'
import { peerIdFromString } from '@libp2p/peer-id'
import { toString } from 'uint8arrays/to-string'
import { GENERAL_MAX_BRIDGED, GENERAL_MAX_LINE_BYTES, GENERAL_MAX_STREAMS_PER_PEER } from '../limits.ts'
import { GENERAL_PROTOCOL } from '../protocols.ts'
import { defineProtocol } from './define-protocol.ts'
import { isJsonObject, jsonObjectCodec } from './json-codec.ts'
import type { JsonObject } from './json-codec.ts'

/** A message's content without the keys that belong to the channel. */
export type Body = Readonly<Record<string, unknown>>

/**
 * What own peers and bridges tell each other under the key `gf` of a line:
 * `{to: [PeerId]}` to a bridge: for these Go peers · `{from: PeerId}` from a bridge: a Go peer's message ·
 * `{here: [PeerId]}` from a bridge: the Go peers that it can reach now.
 */
export interface BridgeNote {
  readonly to: readonly string[] | undefined
  readonly from: string | undefined
  readonly here: readonly string[] | undefined
}

/** One line in parts. */
export interface Line {
  /** The sender's id for it: 16 bytes in base64url; `undefined` where there is none of that form. */
  readonly id: string | undefined
  readonly note: BridgeNote | undefined
  readonly body: Body
}

/**
 * GloFlow's general channel on the wire: JSON objects, each ended by a newline. A line that is too long or no object is left out and the
 * stream goes on, since a GloFlow Go peer ends its whole process when a stream is reset. No idle limit: people may be silent for hours.
 */
export const generalProtocol = defineProtocol<JsonObject>({
  id: GENERAL_PROTOCOL,
  codec: jsonObjectCodec,
  framing: 'newline',
  onInvalidFrame: 'drop',
  limits: {
    maxFrameBytes: GENERAL_MAX_LINE_BYTES,
    idleTimeoutMs: 0,
    maxInboundStreamsPerPeer: GENERAL_MAX_STREAMS_PER_PEER,
    maxOutboundStreamsPerPeer: GENERAL_MAX_STREAMS_PER_PEER
  }
})

const ID_PATTERN = /^[A-Za-z0-9_-]{22}$/

/** A new message id: 16 random bytes in base64url. */
export function createMessageId(): string {
  return toString(randomBytes(16), 'base64url')
}

/** Takes a line apart. `via` never comes from the wire; `id` and `gf` are the channel's own. */
export function parseLine(object: JsonObject): Line {
  const { id, via: _via, gf, ...body } = object
  return { id: typeof id === 'string' && ID_PATTERN.test(id) ? id : undefined, note: parseNote(gf), body }
}

/** Puts a line together. */
export function composeLine(body: Body, id?: string, note?: Partial<BridgeNote>): JsonObject {
  const { id: _id, via: _via, gf: _gf, ...rest } = body
  return { ...rest, ...(id === undefined ? {} : { id }), ...(note === undefined ? {} : { gf: note }) }
}

function parseNote(gf: unknown): BridgeNote | undefined {
  if (!isJsonObject(gf)) return undefined
  return { to: parsePeers(gf['to']), from: parsePeer(gf['from']), here: parsePeers(gf['here']) }
}

function parsePeers(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined
  const peers = value.slice(0, GENERAL_MAX_BRIDGED).map(parsePeer).filter(peer => peer !== undefined)
  return [...new Set(peers)]
}

function parsePeer(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > 128) return undefined
  try {
    return peerIdFromString(value).toString()
  } catch {
    return undefined
  }
}
