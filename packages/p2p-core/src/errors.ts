/** What a caller can react to. Each code has its cause and its fix in docs/errors.md. */
export type P2pErrorCode =
  | 'ABORTED'
  | 'ACCESS_DENIED'
  | 'ADDRESS_FORBIDDEN'
  | 'ADDRESS_INVALID'
  | 'DIAL_FAILED'
  | 'DIAL_TIMEOUT'
  | 'FILE_HASH_MISMATCH'
  | 'FILE_NAME_INVALID'
  | 'FILE_REFUSED'
  | 'FILE_TOO_LARGE'
  | 'FRAME_INVALID'
  | 'FRAME_TOO_LARGE'
  | 'IDENTITY_CORRUPT'
  | 'IDENTITY_FOREIGN_OWNER'
  | 'IDENTITY_UNSUPPORTED'
  | 'LIMIT_REACHED'
  | 'LISTEN_FAILED'
  | 'OPTION_INVALID'
  | 'PEER_ID_MISMATCH'
  | 'PEER_NOT_FOUND'
  | 'PROTOCOL_TIMEOUT'
  | 'PROTOCOL_UNSUPPORTED'
  | 'RECORD_INVALID'
  | 'RELAY_FULL'
  | 'RELAY_INFO_EXPIRED'
  | 'RELAY_INFO_INVALID'
  | 'RELAY_INFO_REPLAYED'
  | 'RELAY_INFO_TOO_LARGE'
  | 'RELAY_KEY_CHANGED'
  | 'RELAY_UNREACHABLE'
  | 'RELAY_WRONG_NETWORK'
  | 'RENDEZVOUS_REFUSED'
  | 'STOPPED'
  | 'STORAGE_CORRUPT'
  | 'STORAGE_FULL'
  | 'STORAGE_LOCKED'
  | 'STORAGE_REFUSED'
  | 'STREAM_CLOSED'

/** Facts about an error besides its text. */
export interface P2pErrorInit {
  /** True where the same call may succeed later without a change by the caller. */
  readonly retryable?: boolean
  readonly cause?: unknown
}

/** The one error class of this package. The message says what happened, to what, and what to do. */
export class P2pError extends Error {
  readonly code: P2pErrorCode
  readonly retryable: boolean

  constructor(code: P2pErrorCode, message: string, init: P2pErrorInit = {}) {
    super(message, init.cause === undefined ? {} : { cause: init.cause })
    this.name = 'P2pError'
    this.code = code
    this.retryable = init.retryable ?? false
  }
}

/** True for an error of this package, with one of `codes` where any are given. */
export function isP2pError(error: unknown, ...codes: readonly P2pErrorCode[]): error is P2pError {
  return error instanceof P2pError && (codes.length === 0 || codes.includes(error.code))
}
