// npm test: sets up what the tests need, runs them by tier, and says what it skipped and why.
import { parseArgs } from 'node:util'
import { STEPS } from './tiers/steps.ts'
import { type Counts, sum } from './tiers/step.ts'

const HELP = `npm test -- [options]
  --full       everything that one run can hold (up to 40 minutes on two cores); without it, what is quick (up to 10)
  --no-setup   install nothing: neither browsers nor system packages
  --no-skip    a skipped test counts as a failure (as in CI)
  --only NAME  one step: ${STEPS.map((step) => step.name).join(', ')} (repeats)
  --help`

const { values } = parseArgs({
  options: {
    'full': { type: 'boolean', default: false },
    'no-setup': { type: 'boolean', default: false },
    'no-skip': { type: 'boolean', default: false },
    'only': { type: 'string', multiple: true, default: [] },
    'help': { type: 'boolean', default: false }
  }
})

async function main(): Promise<number> {
  const only = new Set(values.only)
  const unknown = [...only].filter((name) => !STEPS.some((step) => step.name === name))
  if (values.help || unknown.length > 0) {
    console.log(unknown.length > 0 ? `Unknown step: ${unknown.join(', ')}\n${HELP}` : HELP)
    return unknown.length > 0 ? 2 : 0
  }
  const results: Counts[] = []
  for (const step of STEPS.filter(({ name }) => only.size === 0 || only.has(name))) {
    console.log(`\n── ${step.name} ──`)
    const startedAt = performance.now()
    const counts = await step.run({ full: values.full, setup: !values['no-setup'] })
    console.log(`── ${step.name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
    results.push(counts)
  }
  const { passed, failed, skipped, notes } = sum(results)
  if (notes.length > 0) console.log(`\n${notes.join('\n')}`)
  const forbidden = values['no-skip'] && skipped > 0
  if (forbidden) console.log('Skipping is forbidden in this run (--no-skip).')
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`)
  return failed > 0 || forbidden || passed === 0 ? 1 : 0
}

process.exitCode = await main()
