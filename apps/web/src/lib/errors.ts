import type { P2pErrorCode } from '@gloflow/p2p-core'

/** What can go wrong in the page itself, besides what the peer reports. */
export type WebErrorCode =
  | 'CALL_TIMEOUT'
  | 'EMBED_REFUSED'
  | 'FILE_GONE'
  | 'INSECURE_ORIGIN'
  | 'INTERNAL'
  | 'INVITATIONS_FULL'
  | 'INVITATION_EXPIRED'
  | 'INVITATION_INVALID'
  | 'INVITATION_UNUSED'
  | 'NO_LEADER'
  | 'PEER_NOT_READY'
  | 'RELAY_INFO_UNREADABLE'

/** A failure as plain data: it passes between tabs and windows. */
export interface Failure {
  readonly code: WebErrorCode | P2pErrorCode
  readonly message: string
  readonly retryable: boolean
}

/** The one error class of the page. The message says what happened, to what, and what to do. */
export class WebError extends Error {
  readonly code: WebErrorCode | P2pErrorCode
  readonly retryable: boolean

  constructor(failure: Failure, cause?: unknown) {
    super(failure.message, cause === undefined ? {} : { cause })
    this.name = 'WebError'
    this.code = failure.code
    this.retryable = failure.retryable
  }
}

/** Makes the plain form of any thrown value. An error that carries a `code` keeps it. */
export function toFailure(error: unknown): Failure {
  if (!(error instanceof Error)) return { code: 'INTERNAL', message: String(error), retryable: false }
  const { code, retryable } = error as { code?: unknown; retryable?: unknown }
  return {
    code: typeof code === 'string' && /^[A-Z0-9_]{2,40}$/.test(code) ? (code as Failure['code']) : 'INTERNAL',
    message: error.message,
    retryable: retryable === true
  }
}
