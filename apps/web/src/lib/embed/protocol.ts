import { MAX_EMBED_MESSAGE_CHARS, MAX_NAME_CHARS } from '../limits.ts'
import type { PathKind, PeerKind, PeerState } from '@gloflow/p2p-core'

/**
 * What `<gf-peer>` in somebody's page and the peer's own frame say to each other. The frame says `ready`, the page answers with
 * `hello` and hands over one end of a MessageChannel; everything after that goes through the channel. Messages are plain JSON data. The frame never says
 * anything about keys, addresses or what people write; the page can ask for nothing but to be told.
 */
export const EMBED_PROTOCOL = 'gf-embed/1'

/** From the page to the frame, by window.postMessage, with one port. */
export interface EmbedHello {
  readonly protocol: typeof EMBED_PROTOCOL
  readonly type: 'hello'
  readonly theme: 'light' | 'dark' | 'auto'
}

/** From the frame to the window around it, by window.postMessage: it listens now. It holds nothing, since it may go to any page. */
export const EMBED_READY = { protocol: EMBED_PROTOCOL, type: 'ready' } as const

/** From the page to the frame, through the port. */
export type ToFrame =
  | { readonly type: 'theme'; readonly theme: EmbedHello['theme'] }
  /** A short name for the person, as the page knows them. It is suggested to the person, not set. */
  | { readonly type: 'suggest-name'; readonly name: string }

/** One person as the page around may know them. */
export interface EmbeddedPerson {
  readonly id: string
  readonly kind: PeerKind
  readonly path: PathKind
}

/** From the frame to the page, through the port. */
export type FromFrame =
  | { readonly type: 'state'; readonly state: PeerState; readonly self: string | undefined; readonly label: string; readonly people: number }
  | { readonly type: 'connect'; readonly person: EmbeddedPerson }
  | { readonly type: 'path'; readonly person: EmbeddedPerson }
  | { readonly type: 'disconnect'; readonly id: string }
  /** The height in CSS pixels that the frame's content wants. */
  | { readonly type: 'height'; readonly height: number }

const THEMES: ReadonlySet<unknown> = new Set(['light', 'dark', 'auto'])
const STATES: ReadonlySet<unknown> = new Set(['offline', 'connecting', 'online', 'degraded'])
const KINDS: ReadonlySet<unknown> = new Set(['browser', 'node', 'go'])
const PATHS: ReadonlySet<unknown> = new Set(['direct', 'lan', 'relayed'])
const PEER_ID = /^[1-9A-HJ-NP-Za-km-z]{20,80}$/

/** The greeting in what a window sent; undefined for anything else. */
export function parseHello(data: unknown): EmbedHello | undefined {
  if (!isBoundedRecord(data) || data['protocol'] !== EMBED_PROTOCOL || data['type'] !== 'hello' || !isTheme(data['theme'])) return undefined
  return { protocol: EMBED_PROTOCOL, type: 'hello', theme: data['theme'] }
}

/** Whether a window says that it is ready. */
export function isReady(data: unknown): boolean {
  return isBoundedRecord(data) && data['protocol'] === EMBED_PROTOCOL && data['type'] === 'ready'
}

/** What the page says to the frame; undefined for anything else. */
export function parseToFrame(data: unknown): ToFrame | undefined {
  if (!isBoundedRecord(data)) return undefined
  if (data['type'] === 'theme') return isTheme(data['theme']) ? { type: 'theme', theme: data['theme'] } : undefined
  if (data['type'] !== 'suggest-name') return undefined
  const { name } = data
  return typeof name === 'string' && name.length > 0 && name.length <= MAX_NAME_CHARS ? { type: 'suggest-name', name } : undefined
}

/** What the frame says to the page; undefined for anything else. */
export function parseFromFrame(data: unknown): FromFrame | undefined {
  if (!isBoundedRecord(data)) return undefined
  switch (data['type']) {
    case 'state': return parseState(data)
    case 'connect':
    case 'path': {
      const person = parsePerson(data['person'])
      return person === undefined ? undefined : { type: data['type'], person }
    }
    case 'disconnect': return isPeerId(data['id']) ? { type: 'disconnect', id: data['id'] } : undefined
    case 'height': return isCount(data['height'], 4_000) ? { type: 'height', height: data['height'] } : undefined
    default: return undefined
  }
}

function parseState(data: Record<string, unknown>): FromFrame | undefined {
  const { state, self, label, people } = data
  if (!isState(state) || (self !== undefined && !isPeerId(self))) return undefined
  if (typeof label !== 'string' || label.length > 200 || !isCount(people, 1_000_000)) return undefined
  return { type: 'state', state, self, label, people }
}

function parsePerson(value: unknown): EmbeddedPerson | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { id, kind, path } = value as Record<string, unknown>
  return isPeerId(id) && isKind(kind) && isPath(path) ? { id, kind, path } : undefined
}

/** An object of bounded size whose JSON form exists: no cycles, nothing exotic. */
function isBoundedRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  try {
    return JSON.stringify(value).length <= MAX_EMBED_MESSAGE_CHARS
  } catch {
    return false
  }
}

const isTheme = (value: unknown): value is EmbedHello['theme'] => THEMES.has(value)
const isState = (value: unknown): value is PeerState => STATES.has(value)
const isKind = (value: unknown): value is PeerKind => KINDS.has(value)
const isPath = (value: unknown): value is PathKind => PATHS.has(value)
const isPeerId = (value: unknown): value is string => typeof value === 'string' && PEER_ID.test(value)
const isCount = (value: unknown, most: number): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= most
