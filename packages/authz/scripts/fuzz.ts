import { readdir, readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { fuzzParsers, parseVector, randomNumbers } from '../testing/index.ts'

/** Fuzzes the parsers: `node scripts/fuzz.ts [--inputs 1000000] [--seed 1]`. Ends with 1 at a crash, or where an input costs more than 8 signatures. */
const { values } = parseArgs({ options: { inputs: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } } })
const dir = new URL('../../../vectors/', import.meta.url)
const names = (await readdir(dir)).filter((name) => name.endsWith('.json') && name !== 'schema.json')
const files = await Promise.all(names.map(async (name): Promise<unknown> => JSON.parse(await readFile(new URL(name, dir), 'utf8'))))
const vectors = files.flatMap((cases) => (Array.isArray(cases) ? cases.map((value) => parseVector(JSON.stringify(value))) : []))

// Refusals are errors; their stacks would be most of the work.
Error.stackTraceLimit = 0
const start = performance.now()
const report = await fuzzParsers(vectors, Number(values.inputs), randomNumbers(Number(values.seed)))
const seconds = (performance.now() - start) / 1000
console.log(`${report.inputs} inputs in ${seconds.toFixed(0)} s: ${report.crashes.length} crashes, ${report.parsed} parsed, at most ${report.mostChecks} signatures for one input`)
for (const [code, count] of [...report.codes].sort(([, a], [, b]) => b - a)) console.log(`  ${code}: ${count}`)
for (const input of report.crashes.slice(0, 10)) console.log(`crash: ${input}`)
process.exitCode = report.crashes.length === 0 && report.mostChecks <= 8 ? 0 : 1
