/** What a caller can react to. */
export type FlowsErrorCode =
  | 'FLOW_DAMAGED'
  | 'FLOW_FULL'
  | 'FLOW_UNKNOWN'
  | 'FRAME_INVALID'
  | 'MEMBER_UNKNOWN'
  | 'PEER_UNSUITABLE'
  | 'ROLE_TOO_LOW'
  | 'STOPPED'
  | 'STORE_FAILED'
  | 'TEXT_INVALID'

/** Facts about an error besides its text. */
export interface FlowsErrorInit {
  /** True where the same call may succeed later without a change by the caller. */
  readonly retryable?: boolean
  readonly cause?: unknown
}

/** The one error class of this package. The message says what happened, to what, and what to do. */
export class FlowsError extends Error {
  readonly code: FlowsErrorCode
  readonly retryable: boolean

  constructor(code: FlowsErrorCode, message: string, init: FlowsErrorInit = {}) {
    super(message, init.cause === undefined ? {} : { cause: init.cause })
    this.name = 'FlowsError'
    this.code = code
    this.retryable = init.retryable ?? false
  }
}
