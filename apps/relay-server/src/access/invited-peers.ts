import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { RelayError, messageOf, systemCode } from '../errors.ts'
import { MAX_INVITED_PEERS, MAX_PEERS_PER_INVITATION } from '../limits.ts'
import { makeInvitation, readInvitation } from './invitation.ts'

/** A peer that was let in: until when, and by which invitation. */
interface InvitedPeer {
  readonly endsAtMs: number
  readonly invitation: string
}

/** The beginning of an invitation tells it from others: its time, and 78 of its random bits; what lets in comes after that. */
const INVITATION_NAME_CHARACTERS = 21

/** A key of HMAC-SHA-256. */
const KEY_BYTES = 32

/** The peers that were let in by invitation, kept over restarts. */
export interface InvitedPeers {
  readonly isInvited: (peer: PeerId) => boolean
  /** Lets a peer in until the invitation ends. Throws INVITATION_INVALID, INVITATION_EXPIRED, INVITATIONS_FULL or BAD_REQUEST. */
  readonly redeem: (token: string, peerId: string) => { readonly expiresAtMs: number }
  /** Makes an invitation that ends at a time (UNIX ms). */
  readonly invite: (expiresAtMs: number) => string
}

/** Opens key and list in the data directory. Taking `invite.key` away ends all invitations, `invited.json` all that came of them. */
export function openInvitedPeers(dataDir: string, now: () => number, onProblem: (message: string) => void): InvitedPeers {
  const key = loadKey(join(dataDir, 'invite.key'))
  const file = join(dataDir, 'invited.json')
  const invited = new Map(readList(file, onProblem))
  const lettingIn = (invitation: string): number => [...invited.values()].filter((one) => one.invitation === invitation).length

  const makeRoom = (): void => { for (const [id, { endsAtMs }] of invited) if (endsAtMs <= now()) invited.delete(id) }
  const save = (): void => {
    try {
      writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries([...invited].map(([id, { endsAtMs, invitation }]) => [id, [endsAtMs, invitation]]))), { mode: 0o600 })
      renameSync(`${file}.new`, file)
    } catch (error) {
      onProblem(`Who was invited could not be kept: ${messageOf(error)}. They have to use their invitation again after a restart.`)
    }
  }
  return {
    isInvited: (peer) => (invited.get(peer.toString())?.endsAtMs ?? 0) > now(),
    invite: (expiresAtMs) => makeInvitation(key, expiresAtMs),
    redeem: (token, peerId) => {
      const reading = readInvitation(key, token, now())
      if (!reading.ok) throw refusal(reading.code)
      const id = parseId(peerId)
      makeRoom()
      const known = invited.get(id)
      if (known !== undefined && known.endsAtMs >= reading.expiresAtMs) return { expiresAtMs: known.endsAtMs }
      const invitation = token.slice(0, INVITATION_NAME_CHARACTERS)
      if (known === undefined && (invited.size >= MAX_INVITED_PEERS || lettingIn(invitation) >= MAX_PEERS_PER_INVITATION)) throw refusal('INVITATIONS_FULL')
      invited.set(id, { endsAtMs: reading.expiresAtMs, invitation })
      save()
      return { expiresAtMs: reading.expiresAtMs }
    }
  }
}

const REFUSALS = {
  INVITATION_INVALID: ['This is no invitation of this relay.', 'Ask its operator for one, and copy all of it.'],
  INVITATION_EXPIRED: ['This invitation has ended.', 'Ask the relay\'s operator for a new one.'],
  INVITATIONS_FULL: ['This invitation, or this relay, has let in as many peers as it may.', 'Ask its operator for another invitation.']
} as const

function refusal(code: keyof typeof REFUSALS): RelayError {
  const [message, action] = REFUSALS[code]
  return new RelayError(code, message, { action })
}

function parseId(text: string): string {
  try {
    return peerIdFromString(text).toString()
  } catch (cause) {
    throw new RelayError('BAD_REQUEST', 'What should be a PeerId is none.', { action: 'Send {"token": "…", "peerId": "12D3KooW…"}.', cause })
  }
}

/** Anything but a whole key is refused: under an empty one, as a full disk leaves it, everybody could make invitations. */
function loadKey(file: string): Uint8Array {
  const key = readKey(file) ?? makeKey(file)
  if (key.length === KEY_BYTES) return key
  throw new RelayError('DATA_DIR_UNWRITABLE', `The key of the invitations, ${file}, has ${key.length} bytes instead of ${KEY_BYTES}.`, { action: 'Put the file back from a copy, or move it away: that ends all invitations.' })
}

function readKey(file: string): Uint8Array | undefined {
  try {
    return readFileSync(file)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw new RelayError('DATA_DIR_UNWRITABLE', `The key of the invitations, ${file}, cannot be read: ${messageOf(error)}.`, { action: 'Let this user read it.', cause: error })
  }
}

/** By a new file in its place, so that the key is there as a whole or not at all. The data directory has one holder, so nobody else makes one. */
function makeKey(file: string): Uint8Array {
  const key = randomBytes(KEY_BYTES)
  try {
    writeFileSync(`${file}.new`, key, { mode: 0o600, flush: true })
    renameSync(`${file}.new`, file)
    return key
  } catch (error) {
    throw new RelayError('DATA_DIR_UNWRITABLE', `The key of the invitations, ${file}, cannot be written: ${messageOf(error)}.`, { action: 'Free some space, and let this user write there.', cause: error })
  }
}

function readList(file: string, onProblem: (message: string) => void): [string, InvitedPeer][] {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'))
    const entries = typeof content === 'object' && content !== null ? Object.entries(content) : []
    return entries.map(([id, value]) => [id, readPeer(value)] as const).filter((entry): entry is [string, InvitedPeer] => entry[1] !== undefined).slice(0, MAX_INVITED_PEERS)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') onProblem(`${file} cannot be read: ${messageOf(error)}. Invited peers have to use their invitation again.`)
    return []
  }
}

function readPeer(value: unknown): InvitedPeer | undefined {
  if (!Array.isArray(value)) return undefined
  const [endsAtMs, invitation]: readonly unknown[] = value
  return typeof endsAtMs === 'number' && typeof invitation === 'string' ? { endsAtMs, invitation } : undefined
}
