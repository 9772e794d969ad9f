import { parseConnectTarget } from '../connect-target.ts'
import { MAX_BOOK_ADDRESSES, MAX_BOOK_RECORD_BYTES } from '../limits.ts'
import type { BookAddress, BookEntry, BookTag } from './peer-book.ts'

const RECORD_VERSION = 1
const TAGS: readonly BookTag[] = ['friend', 'relay']

/** The bytes of one record. Addresses that would make it too large are left out, the least useful first. */
export function encodeBookEntry(entry: BookEntry): Uint8Array {
  for (let count = entry.addresses.length; ; count -= 1) {
    const bytes = new TextEncoder().encode(JSON.stringify({ version: RECORD_VERSION, ...entry, addresses: entry.addresses.slice(0, count) }))
    if (bytes.byteLength <= MAX_BOOK_RECORD_BYTES || count === 0) return bytes
  }
}

/** Reads a record; undefined where it is not one. Addresses that are none, or not of this peer, are left out. */
export function decodeBookEntry(bytes: Uint8Array): BookEntry | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (!isRecord(value) || value['version'] !== RECORD_VERSION) return undefined
    const { peerId, addresses, tags, lastSeenMs } = value
    if (typeof peerId !== 'string' || !Array.isArray(addresses) || !Array.isArray(tags) || !isTime(lastSeenMs)) return undefined
    if (parseConnectTarget(peerId).peer.toString() !== peerId) return undefined
    return {
      peerId,
      addresses: addresses.slice(0, MAX_BOOK_ADDRESSES).map((one) => decodeAddress(one, peerId)).filter((one) => one !== undefined),
      tags: TAGS.filter((tag) => tags.includes(tag)),
      lastSeenMs
    }
  } catch {
    return undefined
  }
}

function decodeAddress(value: unknown, peerId: string): BookAddress | undefined {
  if (!isRecord(value) || typeof value['multiaddr'] !== 'string' || !isTime(value['lastSuccessMs'])) return undefined
  try {
    const { peer, address } = parseConnectTarget(value['multiaddr'])
    if (address === undefined || peer.toString() !== peerId) return undefined
    return { multiaddr: value['multiaddr'], lastSuccessMs: value['lastSuccessMs'] }
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
