import { P2pError } from '../errors.ts'
import { AUTH_MAX_FRAME_BYTES } from '../limits.ts'
import { defineProtocol } from '../protocol/define-protocol.ts'
import { jsonObjectCodec } from '../protocol/json-codec.ts'
import type { Codec } from '../protocol/protocol.ts'
import { AUTH_PROTOCOL } from '../protocols.ts'

/** What became of one proof. `code` and `reason` are there where it was not taken. */
export interface ProofVerdict {
  readonly type: 'verdict'
  readonly code: string | undefined
  readonly reason: string | undefined
}

/** The opener sends bundles of delegations; the answering side says of each, in order, whether it holds. */
export type AuthMessage = { readonly type: 'proof'; readonly bundle: Uint8Array } | ProofVerdict

const VERDICT = 0
const PROOF = 1
const MAX_TEXT = 300

/** A frame is a byte that says its kind (0 = a verdict in JSON, 1 = a bundle) and the rest. */
const codec: Codec<AuthMessage> = {
  encode(message) {
    const [kind, rest] = message.type === 'proof' ? [PROOF, message.bundle] : [VERDICT, jsonObjectCodec.encode(verdictFields(message))]
    const frame = new Uint8Array(1 + rest.byteLength)
    frame[0] = kind
    frame.set(rest, 1)
    return frame
  },
  decode(frame) {
    const rest = frame.subarray(1)
    if (frame[0] === PROOF) return { type: 'proof', bundle: rest }
    if (frame[0] !== VERDICT) throw new P2pError('FRAME_INVALID', 'The other side sent a frame of no known kind while proofs were presented')
    const { code, reason } = jsonObjectCodec.decode(rest)
    return { type: 'verdict', code: shortText(code), reason: shortText(reason) }
  }
}

/** `/gf/auth/1.0.0`. */
export const authProtocol = defineProtocol<AuthMessage>({
  id: AUTH_PROTOCOL,
  codec,
  limits: { maxFrameBytes: AUTH_MAX_FRAME_BYTES, idleTimeoutMs: 10_000, maxInboundStreamsPerPeer: 4, maxOutboundStreamsPerPeer: 4 }
})

function verdictFields({ code, reason }: ProofVerdict): Record<string, unknown> {
  return code === undefined ? {} : { code, reason: (reason ?? '').slice(0, MAX_TEXT) }
}

function shortText(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, MAX_TEXT) : undefined
}
