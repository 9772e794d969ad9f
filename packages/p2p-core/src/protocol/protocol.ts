import type { Connection, PeerId } from '@libp2p/interface'

/** Turns messages into frames' bytes and back. `decode` throws P2pError FRAME_INVALID on anything it does not fully understand. */
export interface Codec<Message> {
  encode(message: Message): Uint8Array
  decode(bytes: Uint8Array): Message
}

/** How messages are cut out of a stream. */
export type Framing = 'length-prefixed' | 'newline'

/** The bounds of one protocol; each has a default in limits.ts. */
export interface ProtocolLimits {
  /** Greatest size of one frame in bytes, without its prefix or newline. */
  readonly maxFrameBytes: number
  /** Time for negotiation and, on the answering side, until the access decision is made. */
  readonly openTimeoutMs: number
  /** Greatest silence while the reader waits for a frame; 0 = no limit. */
  readonly idleTimeoutMs: number
  /** Streams of this protocol that one remote peer may have open to us at once. */
  readonly maxInboundStreamsPerPeer: number
  /** Streams of this protocol that we open to one peer at once. */
  readonly maxOutboundStreamsPerPeer: number
}

/** What a remote peer asks for by opening a stream. The peer id is the one that the secure channel authenticated. */
export interface AccessRequest {
  readonly peer: PeerId
  readonly protocol: string
  /** What the protocol declares that it needs, e.g. a GloFlow operation; `undefined` = to be present is enough. */
  readonly operation: string | undefined
  /** What the operation is to be done to, e.g. flow ids, as the opener names them; empty where the protocol declares no operation. */
  readonly resources: readonly string[]
  readonly connection: Connection
}

/** The answer of an access policy. */
export type AccessDecision = { readonly allowed: true } | { readonly allowed: false; readonly code: string; readonly reason: string }

/** The port that decides who may open what. There is no default: an application chooses one. */
export interface AccessPolicy {
  /** Must answer before `signal` aborts; no answer in time, and a policy that throws, count as a refusal. */
  decide(request: AccessRequest, signal: AbortSignal): AccessDecision | Promise<AccessDecision>
}

/** A protocol of this network: its ID (`/name/semver`), how messages look, and its bounds. Made by `defineProtocol`. */
export interface Protocol<Message> {
  /** '/gf/send/1.0.0': name segments, then a semantic version. A handler serves what is compatible by semver. */
  readonly id: string
  readonly codec: Codec<Message>
  readonly framing: Framing
  /**
   * What a frame that breaks a bound or does not decode leads to: `reset` ends the stream with a typed error; `drop` leaves the frame out,
   * counts it in `ProtocolStream.dropped` and reads on (newline framing only: there the next frame can be found).
   */
  readonly onInvalidFrame: 'reset' | 'drop'
  readonly limits: ProtocolLimits
  readonly operation: string | undefined
}

/**
 * A stream of whole messages. Reading ends when the other side closes; a breach of a bound throws a typed P2pError and resets the stream.
 * Leaving a `for await` early does not close the stream: a later loop reads on.
 */
export interface ProtocolStream<Message> extends AsyncIterable<Message>, AsyncDisposable {
  readonly peer: PeerId
  /** The ID that was negotiated: the version that both sides speak. */
  readonly protocol: string
  readonly connection: Connection
  /** What the stream is about, as the opener named it and the access decision was made for; empty for a protocol without an operation. */
  readonly resources: readonly string[]
  /** Frames that were left out, for a protocol with `onInvalidFrame: 'drop'`. */
  readonly dropped: number
  /** Calls back with how many frames were left out, as soon as they are. One listener. */
  onDropped(listener: (count: number) => void): void
  /** Resolves when the message is taken by the transport's window (back-pressure). Throws STREAM_CLOSED. */
  send(message: Message, options?: { readonly signal?: AbortSignal }): Promise<void>
  /** Ends the writing side, and waits until what was sent is handed over. */
  close(): Promise<void>
  /** Ends both sides at once. */
  abort(error: Error): void
}

/** Serves one inbound stream. The stream is closed when it returns, and reset when it throws. */
export type Handler<Message> = (stream: ProtocolStream<Message>) => Promise<void>
