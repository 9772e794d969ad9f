// The matrix as a document.
import type { Cell, Ours, Theirs, Way } from './cell.ts'
import { OURS, THEIRS, WAYS } from './cell.ts'

/** One tried combination. */
export interface Entry {
  readonly ours: Ours
  readonly theirs: Theirs
  readonly way: Way
  readonly cell: Cell
}

const OURS_NAMES: Readonly<Record<Ours, string>> = { node: 'Node peer', relay: 'relay', chromium: 'page in Chromium' }
const THEIRS_NAMES: Readonly<Record<Theirs, string>> = {
  legacy: 'legacy Go (go-libp2p v0.26.2, as GloFlow)',
  current: 'current Go (go-libp2p v0.51.0)',
  stock: 'stock js-libp2p 3.3.11'
}
const WAY_NAMES: Readonly<Record<Way, string>> = { 'tcp-tls': 'TCP + TLS', 'tcp-noise': 'TCP + Noise', ws: 'WebSocket', 'webrtc-direct': 'WebRTC Direct', circuit: 'circuit', dht: 'DHT', general: 'general channel' }

/** One line for a terminal. */
export function entryLine({ ours, theirs, way, cell }: Entry): string {
  const detail = cell.state === 'pass' ? `${cell.what} (${cell.ms} ms)` : cell.why
  return `${cell.state.padEnd(11)} ${OURS_NAMES[ours]} × ${theirs} × ${WAY_NAMES[way]}: ${detail}`
}

/** The whole matrix in Markdown, with each reason below its table. */
export function matrixDocument(entries: readonly Entry[]): string {
  const notes: string[] = []
  const tables = THEIRS.map((theirs) => {
    const rows = OURS.map((ours) => {
      const cells = WAYS.map((way) => cellText(entries.find((entry) => entry.ours === ours && entry.theirs === theirs && entry.way === way)?.cell, notes))
      return `| ${OURS_NAMES[ours]} | ${cells.join(' | ')} |`
    })
    return [`## ${THEIRS_NAMES[theirs]}`, '', `| | ${WAYS.map((way) => WAY_NAMES[way]).join(' | ')} |`, `| --- |${' --- |'.repeat(WAYS.length)}`, ...rows].join('\n')
  })
  return [
    '# What works with whom',
    '',
    'Made by `node e2e/interop/matrix.ts`, which starts both sides for each cell and carries bytes both ways; not edited by hand.',
    '"unsupported" names a fact about the two programs; a number points to it.',
    '',
    tables.join('\n\n'),
    '',
    ...notes.map((note, i) => `${i + 1}. ${note}`),
    ''
  ].join('\n')
}

function cellText(cell: Cell | undefined, notes: string[]): string {
  if (cell === undefined) return 'not run'
  if (cell.state === 'pass') return `pass: ${cell.what}`
  if (!notes.includes(cell.why)) notes.push(cell.why)
  return `${cell.state === 'fail' ? '**fail**' : 'unsupported'} (${notes.indexOf(cell.why) + 1})`
}
