import type { Events } from '../events.ts'

/** One message of the general channel as it is shown. */
export interface GeneralMessage {
  /** PeerId of the author: of the connection's other side, or what a bridge vouches for. */
  readonly from: string
  /** PeerId of the bridge it came through; set by the receiver, never taken from the wire. */
  readonly via: string | undefined
  /** Random 16 bytes in base64url from own peers; made by the receiver for Go peers. */
  readonly id: string
  /** The JSON object without `id` and `via`. Text of own peers is in `text`. */
  readonly body: Readonly<Record<string, unknown>>
  readonly receivedAtMs: number
}

/** The events of the general channel and their details. */
export interface GeneralEventMap {
  'message': GeneralMessage
  'dropped': { readonly count: number }
}

/** The room of those present. */
export interface GeneralChannel {
  /** `dropped`: lines and messages that were left out since the last such event (too long, no object, no room to send). */
  readonly events: Events<GeneralEventMap>
  /**
   * Sends to everyone here, one end-to-end encrypted stream a person; to Go peers that only a bridge can reach, through that bridge.
   * Returns to how many it was handed over. The keys `id`, `via` and `gf` of the body are not sent. Throws FRAME_TOO_LARGE.
   */
  say(body: Readonly<Record<string, unknown>>): Promise<{ readonly sentTo: number; readonly id: string }>
}
