import { P2pError, isP2pError } from '../errors.ts'
import { MAX_REQUEST_BYTES, MAX_RESOURCES, MAX_RESOURCE_CHARACTERS, MAX_VERDICT_BYTES } from '../limits.ts'
import type { ByteStream, Wait } from './byte-stream.ts'
import { createFramer, encodeFrame } from './framing.ts'
import type { Framer } from './framing.ts'
import { jsonObjectCodec } from './json-codec.ts'
import type { AccessDecision, AccessPolicy, AccessRequest } from './protocol.ts'

// The answering side of a length-prefixed protocol begins with one frame of its own, the verdict: empty = come in, else a JSON object
// {"code", "reason"}. It travels with the answer of multistream-select, so that it costs no round trip. Where the protocol declares an
// operation, the opening side begins with a frame too: {"resources": […]}, what the operation is to be done to. A newline-framed
// protocol (GloFlow's) has neither: there a refusal is a reset.

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
  understand(await readFirstFrame(bytes, MAX_VERDICT_BYTES, what, { timeoutMs, signal }), what)
}

/** Says what the stream is about. */
export async function sendRequest(bytes: ByteStream, resources: readonly string[], timeoutMs: number): Promise<void> {
  const frame = encodeFrame('length-prefixed', MAX_REQUEST_BYTES, jsonObjectCodec.encode({ resources }))
  await bytes.write(frame, { timeoutMs, signal: undefined })
}

/** Reads what the stream is about. Throws FRAME_INVALID, FRAME_TOO_LARGE, PROTOCOL_TIMEOUT, STREAM_CLOSED. */
export async function receiveRequest(bytes: ByteStream, what: string, timeoutMs: number): Promise<readonly string[]> {
  const { resources } = jsonObjectCodec.decode(await readFirstFrame(bytes, MAX_REQUEST_BYTES, what, { timeoutMs, signal: undefined }))
  if (Array.isArray(resources) && resources.length <= MAX_RESOURCES && resources.every(isResource)) return [...new Set(resources)]
  throw new P2pError('FRAME_INVALID', `${what}: the opener names what it is about in a way that is not understood`)
}

function isResource(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_RESOURCE_CHARACTERS
}

/** One frame of at most `maxBytes`; what follows it stays to be read. */
async function readFirstFrame(bytes: ByteStream, maxBytes: number, what: string, wait: Wait): Promise<Uint8Array> {
  const framer = createFramer('length-prefixed', maxBytes, 'reset')
  // For all of it together: bytes that trickle in one by one gain no time.
  const deadlineMs = performance.now() + wait.timeoutMs
  for (;;) {
    const chunk = await bytes.read({ ...wait, timeoutMs: Math.max(1, deadlineMs - performance.now()) })
    if (chunk === undefined) throw new P2pError('STREAM_CLOSED', `${what}: the other side closed the stream before it was open`, { retryable: true })
    const end = firstFrame(framer, chunk)
    if (end === undefined) continue
    bytes.unread(chunk.subarray(end.at))
    return end.frame
  }
}

// Such a frame is a few kilobytes at most, so that finding its end byte by byte is cheap and leaves the rest of the chunk untouched.
function firstFrame(framer: Framer, chunk: Uint8Array): { readonly frame: Uint8Array; readonly at: number } | undefined {
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
