import { BRIDGED_PERSON_SHOWN_MS, MAX_BRIDGED_PEOPLE, MAX_REMEMBERED_NAMES, MAX_SHOWN_MESSAGES, MAX_SHOWN_TEXT_CHARS } from '../limits.ts'
import { cleanName } from '../words/names.ts'
import type { GeneralMessage } from '@gloflow/p2p-core'
import type { ChatLine, Person } from './client.ts'

/** The body by which a peer tells its name in the room. */
export const PROFILE_TYPE = 'profile'

/** What came out of the general channel: lines to show, names that people chose, and who speaks through a bridge. */
export interface Room {
  readonly lines: readonly ChatLine[]
  nameOf(id: string): string | undefined
  /** People who are known only by a bridge, as they are shown: whom it says it can reach, and who spoke through it lately. */
  bridged(nowMs: number, reachable: readonly string[]): readonly Person[]
  /** Takes what was received. Returns true where there is something new to show. */
  take(message: GeneralMessage): boolean
  addOwn(line: { readonly id: string; readonly from: string; readonly text: string; readonly atMs: number; readonly sentTo: number }): void
}

/** An empty room, or one that goes on with what another tab has shown. */
export function createRoom(seed: readonly ChatLine[]): Room {
  const lines = [...seed]
  const names = new Map<string, string>()
  const bridged = new Map<string, { via: string | undefined; firstMs: number; lastMs: number }>()

  function add(line: ChatLine): void {
    lines.push(line)
    if (lines.length > MAX_SHOWN_MESSAGES) lines.splice(0, lines.length - MAX_SHOWN_MESSAGES)
  }

  function remember<Value>(map: Map<string, Value>, id: string, value: Value, most: number): void {
    map.delete(id)
    map.set(id, value)
    const oldest = map.keys().next().value
    if (map.size > most && oldest !== undefined) map.delete(oldest)
  }

  function takeProfile(message: GeneralMessage): boolean {
    const name = cleanName(message.body['name'])
    if (name === names.get(message.from)) return false
    if (name === undefined) names.delete(message.from)
    else remember(names, message.from, name, MAX_REMEMBERED_NAMES)
    return true
  }

  return {
    lines,
    nameOf: (id) => names.get(id),
    bridged(nowMs, reachable) {
      for (const id of reachable.slice(0, MAX_BRIDGED_PEOPLE)) {
        const known = bridged.get(id)
        remember(bridged, id, { via: known?.via, firstMs: known?.firstMs ?? nowMs, lastMs: nowMs }, MAX_BRIDGED_PEOPLE)
      }
      return [...bridged].filter(([id, seen]) => reachable.includes(id) || nowMs - seen.lastMs < BRIDGED_PERSON_SHOWN_MS).map(([id, seen]) => ({
        id, kind: 'go', path: 'relayed', reason: 'no-common-transport', transport: 'bridge', rttMs: undefined, bytesIn: 0, bytesOut: 0,
        sinceMs: seen.firstMs, relay: seen.via, name: undefined
      }))
    },
    take(message) {
      // A name comes from the connection it names, never through a bridge.
      if (message.body['type'] === PROFILE_TYPE) return message.via === undefined && takeProfile(message)
      if (message.via !== undefined) {
        const firstMs = bridged.get(message.from)?.firstMs ?? message.receivedAtMs
        remember(bridged, message.from, { via: message.via, firstMs, lastMs: message.receivedAtMs }, MAX_BRIDGED_PEOPLE)
      }
      const text = textOf(message.body)
      if (text === undefined || lines.some((line) => line.id === message.id && line.from === message.from)) return message.via !== undefined
      add({ id: message.id, from: message.from, via: message.via, text, atMs: message.receivedAtMs, own: false, sentTo: undefined })
      return true
    },
    addOwn(line) { add({ ...line, via: undefined, own: true }) }
  }
}

/** What is shown of a body: its text, or for a body of another shape the JSON itself. Undefined = nothing. */
function textOf(body: Readonly<Record<string, unknown>>): string | undefined {
  const { text } = body
  if (typeof text === 'string') return text.trim() === '' ? undefined : text.slice(0, MAX_SHOWN_TEXT_CHARS)
  if (typeof body['type'] === 'string' || Object.keys(body).length === 0) return undefined
  return JSON.stringify(body).slice(0, MAX_SHOWN_TEXT_CHARS)
}
