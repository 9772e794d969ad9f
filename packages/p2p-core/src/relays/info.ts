import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { RecordEnvelope } from '@libp2p/peer-record'
import { equals } from 'uint8arrays/equals'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { P2pError } from '../errors.ts'
import { CLOCK_SKEW_MS, MAX_RELAY_INFO_BYTES } from '../limits.ts'
import { decodeRelayInfoPayload, encodeRelayInfoPayload } from './info-payload.ts'

/** What a relay says about itself, once its signature was checked. Times of the wire are UNIX seconds. */
export interface RelayInfo {
  /** The relay's PeerId: of the key that signed. Never taken from the readable copy. */
  readonly peerId: string
  /** Where to dial the relay; each ends in /p2p/<peerId>. */
  readonly multiaddrs: readonly string[]
  readonly network: string
  /** STUN services as ICE URLs, `stun:host:port`. Empty where the relay offers none. */
  readonly stun: readonly string[]
  /** Other relays of the network: multiaddrs or URLs of their pages. */
  readonly relays: readonly string[]
  /** 0 = no limit. `circuitBytes` counts both directions of one circuit together. */
  readonly limits: { readonly reservations: number; readonly circuitBytes: number; readonly circuitMs: number }
  /** Who may reserve and dial. */
  readonly access: 'open' | 'allow' | 'invite'
  /** Whether the relay bridges the general channel to GloFlow's Go peers. */
  readonly bridge: boolean
  readonly version: string
  /** Grows with every change, also over restarts. A lower one than was seen is refused. */
  readonly seq: number
  /** UNIX seconds after which this document is not to be believed. */
  readonly expires: number
}

/** What the operator's side signs; the PeerId comes from the key. */
export type RelayInfoContent = Omit<RelayInfo, 'peerId'>

/** The JSON of /.well-known/gloflow-relay.json: the envelope, and the same content for people. Only the envelope is believed. */
export interface RelayInfoDocument extends RelayInfo {
  /** A libp2p signed envelope in padded base64. Source: libp2p/specs, RFC 0002. */
  readonly envelope: string
}

/** What was seen of a relay before. */
export interface RelayPin {
  readonly peerId: string
  readonly seq: number
}

/** What a document is checked against. */
export interface RelayInfoContext {
  readonly network: string
  readonly nowMs: number
  /** From the first use of this relay; `undefined` = this is the first. */
  readonly pin: RelayPin | undefined
}

/** Separates these signatures from every other use of the relay's key. */
export const RELAY_INFO_DOMAIN = 'gloflow-relay-info'

/** The envelope's payload type: this document's payload is JSON in UTF-8. */
export const RELAY_INFO_PAYLOAD_TYPE: Uint8Array = fromString('/gf/relay-info/1.0.0')

/** Signs what a relay says about itself. Throws RELAY_INFO_TOO_LARGE or RELAY_INFO_INVALID where clients would refuse it. */
export async function signRelayInfo(privateKey: PrivateKey, content: RelayInfoContent): Promise<RelayInfoDocument> {
  const peerId = peerIdFromPublicKey(privateKey.publicKey).toString()
  const payload = encodeRelayInfoPayload({ ...content, peerId })
  const info = decodeRelayInfoPayload(payload, peerId)
  const envelope = await RecordEnvelope.seal({
    domain: RELAY_INFO_DOMAIN,
    codec: RELAY_INFO_PAYLOAD_TYPE,
    marshal: () => payload,
    equals: () => false
  }, privateKey)
  const document = { envelope: toString(envelope.marshal(), 'base64pad'), ...info }
  if (fromString(JSON.stringify(document)).byteLength > MAX_RELAY_INFO_BYTES) throw tooLarge()
  return document
}

/**
 * Checks a relay info document: its size, its signature, and that it is for this network, from the pinned relay, not older than what
 * was seen, and not expired. Takes the file's bytes or text. Throws P2pError RELAY_INFO_INVALID, RELAY_INFO_TOO_LARGE,
 * RELAY_WRONG_NETWORK, RELAY_KEY_CHANGED, RELAY_INFO_REPLAYED, RELAY_INFO_EXPIRED.
 */
