import { P2pError, isP2pError } from '../errors.ts'

const TIMEOUT_NAMES = new Set(['TimeoutError', 'InactivityTimeoutError'])
const LIMIT_NAMES = new Set(['TooManyOutboundProtocolStreamsError', 'TooManyInboundProtocolStreamsError'])
const GONE_NAMES = new Set(['ConnectionClosedError', 'ConnectionClosingError', 'MuxerClosedError', 'MuxerUnavailableError'])

/**
 * Turns what libp2p throws while a stream is opened or used into an error of this package. `signal` is the caller's own: where it has
 * aborted, the error is ABORTED. `what` names what was tried, e.g. `/gf/send/1.0.0 to 12D3…`.
 */
export function toStreamError(error: unknown, what: string, signal?: AbortSignal): P2pError {
  if (isP2pError(error)) return error
  const name = error instanceof Error ? error.name : ''
  const init = { cause: error }
  if (signal?.aborted === true) return new P2pError('ABORTED', `${what}: stopped by its caller`, init)
  if (name === 'UnsupportedProtocolError') return new P2pError('PROTOCOL_UNSUPPORTED', `${what}: the other side does not serve this protocol or version`, init)
  if (name === 'AbortError' || TIMEOUT_NAMES.has(name)) {
    return new P2pError('PROTOCOL_TIMEOUT', `${what}: no answer in time; try again`, { ...init, retryable: true })
  }
  if (LIMIT_NAMES.has(name)) return new P2pError('LIMIT_REACHED', `${what}: too many streams are open; close one first`, { ...init, retryable: true })
  const reason = GONE_NAMES.has(name) ? 'the connection is closed' : error instanceof Error ? error.message : String(error)
  return new P2pError('STREAM_CLOSED', `${what}: ${reason}; try again when connected`, { ...init, retryable: true })
}
