// Prints pairs of peers × pairs of gateways → path, attempts, ms: `node e2e/lab/paths/matrix.ts [--kinds A,B] [--peers browser-node,…]
// [--cell PEERS:TOPOLOGY] [--runs N] [--json FILE]`. Needs root on Linux.
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { LabError } from '../errors.ts'
import { labSupport } from '../support.ts'
import { runCell, type Cell, type CellResult, type PartyKind } from './cell.ts'
import { possiblePath } from './expected.ts'

/** Kinds that differ for the path; the others of kinds.ts behave like one of them. */
const DEFAULT_KINDS = ['open', 'full-cone', 'restricted-cone', 'port-restricted', 'symmetric', 'no-udp', 'tcp-443-only']
const DEFAULT_PEERS = ['browser-browser', 'browser-node', 'node-node']

/** One cell and all its runs; a run that failed is its message. */
interface Row {
  readonly cell: Cell
  readonly possible: string
  readonly runs: readonly (CellResult | string)[]
}

const { values } = parseArgs({
  options: {
    kinds: { type: 'string', default: DEFAULT_KINDS.join(',') },
    peers: { type: 'string', default: DEFAULT_PEERS.join(',') },
    cell: { type: 'string', multiple: true },
    runs: { type: 'string', default: '1' },
    json: { type: 'string' }
  }
})

const support = await labSupport()
if (!support.available) {
  console.error(`The network laboratory cannot run here: ${support.reason}.`)
  process.exit(1)
}
const cells = values.cell?.map(parseCell) ?? allCells(values.peers.split(','), values.kinds.split(','))
const rows: Row[] = []
console.log('| peers | gateways | possible | path | reason | runs as possible | met ms | direct ms | heard once |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |')
for (const cell of cells) {
  const row = await runRow(cell, Number(values.runs))
  rows.push(row)
  console.log(rowText(row))
}
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(rows, undefined, 2)}\n`)
process.exitCode = rows.every(isAsPossible) ? 0 : 1

async function runRow(cell: Cell, runs: number): Promise<Row> {
  const results: (CellResult | string)[] = []
  for (let run = 0; run < runs; run++) {
    results.push(await runCell(cell, { prove: run === 0 }).catch((error: unknown) => String(error).split('\n', 1)[0] ?? 'failed'))
  }
  return { cell, possible: possiblePath(cell.topology), runs: results }
}

function isAsPossible({ possible, runs }: Row): boolean {
  return runs.every((run) => typeof run !== 'string' && asPossible(run, possible))
}

function asPossible({ paths }: CellResult, possible: string): boolean {
  return paths.every(({ path }) => (path === 'relayed' ? 'relayed' : 'direct') === possible)
}

function rowText({ cell, possible, runs }: Row): string {
  const done = runs.filter((run) => typeof run !== 'string')
  const failed = runs.find((run) => typeof run === 'string')
  const seen = (field: 'path' | 'reason'): string => [...new Set(done.flatMap(({ paths }) => paths.map((path) => path[field])))].join(' / ')
  const columns = [
    cell.peers.join('-'), cell.topology, possible, seen('path') || `${failed}`, seen('reason'),
    `${done.filter((run) => asPossible(run, possible)).length}/${runs.length}`,
    median(done.map(({ metMs }) => metMs)), median(done.flatMap(({ directMs }) => directMs === undefined ? [] : [directMs])),
    `${done.filter(({ heard }) => heard[0] === 1 && heard[1] === 1).length}/${runs.length}`
  ]
  return `| ${columns.join(' | ')} |`
}

function median(numbers: readonly number[]): string {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted.length === 0 ? '–' : String(sorted[Math.floor((sorted.length - 1) / 2)])
}

function allCells(peers: readonly string[], kinds: readonly string[]): Cell[] {
  return peers.flatMap((pair) => kinds.flatMap((first, index) => kinds.slice(index).map((second) => parseCell(`${pair}:pair:${first}+${second}`))))
}

function parseCell(text: string): Cell {
  const [, first, second, topology] = /^(browser|node)-(browser|node):(.+)$/.exec(text) ?? []
  if (!isKind(first) || !isKind(second) || topology === undefined) throw new LabError('TOPOLOGY_UNKNOWN', `"${text}" is no cell. A cell looks like browser-node:pair:symmetric+full-cone.`)
  return { peers: [first, second], topology }
}

function isKind(value: string | undefined): value is PartyKind {
  return value === 'browser' || value === 'node'
}
