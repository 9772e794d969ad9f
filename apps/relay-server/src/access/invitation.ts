import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

// An invitation to a relay is a text that the relay made and can check without keeping it: when it ends, a random part, and a MAC over
// both by a key that only this relay has. Whoever has the text may use the relay until then, and may hand it on.

const DOMAIN = 'gloflow relay invitation 1'
const TIME_BYTES = 6
const RANDOM_BYTES = 10
const MAC_BYTES = 16
const TOKEN_BYTES = TIME_BYTES + RANDOM_BYTES + MAC_BYTES

/** What a text turned out to be. */
export type InvitationReading = { readonly ok: true; readonly expiresAtMs: number } | { readonly ok: false; readonly code: 'INVITATION_INVALID' | 'INVITATION_EXPIRED' }

/** Makes an invitation that ends at a time (UNIX ms), as base64url. */
export function makeInvitation(key: Uint8Array, expiresAtMs: number): string {
  const head = Buffer.alloc(TIME_BYTES + RANDOM_BYTES)
  head.writeUIntBE(Math.floor(expiresAtMs), 0, TIME_BYTES)
  head.set(randomBytes(RANDOM_BYTES), TIME_BYTES)
  return Buffer.concat([head, macOf(key, head)]).toString('base64url')
}

/** Checks an invitation. */
export function readInvitation(key: Uint8Array, token: string, nowMs: number): InvitationReading {
  const bytes = /^[\w-]{1,64}$/.test(token) ? Buffer.from(token, 'base64url') : Buffer.alloc(0)
  if (bytes.length !== TOKEN_BYTES) return { ok: false, code: 'INVITATION_INVALID' }
  const head = bytes.subarray(0, TIME_BYTES + RANDOM_BYTES)
  if (!timingSafeEqual(bytes.subarray(head.length), macOf(key, head))) return { ok: false, code: 'INVITATION_INVALID' }
  const expiresAtMs = head.readUIntBE(0, TIME_BYTES)
  return expiresAtMs > nowMs ? { ok: true, expiresAtMs } : { ok: false, code: 'INVITATION_EXPIRED' }
}

function macOf(key: Uint8Array, head: Uint8Array): Buffer {
  return createHmac('sha256', key).update(DOMAIN).update(head).digest().subarray(0, MAC_BYTES)
}
