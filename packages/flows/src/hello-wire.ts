import { type Codec, defineProtocol } from '@gloflow/p2p-core'
import { FlowsError } from './errors.ts'
import { HELLO_MAX_FRAME_BYTES } from './limits.ts'

/** What happens before somebody is a member: its key card is asked for, and the flow is offered. */
export type HelloMessage =
  | { readonly type: 'ask' | 'taken' | 'refused' }
  | { readonly type: 'card' | 'offer'; readonly bytes: Uint8Array }

const KINDS = ['ask', 'card', 'offer', 'taken', 'refused'] as const

const codec: Codec<HelloMessage> = {
  encode(message) {
    const bytes = 'bytes' in message ? message.bytes : new Uint8Array()
    const frame = new Uint8Array(1 + bytes.byteLength)
    frame[0] = KINDS.indexOf(message.type)
    frame.set(bytes, 1)
    return frame
  },
  decode(frame) {
    const type = KINDS[frame[0] ?? KINDS.length]
    if (type === 'card' || type === 'offer') return { type, bytes: frame.slice(1) }
    if (type === undefined || frame.byteLength !== 1) throw new FlowsError('FRAME_INVALID', 'The other side sent a frame of no known kind while a flow was offered; the stream was closed')
    return { type }
  }
}

/** `/gf/flow-hello/1.0.0`: presence is enough. A frame is a byte for its kind (0 ask, 1 card, 2 offer, 3 taken, 4 refused), and a card or a bundle. */
export const flowHelloProtocol = defineProtocol<HelloMessage>({
  id: '/gf/flow-hello/1.0.0',
  codec,
  limits: { maxFrameBytes: HELLO_MAX_FRAME_BYTES, idleTimeoutMs: 10_000, maxInboundStreamsPerPeer: 4, maxOutboundStreamsPerPeer: 4 }
})
