/** What an operator, or a client of the relay's HTTP, can react to. Each code has its cause and its fix in docs/errors.md. */
export type RelayErrorCode =
  | 'CONFIG_INVALID'
  | 'DATA_DIR_LOCKED'
  | 'DATA_DIR_UNWRITABLE'
  | 'DISK_FULL'
  | 'IDENTITY_INVALID'
  | 'PORT_IN_USE'
  | 'PORT_REFUSED'
  | 'START_FAILED'
  | 'TLS_INVALID'
  | 'BAD_REQUEST'
  | 'BODY_TOO_LARGE'
  | 'FORBIDDEN_HOST'
  | 'INVITATION_EXPIRED'
  | 'INVITATION_INVALID'
  | 'INVITATIONS_FULL'
  | 'METHOD_NOT_ALLOWED'
  | 'NOT_FOUND'
  | 'NOT_READY'
  | 'PAGE_NOT_BUILT'
  | 'TOO_MANY_REQUESTS'

/** The parts of an error that a person acts on. */
export interface RelayErrorInit {
  /** What to do about it, in one sentence. */
  readonly action: string
  /** True where the same attempt may succeed later without a change. */
  readonly retryable?: boolean
  readonly cause?: unknown
}

/** The one error class of the relay server: what happened, to what (`message`), and what to do (`action`). */
export class RelayError extends Error {
  readonly code: RelayErrorCode
  readonly action: string
  readonly retryable: boolean

  constructor(code: RelayErrorCode, message: string, init: RelayErrorInit) {
    super(message, init.cause === undefined ? {} : { cause: init.cause })
    this.name = 'RelayError'
    this.code = code
    this.action = init.action
    this.retryable = init.retryable ?? false
  }
}

/** The system's code of an error (`EADDRINUSE`, …), where it has one. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
