import { INVITATION_TIMEOUT_MS } from '../limits.ts'
import { WebError, type WebErrorCode } from '../errors.ts'
import { readBounded } from './relay-facts.ts'

/** Whom the invitation is used for. */
export interface InvitationUse {
  readonly origin: string
  readonly token: string
  readonly peerId: string
  readonly signal: AbortSignal
}

const WORDS: Readonly<Partial<Record<string, readonly [WebErrorCode, string]>>> = {
  INVITATION_EXPIRED: ['INVITATION_EXPIRED', 'The time of this invitation is over. Ask whoever runs this relay, or sent you the link, for a new one.'],
  INVITATION_INVALID: ['INVITATION_INVALID', 'This relay did not make this invitation, or a part of the link is missing. Open the whole link once more; if that does not help, ask for a new one.'],
  INVITATIONS_FULL: ['INVITATIONS_FULL', 'This relay has let in as many invited people as it takes. Ask whoever runs it to make room.']
}

/**
 * Uses an invitation at the relay of this origin, so that it lets that peer in. A relay without invitations has nothing to be asked for.
 * Throws WebError INVITATION_EXPIRED, INVITATION_INVALID, INVITATIONS_FULL, or INVITATION_UNUSED (retryable) where the relay did not say.
 */
export async function useInvitation({ origin, token, peerId, signal }: InvitationUse): Promise<void> {
  const response = await fetch(new URL('/v1/relay/invitations/redeem', origin), {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token, peerId }),
    credentials: 'omit', cache: 'no-store', signal: AbortSignal.any([signal, AbortSignal.timeout(INVITATION_TIMEOUT_MS)])
  }).catch((cause: unknown) => { throw unused(cause) })
  if (response.ok || response.status === 404 || response.status === 405) return void response.body?.cancel()
  const code = codeIn(await readBounded(response).catch(() => ''))
  const known = Object.hasOwn(WORDS, code) ? WORDS[code] : undefined
  if (known === undefined) throw unused(`status ${response.status}`)
  throw new WebError({ code: known[0], message: known[1], retryable: false })
}

function codeIn(text: string): string {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return ''
    return 'code' in value && typeof value.code === 'string' ? value.code : ''
  } catch {
    return ''
  }
}

function unused(cause: unknown): WebError {
  return new WebError({ code: 'INVITATION_UNUSED', message: 'The relay did not answer when the invitation was shown to it. It is not used up: try again.', retryable: true }, cause)
}
