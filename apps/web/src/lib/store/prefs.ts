import { MAX_REMEMBERED_NAMES } from '../limits.ts'
import { cleanName } from '../words/names.ts'

/** What the person chose, kept in this browser only. */
export interface Prefs {
  /** Own name, told to the people who are here; '' = none chosen. */
  readonly name: string
  readonly directPolicy: 'everyone' | 'shared'
  /** PeerId → the name by which this person calls that peer. */
  readonly renamed: Readonly<Record<string, string>>
  readonly blocked: readonly string[]
  readonly detailsOpen: boolean
}

export const DEFAULT_PREFS: Prefs = { name: '', directPolicy: 'everyone', renamed: {}, blocked: [], detailsOpen: true }

/** The key under which the preferences are in localStorage. */
export const PREFS_KEY = 'gloflow-prefs'

/** Reads what was stored; anything that is not understood becomes the default. */
export function parsePrefs(text: string | null): Prefs {
  const value = parseObject(text)
  return {
    name: cleanName(value['name']) ?? '',
    directPolicy: value['directPolicy'] === 'shared' ? 'shared' : 'everyone',
    renamed: parseRenamed(value['renamed']),
    blocked: Array.isArray(value['blocked']) ? value['blocked'].filter((id): id is string => typeof id === 'string').slice(0, MAX_REMEMBERED_NAMES) : [],
    detailsOpen: value['detailsOpen'] !== false
  }
}

/** Reads from this browser's storage; a browser that refuses it gives the defaults. */
export function loadPrefs(): Prefs {
  try {
    return parsePrefs(localStorage.getItem(PREFS_KEY))
  } catch {
    return DEFAULT_PREFS
  }
}

/** Writes; where storage is refused, the choice lasts as long as the tab. */
export function savePrefs(prefs: Prefs): void {
  try {
    localStorage.setItem(PREFS_KEY, JSON.stringify(prefs))
  } catch {
    // The page says elsewhere that nothing is kept here.
  }
}

function parseObject(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '{}')
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function parseRenamed(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {}
  const entries = Object.entries(value).slice(0, MAX_REMEMBERED_NAMES)
  return Object.fromEntries(entries.flatMap(([id, name]) => {
    const cleaned = cleanName(name)
    return cleaned === undefined ? [] : [[id, cleaned]]
  }))
}
