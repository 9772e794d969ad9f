/** What can be wrong. One list for parsing, verifying, deciding and converging, the same in Go; causes and fixes are in docs/errors.md. */
export type AuthzErrorCode =
  | 'ALREADY_MEMBER'
  | 'AUTHOR_REVOKED'
  | 'BUNDLE_INVALID'
  | 'BUNDLE_TOO_LARGE'
  | 'CARD_MISMATCH'
  | 'CBOR_INVALID'
  | 'CBOR_TOO_DEEP'
  | 'CBOR_TOO_MANY'
  | 'CHAIN_BROKEN'
  | 'CHAIN_DUPLICATE'
  | 'CHAIN_EMPTY'
  | 'CHAIN_TOO_LONG'
  | 'CHECKPOINT_BEHIND'
  | 'CHECKPOINT_OLD'
  | 'CHECKPOINT_TOO_LARGE'
  | 'CLOCK_INVALID'
  | 'COMMAND_INVALID'
  | 'COMMAND_WIDENED'
  | 'DECRYPT_FAILED'
  | 'DEPENDENCY_MISSING'
  | 'DID_INVALID'
  | 'ENVELOPE_INVALID'
  | 'EPOCH_KEY_MISMATCH'
  | 'EPOCH_UNKNOWN'
  | 'EXPIRED'
  | 'FIELD_MISSING'
  | 'FIELD_TYPE'
  | 'FIELD_UNKNOWN'
  | 'FLOW_FROZEN'
  | 'FLOW_FULL'
  | 'FLOW_MISMATCH'
  | 'GRANT_MISMATCH'
  | 'INVITE_DEAD'
  | 'INVITE_EXHAUSTED'
  | 'KEY_TYPE'
  | 'KEY_WEAK'
  | 'LINK_ENDED'
  | 'LINK_UNKNOWN'
  | 'LINK_VOID'
  | 'MAY_NOT_DELEGATE'
  | 'META_INVALID'
  | 'NONCE_LENGTH'
  | 'NOT_A_MEMBER'
  | 'NOT_YET_VALID'
  | 'NO_PROOF'
  | 'NO_RESOURCE'
  | 'OPERATION_CHAIN'
  | 'OPERATION_TOO_LARGE'
  | 'OPERATION_UNKNOWN'
  | 'OWNER_IRREMOVABLE'
  | 'PENDING_FULL'
  | 'POLICY_NOT_EMPTY'
  | 'POP_MISMATCH'
  | 'PROOF_MISMATCH'
  | 'RECIPIENT_NOT_ALLOWED'
  | 'RECOVERY_INVALID'
  | 'RECOVERY_PHRASE'
  | 'REVOCATION_FORKED'
  | 'REVOCATION_TOO_WIDE'
  | 'ROLE_TOO_LOW'
  | 'ROOT_INVALID'
  | 'SEEN_MISMATCH'
  | 'SELF_DELEGATION'
  | 'SIGNATURE_INVALID'
  | 'SIGNATURE_MALFORMED'
  | 'SUBJECT_CHANGED'
  | 'SUBJECT_NULL'
  | 'TAG_UNKNOWN'
  | 'TARGET_UNKNOWN'
  | 'TIME_INVALID'
  | 'TOKEN_TOO_LARGE'
  | 'VARSIG_UNKNOWN'
  | 'VERIFY_BUDGET'
  | 'WRONG_AUDIENCE'

export interface AuthzErrorInit {
  /** Index of the link of a chain that is at fault, the root being 0. */
  readonly link?: number
  readonly cause?: unknown
}

/** Codes after which the same request may succeed once more has arrived or time has passed. */
const RETRYABLE: ReadonlySet<AuthzErrorCode> = new Set(['LINK_UNKNOWN', 'NOT_YET_VALID', 'DEPENDENCY_MISSING', 'VERIFY_BUDGET', 'PENDING_FULL', 'CHECKPOINT_OLD'])

export function isRetryable(code: AuthzErrorCode): boolean {
  return RETRYABLE.has(code)
}

/** The one error class of this package. The message says what happened, to what, and what to do. */
export class AuthzError extends Error {
  readonly code: AuthzErrorCode
  readonly link: number | undefined

  constructor(code: AuthzErrorCode, message: string, init: AuthzErrorInit = {}) {
    super(message, init.cause === undefined ? {} : { cause: init.cause })
    this.name = 'AuthzError'
    this.code = code
    this.link = init.link
  }

  get retryable(): boolean {
    return isRetryable(this.code)
  }
}

/** The same error, saying at which link of a chain it happened. */
export function atLink(error: unknown, link: number): unknown {
  return error instanceof AuthzError ? new AuthzError(error.code, error.message, { link, cause: error }) : error
}
