import { parseArgs } from 'node:util'
import { playHistory, problemsOf, randomNumbers, sharesOf, type Step } from '../testing/index.ts'

/** Plays many random histories: `node scripts/histories.ts [--runs 10000] [--seed 1]`. Prints the seed of each that breaks a rule, and ends with 1. */
const { values } = parseArgs({ options: { runs: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } } })
const runs = Number(values.runs)
const first = Number(values.seed)
const total = { pairs: 0, concurrent: 0, operations: 0, backDated: 0 }
let broken = 0
for (let seed = first; seed < first + runs; seed++) {
  const next = randomNumbers(seed)
  const steps: Step[] = Array.from({ length: 4 + (next() % 20) }, () => ({ actor: next(), act: next(), target: next(), knowledge: next() }))
  const history = await playHistory(steps)
  const shares = sharesOf(history)
  for (const key of ['pairs', 'concurrent', 'operations', 'backDated'] as const) total[key] += shares[key]
  const shuffles = [0, 1].map(() => Array.from({ length: history.operations.length }, next))
  const problems = problemsOf(history, shuffles)
  if (problems.length === 0) continue
  broken++
  console.log(`seed ${seed}: ${problems.join('; ')}`)
}
console.log(
  `${runs} histories from seed ${first}: ${broken} broken; ${total.operations} operations, ${percent(total.concurrent, total.pairs)} of pairs concurrent, ${percent(total.backDated, total.operations)} back-dated`
)
process.exitCode = broken === 0 ? 0 : 1

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`
}
