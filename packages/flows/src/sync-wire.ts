import { AuthzError, didOfKey, keyOfDid } from '@gloflow/authz'
import { type Codec, defineProtocol, FLOW_SYNC_PROTOCOL } from '@gloflow/p2p-core'
import type { ChainTip } from './coverage.ts'
import { FlowsError } from './errors.ts'
import { MAX_SYNC_BATCH, MAX_SYNC_HEADS, MAX_WANTED, SYNC_MAX_FRAME_BYTES, SYNC_STREAMS_PER_PEER } from './limits.ts'

/** What two sides of a flow tell each other (SPEC, flow-sync). */
export type SyncMessage =
  | { readonly type: 'heads'; readonly tips: readonly ChainTip[] }
  | { readonly type: 'operations'; readonly operations: readonly Uint8Array[] }
  | { readonly type: 'want'; readonly ids: readonly string[] }
  | { readonly type: 'done' }

const KINDS = ['heads', 'operations', 'want', 'done'] as const
const KEY_BYTES = 32
const ID_BYTES = 32
const COUNT_BYTES = 4
const TIP_BYTES = KEY_BYTES + COUNT_BYTES + ID_BYTES

const codec: Codec<SyncMessage> = {
  encode(message) {
    const parts = partsOf(message)
    const frame = new Uint8Array(1 + parts.reduce((sum, part) => sum + part.byteLength, 0))
    frame[0] = KINDS.indexOf(message.type)
    let at = 1
    for (const part of parts) {
      frame.set(part, at)
      at += part.byteLength
    }
    return frame
  },
  decode(frame) {
    const rest = frame.subarray(1)
    switch (KINDS[frame[0] ?? KINDS.length]) {
      case 'heads':
        return { type: 'heads', tips: records(rest, TIP_BYTES, MAX_SYNC_HEADS).map(tipOf) }
      case 'operations':
        return { type: 'operations', operations: splitOperations(rest) }
      case 'want':
        return { type: 'want', ids: records(rest, ID_BYTES, MAX_WANTED).map(hexOf) }
      case 'done':
        if (rest.byteLength === 0) return { type: 'done' }
        throw invalid('says that it is done, and more')
      default:
        throw invalid('sent a frame of no known kind')
    }
  }
}

/**
 * `/gf/flow-sync/1.0.0`: opened for one flow, with `flow_get`; whoever may see the flow may take part. What somebody may write is not decided by the
 * stream but by what each operation proves. Silence is no fault: the stream stays to carry what is new.
 */
export const flowSyncProtocol = defineProtocol<SyncMessage>({
  id: FLOW_SYNC_PROTOCOL,
  codec,
  operation: 'flow_get',
  limits: { maxFrameBytes: SYNC_MAX_FRAME_BYTES, idleTimeoutMs: 0, maxInboundStreamsPerPeer: SYNC_STREAMS_PER_PEER, maxOutboundStreamsPerPeer: SYNC_STREAMS_PER_PEER }
})

function partsOf(message: SyncMessage): readonly Uint8Array[] {
  switch (message.type) {
    case 'heads':
      return message.tips.flatMap(({ did, seq, id }) => [keyOfDid(did), countOf(seq), bytesOf(id)])
    case 'operations':
      return message.operations.flatMap((bytes) => [countOf(bytes.byteLength), bytes])
    case 'want':
      return message.ids.map(bytesOf)
    case 'done':
      return []
  }
}

function splitOperations(bytes: Uint8Array): readonly Uint8Array[] {
  const operations: Uint8Array[] = []
  for (let at = 0; at < bytes.byteLength;) {
    if (operations.length === MAX_SYNC_BATCH) throw invalid(`sent more than ${MAX_SYNC_BATCH} operations in one frame`)
    const length = readCount(bytes, at)
    const end = at + COUNT_BYTES + length
    if (at + COUNT_BYTES > bytes.byteLength || length === 0 || end > bytes.byteLength) throw invalid('sent operations that do not end with their frame')
    operations.push(bytes.slice(at + COUNT_BYTES, end))
    at = end
  }
  return operations
}

function records(bytes: Uint8Array, size: number, max: number): readonly Uint8Array[] {
  const count = bytes.byteLength / size
  if (!Number.isInteger(count) || count > max) throw invalid(`sent a list of ${bytes.byteLength} bytes where at most ${max} entries of ${size} bytes are understood`)
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
}

function tipOf(bytes: Uint8Array): ChainTip {
  try {
    return { did: didOfKey(bytes.subarray(0, KEY_BYTES)), seq: readCount(bytes, KEY_BYTES), id: hexOf(bytes.subarray(KEY_BYTES + COUNT_BYTES)) }
  } catch (cause) {
    if (cause instanceof AuthzError) throw new FlowsError('FRAME_INVALID', 'The other side names an author by a key that is none', { cause })
    throw cause
  }
}

function countOf(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}

function readCount(bytes: Uint8Array, at: number): number {
  return (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function bytesOf(id: string): Uint8Array {
  return Uint8Array.from({ length: ID_BYTES }, (_, i) => Number.parseInt(id.slice(2 * i, 2 * i + 2), 16))
}

function invalid(what: string): FlowsError {
  return new FlowsError('FRAME_INVALID', `The other side ${what}; the stream was closed. Both sides need compatible versions`)
}
