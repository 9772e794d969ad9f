// npm run bench: prints the figures as a table and, with --json FILE, as JSON. As root in a network namespace of its own, where WebRTC works.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createSingleNamespace } from '../e2e/lab/single.ts'
import { namespaceSupport } from '../e2e/lab/support.ts'
import { summarize, table, type Figure, type Row } from './figure.ts'
import { bytesUntilJoined, joinCold, joinWarm } from './figures/joining.ts'
import { relayedDial, reloadToDirect, upgrade } from './figures/paths.ts'
import { recovery } from './figures/recovery.ts'
import { relayIdle, relayPerPeer } from './figures/relay-memory.ts'

const FIGURES: readonly Figure[] = [joinCold, joinWarm, bytesUntilJoined, relayedDial, upgrade, reloadToDirect, recovery, relayIdle, relayPerPeer]

/** Set in the process that runs inside the namespace. */
const INSIDE = 'GF_BENCH_INSIDE'

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string', default: '5' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false }
  }
})

async function measureAll(): Promise<Row[]> {
  const rows: Row[] = []
  for (const figure of FIGURES.filter(({ id }) => values.only.length === 0 || values.only.includes(id))) {
    console.error(`… ${figure.title}`)
    rows.push(summarize(figure, await figure.measure(Number(values.rounds))))
  }
  return rows
}

async function main(): Promise<number> {
  if (values.help || !/^[1-9]\d{0,2}$/.test(values.rounds)) {
    console.log(`npm run bench -- [--only ID]… [--rounds N] [--json FILE]\nids: ${FIGURES.map(({ id }) => id).join(', ')}`)
    return values.help ? 0 : 2
  }
  const support = await namespaceSupport()
  if (support.available && process.env[INSIDE] === undefined) return insideNamespace()
  if (!support.available) console.error(`Without a network namespace (${support.reason}): figures that need WebRTC may fail.`)
  const rows = await measureAll()
  console.log(`\nNode ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}\n\n${table(rows)}`)
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ node: process.version, rows }, undefined, 2)}\n`)
  return 0
}

async function insideNamespace(): Promise<number> {
  await using network = await createSingleNamespace()
  const argv = ['netns', 'exec', network.namespace, process.execPath, fileURLToPath(import.meta.url), ...process.argv.slice(2)]
  const child = spawn('ip', argv, { stdio: 'inherit', env: { ...process.env, [INSIDE]: '1' } })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  const [code] = await once(child, 'exit')
  return typeof code === 'number' ? code : 1
}

process.exitCode = await main()
