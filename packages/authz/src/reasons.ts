import type { AuthzErrorCode } from './errors.ts'

/** What a person reads when a request is denied: what is missing, and what to do. */
const REASONS: Partial<Record<AuthzErrorCode, string>> = {
  CLOCK_INVALID: 'This device does not know the time. Set its clock and try again.',
  EXPIRED: 'Your access to this flow has run out. Ask an admin of the flow to renew it.',
  FLOW_MISMATCH: 'These proofs are for another flow. Open the flow that you were added to.',
  LINK_ENDED: 'You were removed from this flow, or your role in it changed. Ask an admin of the flow.',
  LINK_UNKNOWN: 'The other device has not heard yet that you were added. It may work in a moment.',
  LINK_VOID: 'This access was taken back. Ask an admin of the flow to add you again.',
  NOT_YET_VALID: 'Your access has not begun yet. Check the date and time of your device.',
  NO_PROOF: 'This flow is shared with its members only. Ask one of its admins to add you.',
  NO_RESOURCE: 'No flow was named, so nothing is allowed.',
  OPERATION_UNKNOWN: 'Nobody here knows this operation. Update the application.',
  ROLE_TOO_LOW: 'Your role in this flow does not include this. Ask an admin of the flow for a higher role.',
  WRONG_AUDIENCE: 'These proofs belong to another device. Link this device to your own, or ask to be added.'
}

/** A sentence for a person, for any code. */
export function explain(code: AuthzErrorCode): string {
  return REASONS[code] ?? `The proofs of access are not valid (${code}). Ask an admin of the flow to add you again.`
}