export async function parseRelayInfo(source: Uint8Array | string, context: RelayInfoContext): Promise<RelayInfo> {
  const bytes = typeof source === 'string' ? fromString(source) : source
  if (bytes.byteLength > MAX_RELAY_INFO_BYTES) throw tooLarge()
  const envelope = await openEnvelope(envelopeBytes(bytes))
  const peerId = peerIdFromPublicKey(envelope.publicKey).toString()
  const info = decodeRelayInfoPayload(envelope.payload, peerId)
  checkRelayInfo(info, context)
  return info
}

/** The key that a relay shows instead of the pinned one, where `error` is RELAY_KEY_CHANGED. */
export function offeredKey(error: P2pError): string | undefined {
  const { code, cause } = error
  if (code !== 'RELAY_KEY_CHANGED' || typeof cause !== 'object' || cause === null || !('peerId' in cause)) return undefined
  return typeof cause.peerId === 'string' ? cause.peerId : undefined
}

/** The checks that need to know what is expected here, in the order in which a person can do something about them. */
export function checkRelayInfo(info: RelayInfo, context: RelayInfoContext): void {
  const { network, nowMs, pin } = context
  if (info.network !== network) {
    throw new P2pError('RELAY_WRONG_NETWORK', `The relay serves the network "${info.network}", not "${network}". Use a relay of your network, or set the network to the relay's.`)
  }
  if (pin !== undefined && pin.peerId !== info.peerId) {
    throw new P2pError('RELAY_KEY_CHANGED', `The relay had the key ${pin.peerId} and now shows ${info.peerId}. Ask its operator; accept the new key only if they changed it.`, { cause: info })
  }
  if (pin !== undefined && info.seq < pin.seq) {
    throw new P2pError('RELAY_INFO_REPLAYED', `The relay's info document is number ${info.seq}, older than number ${pin.seq} that was seen before. Somebody may be replaying it, or the relay lost its state.`, { retryable: true })
  }
  if (info.expires * 1000 + CLOCK_SKEW_MS < nowMs) {
    throw new P2pError('RELAY_INFO_EXPIRED', `The relay's info document expired at ${new Date(info.expires * 1000).toISOString()}. Check this device's clock, and that the relay is running.`, { retryable: true })
  }
}

function envelopeBytes(document: Uint8Array): Uint8Array {
  let parsed: unknown
  try {
    parsed = JSON.parse(toString(document))
  } catch (cause) {
    throw invalid('is not JSON', cause)
  }
  const envelope = typeof parsed === 'object' && parsed !== null && 'envelope' in parsed ? parsed.envelope : undefined
  if (typeof envelope !== 'string') throw invalid('has no "envelope"')
  try {
    return fromString(envelope, 'base64pad')
  } catch (cause) {
    throw invalid('has an envelope that is not base64', cause)
  }
}

async function openEnvelope(bytes: Uint8Array): Promise<RecordEnvelope> {
  let envelope: RecordEnvelope
  try {
    envelope = await RecordEnvelope.openAndCertify(bytes, RELAY_INFO_DOMAIN)
  } catch (cause) {
    throw invalid('has a signature that does not fit', cause)
  }
  if (envelope.publicKey.type !== 'Ed25519') throw invalid(`is signed by a key of type ${envelope.publicKey.type}, not Ed25519`)
  if (!equals(envelope.payloadType, RELAY_INFO_PAYLOAD_TYPE)) throw invalid('carries another kind of payload')
  return envelope
}

function tooLarge(): P2pError {
  return new P2pError('RELAY_INFO_TOO_LARGE', `The relay's info document is larger than ${MAX_RELAY_INFO_BYTES} bytes. Check that the URL is the relay's.`)
}

function invalid(what: string, cause?: unknown): P2pError {
  return new P2pError('RELAY_INFO_INVALID', `The relay's info document ${what}. Check that the URL is the relay's, and that the relay's version fits.`, { cause })
}
