import { spawnSync } from 'node:child_process'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Mutant, MUTANTS } from './mutants/list.ts'

/**
 * For each security rule: takes it out of a copy of the package and runs the tests that must notice. `node scripts/mutants.ts [--only AZ25]`.
 * Lists every mutant with the test that killed it, and ends with 1 if one survives or its place in the source is gone.
 */
const { values } = parseArgs({ options: { only: { type: 'string' } } })
const root = fileURLToPath(new URL('../../../', import.meta.url))
const home = fileURLToPath(new URL('../.mutants/', import.meta.url))
const copy = join(home, 'packages/authz')
const output = join(home, 'report.json')
const vitest = join(root, 'node_modules/vitest/vitest.mjs')

await rm(home, { recursive: true, force: true })
await mkdir(copy, { recursive: true })
for (const part of ['src', 'testing', 'test', 'scripts', 'bin']) await cp(join(root, 'packages/authz', part), join(copy, part), { recursive: true })
await cp(join(root, 'vectors'), join(home, 'vectors'), { recursive: true })

let survived = 0
let run = 0
for (const mutant of MUTANTS) {
  if (values.only !== undefined && mutant.rule !== values.only) continue
  run++
  const verdict = await tryMutant(mutant)
  if (!verdict.startsWith('killed')) survived++
  console.log(`[${mutant.rule}] ${mutant.what}: ${verdict}`)
}
await rm(home, { recursive: true, force: true })
console.log(`${run} mutants, ${run - survived} killed, ${survived} survived`)
process.exitCode = survived === 0 ? 0 : 1

async function tryMutant(mutant: Mutant): Promise<string> {
  const path = join(copy, 'src', mutant.file)
  const source = await readFile(path, 'utf8')
  if (source.split(mutant.find).length !== 2) return `STALE: found ${source.split(mutant.find).length - 1} times in ${mutant.file}`
  await rm(output, { force: true })
  await writeFile(path, source.replace(mutant.find, () => mutant.replace))
  try {
    const files = mutant.tests.map((name) => `test/${name}.test.ts`)
    const named = mutant.named === undefined ? [] : ['-t', mutant.named]
    const result = spawnSync(process.execPath, [vitest, 'run', '--root', copy, '--bail', '1', '--reporter', 'json', '--outputFile', output, ...named, ...files], { encoding: 'utf8' })
    return judge(await readFile(output, 'utf8').catch(() => `{"crash": ${JSON.stringify(result.stderr.slice(-200))}}`))
  } finally {
    await writeFile(path, source)
  }
}

/** A mutant is killed by an assertion that failed; tests that did not run at all kill nothing. */
function judge(json: string): string {
  const report: unknown = JSON.parse(json)
  const tests = listOf(report, 'testResults').flatMap((file) => listOf(file, 'assertionResults'))
  const killer = tests.find((test) => fieldOf(test, 'status') === 'failed')
  if (killer !== undefined) return `killed by "${String(fieldOf(killer, 'fullName')).trim()}"`
  return tests.some((test) => fieldOf(test, 'status') === 'passed') ? 'SURVIVED' : 'NO TEST RAN'
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}

function listOf(value: unknown, key: string): readonly unknown[] {
  const list = fieldOf(value, key)
  return Array.isArray(list) ? list : []
}
