import { MAX_NAME_CHARS } from '../limits.ts'

// Control characters, line and paragraph separators, what turns the direction of writing, what is invisible, and the byte order mark:
// with these a name could imitate another one or run over what stands beside it.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu

/**
 * A name as it may be shown: from a stranger's message or a form. Undefined where nothing is left. Bounded in characters; runs of
 * spaces become one, and more than two combining marks in a row are cut.
 */
export function cleanName(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const cleaned = value.slice(0, MAX_NAME_CHARS * 8).normalize('NFC').replace(UNSEEN, '').replace(/(\p{M}{2})\p{M}+/gu, '$1').replace(/\s+/gu, ' ').trim()
  const bounded = [...cleaned].slice(0, MAX_NAME_CHARS).join('').trim()
  return bounded === '' ? undefined : bounded
}

const ADJECTIVES = ['Amber', 'Bright', 'Calm', 'Clear', 'Coral', 'Early', 'Fair', 'Gentle', 'Golden', 'Green', 'Kind', 'Light', 'Lucky', 'Mellow', 'Misty', 'Noble', 'Quiet', 'Rosy', 'Silver', 'Still', 'Sunny', 'Swift', 'Tidal', 'Warm'] as const
const NOUNS = ['Badger', 'Birch', 'Brook', 'Cedar', 'Comet', 'Crane', 'Dune', 'Fern', 'Finch', 'Fox', 'Harbor', 'Heron', 'Lark', 'Lynx', 'Maple', 'Meadow', 'Otter', 'Owl', 'Pine', 'Reef', 'River', 'Sparrow', 'Swan', 'Wren'] as const

/** What a peer without a chosen name is called: made from its PeerId, so that everyone calls it the same. */
export function fallbackName(peerId: string): string {
  let hash = 7
  for (let at = 0; at < peerId.length; at++) hash = (Math.imul(hash, 31) + peerId.charCodeAt(at)) >>> 0
  const adjective = ADJECTIVES[hash % ADJECTIVES.length] ?? 'Quiet'
  const noun = NOUNS[Math.floor(hash / ADJECTIVES.length) % NOUNS.length] ?? 'Fox'
  return `${adjective} ${noun}`
}
