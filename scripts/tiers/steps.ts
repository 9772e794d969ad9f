import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../checks/check.ts'
import { runChecks } from '../check.ts'
import { countPlaywright, countVitest } from './reports.ts'
import { type Counts, NOTHING, type Step, type TierOptions } from './step.ts'
import { ensureChromium, ensureProgram, inForeground, onPath } from './system.ts'

const reports = join(root, '.tools/reports')

async function freshReport(name: string): Promise<string> {
  await mkdir(reports, { recursive: true })
  const path = join(reports, `${name}.json`)
  await rm(path, { force: true })
  return path
}

/** A step that could not run at all counts as one skipped test. */
function skippedStep(name: string, reason: string): Counts {
  return { passed: 0, failed: 0, skipped: 1, notes: [`${name}: skipped: ${reason}`] }
}

async function runVitest(project: string, options: TierOptions, more: readonly string[] = []): Promise<Counts> {
  const report = await freshReport(project)
  const args = ['exec', 'vitest', 'run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...more]
  const code = await inForeground('pnpm', args, { GF_TEST_FULL: options.full ? '1' : '', GF_TEST_SETUP: options.setup ? '' : 'off' })
  return countVitest(project, report, code)
}

const checks: Step = {
  name: 'checks',
  async run({ full }) {
    return full ? { ...NOTHING, ...await runChecks() } : NOTHING
  }
}

/** Most of these tests wait for a network more than they compute: one for each core of a small machine. */
const unit: Step = { name: 'unit', run: (options) => runVitest('unit', options, ['--maxWorkers=2']) }

/** Minutes each: floods that have to last, and a matrix of every pair. */
const LONG_INTEROP = ['e2e/interop/flood.test.ts', 'e2e/interop/matrix.test.ts']

const interop: Step = {
  name: 'interop',
  async run(options) {
    if (onPath('go') === undefined) return skippedStep('interop', 'there is no Go here; see go.dev/doc/install')
    return runVitest('interop', options, options.full ? [] : LONG_INTEROP.flatMap((path) => ['--exclude', path]))
  }
}

/** The network laboratory makes namespaces: root, ip and nft. */
const lab: Step = {
  name: 'lab',
  async run(options) {
    if (!options.full) return NOTHING
    if (process.getuid?.() !== 0) return skippedStep('lab', 'network namespaces need root')
    for (const [program, packageName] of [['ip', 'iproute2'], ['nft', 'nftables']] as const) {
      const found = ensureProgram(program, packageName, options.setup)
      if ('missing' in found) return skippedStep('lab', found.missing)
    }
    return runVitest('lab', options)
  }
}

const browsers: Step = {
  name: 'e2e',
  async run(options) {
    if (!existsSync(join(root, 'e2e/run.ts'))) return NOTHING
    const chromium = await ensureChromium(options.setup)
    if ('missing' in chromium) return skippedStep('e2e', chromium.missing)
    if (process.getuid?.() === 0) ensureProgram('ip', 'iproute2', options.setup)
    const firefox = options.full ? ensureProgram('firefox-esr', 'firefox-esr', options.setup) : { missing: 'only in the full tier' }
    const report = await freshReport('e2e')
    const code = await inForeground(process.execPath, ['e2e/run.ts', ...(options.full ? [] : ['--grep', '@quick'])], {
      GF_CHROMIUM: chromium.path,
      GF_FIREFOX: 'path' in firefox ? firefox.path : '',
      GF_JSON_REPORT: report
    })
    return countPlaywright('e2e', report, code)
  }
}

/** In order: what fails fast comes first. */
export const STEPS: readonly Step[] = [checks, unit, interop, browsers, lab]
