// Tries every combination of ours, theirs and ways, and writes docs/interop-matrix.md.
// `node e2e/interop/matrix.ts [--out FILE] [--only TEXT] [--strict]`: --only runs the lines that contain TEXT and writes nothing;
// --strict also fails where this machine could not try (toolchain, browser), not only where something fails.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { OURS, type Ours, THEIRS, type Theirs, UnsupportedError, WAYS, type Way, toCell } from './matrix/cell.ts'
import { type Entry, entryLine, matrixDocument } from './matrix/document.ts'
import { whyNot } from './matrix/limits-of-theirs.ts'
import { probeChromium } from './matrix/probe-chromium.ts'
import { probeNode } from './matrix/probe-node.ts'
import { probeRelay } from './matrix/probe-relay.ts'

const CELL_TIMEOUT_MS = 90_000
const PROBES = { node: probeNode, relay: probeRelay, chromium: probeChromium } as const

const { values } = parseArgs({ options: { out: { type: 'string' }, only: { type: 'string' }, strict: { type: 'boolean', default: false } } })

async function tryEntry(ours: Ours, theirs: Theirs, way: Way): Promise<Entry> {
  const reason = whyNot(ours, theirs, way)
  const probe = reason === undefined ? PROBES[ours](theirs, way) : () => Promise.reject(new UnsupportedError(reason))
  return { ours, theirs, way, cell: await toCell(probe, CELL_TIMEOUT_MS) }
}

const entries: Entry[] = []
for (const theirs of THEIRS) {
  for (const ours of OURS) {
    for (const way of WAYS) {
      if (values.only !== undefined && !`${ours} ${theirs} ${way}`.includes(values.only)) continue
      const entry = await tryEntry(ours, theirs, way)
      entries.push(entry)
      console.log(entryLine(entry))
    }
  }
}
const count = (state: string): number => entries.filter((entry) => entry.cell.state === state).length
console.log(`${count('pass')} passed, ${count('fail')} failed, ${count('unsupported')} unsupported`)
if (values.only === undefined) writeFileSync(values.out ?? join(import.meta.dirname, '../../docs/interop-matrix.md'), matrixDocument(entries))

const untried = entries.filter((entry) => entry.cell.state === 'unsupported' && whyNot(entry.ours, entry.theirs, entry.way) === undefined)
process.exit(count('fail') > 0 || (values.strict && untried.length > 0) ? 1 : 0)
