import { P2pError, isP2pError } from '../errors.ts'
import { MAX_VERDICT_BYTES } from '../limits.ts'
import type { ByteStream } from './byte-stream.ts'
import { createFramer, encodeFrame } from './framing.ts'
import { jsonObjectCodec } from './json-codec.ts'
import type { AccessDecision, AccessPolicy, AccessRequest } from './protocol.ts'

// The answering side of a length-prefixed protocol begins with one frame of its own, the verdict: empty = come in, else a JSON object
// {"code", "reason"}. It travels with the answer of multistream-select, so that it costs no round trip. A newline-framed protocol
// (GloFlow's) has none: there a refusal is a reset.

const MAX_REASON_CHARACTERS = 200

/** What becomes of a stream: let in, or why not. */
export type Verdict = AccessDecision

/** Asks the policy, for `timeoutMs` at most. A policy that throws or does not answer refuses. */
export async function decide(access: AccessPolicy, request: AccessRequest, timeoutMs: number): Promise<Verdict> {
  const timeout = new AbortController()
  const { promise: late, resolve } = Promise.withResolvers<Verdict>()
  const timer = setTimeout(() => {
    timeout.abort()
    resolve({ allowed: false, code: 'PROTOCOL_TIMEOUT', reason: 'The access decision took too long' })
  }, timeoutMs)
  try {
    return await Promise.race([Promise.resolve(access.decide(request, timeout.signal)), late])
  } catch {
    return { allowed: false, code: 'ACCESS_DENIED', reason: 'The access decision failed' }
  } finally {
    clearTimeout(timer)
  }
}

/** Tells the opener the verdict. */
export async function sendVerdict(bytes: ByteStream, verdict: Verdict, timeoutMs: number): Promise<void> {
  const content = verdict.allowed
    ? new Uint8Array(0)
    : jsonObjectCodec.encode({ code: verdict.code.slice(0, 64), reason: verdict.reason.slice(0, MAX_REASON_CHARACTERS) })
  await bytes.write(encodeFrame('length-prefixed', MAX_VERDICT_BYTES, content), { timeoutMs, signal: undefined })
}

/** Waits for the verdict. Throws ACCESS_DENIED, LIMIT_REACHED, PROTOCOL_TIMEOUT, FRAME_INVALID, STREAM_CLOSED. */
export async function receiveVerdict(bytes: ByteStream, what: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
  const framer = createFramer('length-prefixed', MAX_VERDICT_BYTES, 'reset')
  for (;;) {
    const chunk = await bytes.read({ timeoutMs, signal })
    if (chunk === undefined) throw new P2pError('STREAM_CLOSED', `${what}: the other side closed the stream before it let us in`, { retryable: true })
    const end = verdictEnd(framer, chunk)
    if (end === undefined) continue
    bytes.unread(chunk.subarray(end.at))
    return understand(end.frame, what)
  }
}

// The verdict's frame is at most a kilobyte, so that finding its end byte by byte is cheap and leaves the rest of the chunk untouched.
function verdictEnd(framer: ReturnType<typeof createFramer>, chunk: Uint8Array): { readonly frame: Uint8Array; readonly at: number } | undefined {
  for (let at = 0; at < chunk.byteLength; at += 1) {
    const [frame] = framer.push(chunk.subarray(at, at + 1))
    if (frame !== undefined) return { frame, at: at + 1 }
  }
  return undefined
}

function understand(frame: Uint8Array, what: string): void {
  if (frame.byteLength === 0) return
  const { code, reason } = parseRefusal(frame)
  const text = `${what}: refused by the other side (${code}: ${reason})`
  if (code === 'LIMIT_REACHED') throw new P2pError('LIMIT_REACHED', text, { retryable: true })
  throw new P2pError('ACCESS_DENIED', text)
}

function parseRefusal(frame: Uint8Array): { readonly code: string; readonly reason: string } {
  try {
    const { code, reason } = jsonObjectCodec.decode(frame)
    if (typeof code === 'string' && typeof reason === 'string') {
      return { code: code.slice(0, 64), reason: reason.slice(0, MAX_REASON_CHARACTERS) }
    }
  } catch (error) {
    if (!isP2pError(error, 'FRAME_INVALID')) throw error
  }
  throw new P2pError('FRAME_INVALID', 'The other side answered with a verdict that is none')
}
