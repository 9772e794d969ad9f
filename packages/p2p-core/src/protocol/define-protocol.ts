import { P2pError } from '../errors.ts'
import { DEFAULT_IDLE_TIMEOUT_MS, DEFAULT_MAX_FRAME_BYTES, DEFAULT_MAX_STREAMS_PER_PEER, DEFAULT_OPEN_TIMEOUT_MS } from '../limits.ts'
import { requireProtocolId } from './protocol-id.ts'
import type { Codec, Framing, Protocol, ProtocolLimits } from './protocol.ts'

/** The bounds of a protocol that says nothing else. */
export const DEFAULT_PROTOCOL_LIMITS: ProtocolLimits = {
  maxFrameBytes: DEFAULT_MAX_FRAME_BYTES,
  openTimeoutMs: DEFAULT_OPEN_TIMEOUT_MS,
  idleTimeoutMs: DEFAULT_IDLE_TIMEOUT_MS,
  maxInboundStreamsPerPeer: DEFAULT_MAX_STREAMS_PER_PEER,
  maxOutboundStreamsPerPeer: DEFAULT_MAX_STREAMS_PER_PEER
}

/** What a protocol is made of; what is left out has a default. */
export interface ProtocolDefinition<Message> {
  readonly id: string
  readonly codec: Codec<Message>
  /** Default: length-prefixed. */
  readonly framing?: Framing
  /** Default: reset. */
  readonly onInvalidFrame?: 'reset' | 'drop'
  readonly limits?: Partial<ProtocolLimits>
  /** What the access policy is asked for; without it, to be present is enough. */
  readonly operation?: string
}

/** Makes a protocol. Throws OPTION_INVALID for an ID without a semantic version, and for bounds that make no sense. */
export function defineProtocol<Message>(definition: ProtocolDefinition<Message>): Protocol<Message> {
  requireProtocolId(definition.id)
  const framing = definition.framing ?? 'length-prefixed'
  const onInvalidFrame = definition.onInvalidFrame ?? 'reset'
  if (framing === 'length-prefixed' && onInvalidFrame === 'drop') {
    throw new P2pError('OPTION_INVALID', `${definition.id}: only newline framing can drop a frame and read on`)
  }
  if (framing === 'newline' && definition.operation !== undefined) {
    throw new P2pError('OPTION_INVALID', `${definition.id}: a protocol with an operation needs length-prefixed frames, in which the opener says what it is about`)
  }
  const limits = { ...DEFAULT_PROTOCOL_LIMITS, ...definition.limits }
  for (const [name, value] of Object.entries(limits)) {
    const least = name === 'idleTimeoutMs' ? 0 : 1
    if (!Number.isSafeInteger(value) || value < least || value > 0x7fffffff) {
      throw new P2pError('OPTION_INVALID', `${definition.id}: ${name} is ${value}; it has to be a whole number from ${least} on`)
    }
  }
  return { id: definition.id, codec: definition.codec, framing, onInvalidFrame, limits, operation: definition.operation }
}
