/**
 * The face of a peer: a small picture made from its PeerId alone, the same everywhere. It helps to recognize, it proves nothing:
 * whoever must be sure compares the PeerId.
 */
export interface Face {
  readonly background: string
  readonly skin: string
  readonly ink: string
  /** The head in a 36 × 36 box. */
  readonly head: { readonly x: number; readonly y: number; readonly size: number; readonly radius: number; readonly turn: number }
  readonly eyes: { readonly left: number; readonly right: number; readonly y: number; readonly size: number; readonly shape: 'round' | 'tall' | 'wink' }
  /** SVG path of the mouth. */
  readonly mouth: string
  readonly mouthFilled: boolean
  readonly mark: { readonly x: number; readonly y: number; readonly size: number } | undefined
}

const INK_DARK = '#1d1c1a'
const INK_LIGHT = '#fffdf8'

/** Hue pairs that stay apart for the common kinds of colour blindness: they differ in lightness too. */
const PALETTES: readonly (readonly [background: string, skin: string])[] = [
  ['#f2b8a2', '#7c2f1d'], ['#ffd166', '#0b5563'], ['#1f4e5f', '#ffdfa3'], ['#cfe8d5', '#1f6b4a'],
  ['#5b3f8c', '#f6c6e0'], ['#f7d9e3', '#a8325e'], ['#26324f', '#9fd3ff'], ['#d8e3ff', '#2e4fae'],
  ['#e9dcc5', '#8a5a13'], ['#0f5b4f', '#c9f2d9'], ['#ffe3d1', '#c2481a'], ['#402218', '#ffb38a'],
  ['#e3d7f7', '#593b9c'], ['#12395b', '#ffe08a'], ['#dff1f3', '#0f6f7d'], ['#6b1f3a', '#ffd0d9']
]

/** Draws the face for a PeerId in its usual text form. Any text gives some face. */
export function faceOf(peerId: string): Face {
  const random = randomFrom(peerId)
  const pick = (count: number): number => Math.floor(random() * count)
  const [background, skin] = PALETTES[pick(PALETTES.length)] ?? ['#d8e3ff', '#2e4fae']
  const gap = 4.2 + pick(4) * 0.9
  const centre = 18 + (pick(5) - 2)
  const eyeY = 16 + pick(3)
  const wide = 2.6 + pick(3)
  const mouthY = eyeY + 5.2 + pick(2)
  const open = pick(4) === 0
  return {
    background,
    skin,
    ink: isDark(skin) ? INK_LIGHT : INK_DARK,
    head: { x: 3 + pick(5), y: 5 + pick(5), size: 27 + pick(4), radius: [14, 10, 7][pick(3)] ?? 14, turn: pick(24) * 15 },
    eyes: { left: centre - gap, right: centre + gap, y: eyeY, size: 1.3 + pick(2) * 0.35, shape: (['round', 'tall', 'wink'] as const)[pick(3)] ?? 'round' },
    mouth: mouthPath(centre, mouthY, wide, open ? 3.4 : pick(3) - 0.4),
    mouthFilled: open,
    mark: pick(3) === 0 ? { x: 6 + pick(24), y: 4 + pick(4), size: 1.4 + pick(3) * 0.7 } : undefined
  }
}

function mouthPath(x: number, y: number, wide: number, curve: number): string {
  const round = (value: number): string => value.toFixed(1)
  return `M${round(x - wide)} ${round(y)} Q${round(x)} ${round(y + curve * 1.6)} ${round(x + wide)} ${round(y)}`
}

function isDark(hex: string): boolean {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16))
  return red * 0.299 + green * 0.587 + blue * 0.114 < 140
}

/** Deterministic numbers from 0 to 1 out of a text: FNV-1a into mulberry32. Not for secrets. */
function randomFrom(text: string): () => number {
  let state = 0x811c9dc5
  for (let at = 0; at < text.length; at++) state = Math.imul(state ^ text.charCodeAt(at), 0x01000193)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
