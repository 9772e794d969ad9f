import type { Failure } from '../errors.ts'

/** A title for what went wrong, for people. The error's own message says the rest. */
const TITLES: Readonly<Record<string, string>> = {
  ABORTED: 'Stopped',
  ACCESS_DENIED: 'Not allowed',
  ADDRESS_FORBIDDEN: 'This address may not be dialled from here',
  ADDRESS_INVALID: 'This is not an address',
  CALL_TIMEOUT: 'No answer from the tab that holds the connection',
  DIAL_FAILED: 'Nobody could be reached there',
  DIAL_TIMEOUT: 'No answer',
  FILE_GONE: 'The file is gone',
  INSECURE_ORIGIN: 'This address is not secure enough for a peer',
  INVITATIONS_FULL: 'The relay takes no more invited people',
  INVITATION_EXPIRED: 'This invitation has ended',
  INVITATION_INVALID: 'This is no invitation of this relay',
  INVITATION_UNUSED: 'The invitation could not be used yet',
  LIMIT_REACHED: 'A limit is reached',
  NO_LEADER: 'The connection is changing tabs',
  PEER_ID_MISMATCH: 'Somebody else answered',
  PEER_NOT_FOUND: 'This person is not here',
  RELAY_FULL: 'The relay is full',
  RELAY_INFO_EXPIRED: 'What the relay says about itself is out of date',
  RELAY_INFO_INVALID: 'What the relay says about itself cannot be trusted',
  RELAY_INFO_REPLAYED: 'The relay shows an old description of itself',
  RELAY_INFO_TOO_LARGE: 'What the relay says about itself is too large',
  RELAY_KEY_CHANGED: 'The relay is not the one it was',
  RELAY_UNREACHABLE: 'The relay does not answer',
  RELAY_WRONG_NETWORK: 'The relay belongs to another network',
  STORAGE_FULL: 'This browser’s storage is full',
  STORAGE_REFUSED: 'This browser refuses storage',
  TICKET_INVALID: 'This invitation cannot be read'
}

/** Never empty: an unknown code gets a general title. */
export function errorTitle(code: Failure['code']): string {
  return TITLES[code] ?? 'That did not work'
}
