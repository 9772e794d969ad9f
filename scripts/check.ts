// Checks the sources: layers, types for each platform, lint, unused code, licences, known vulnerabilities, rules and error codes.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Check, commandCheck, root } from './checks/check.ts'
import { licencesCheck, vulnerabilitiesCheck } from './checks/dependencies.ts'
import { errorCodesCheck } from './checks/error-codes.ts'
import { rulesCheck } from './checks/rules.ts'

const TOP = ['packages', 'apps', 'e2e', 'bench', 'scripts'] as const

/** One type-check per package and platform: the same sources must hold with Node's types and with a browser's. */
function typeChecks(): Check[] {
  const tsc = (name: string, config: string): Check => commandCheck(`types: ${name}`, 'pnpm', ['exec', 'tsc', '--noEmit', '-p', config])
  return [
    tsc('scripts', 'scripts/tsconfig.json'),
    tsc('authz', 'packages/authz/tsconfig.json'),
    tsc('p2p-core on Node', 'packages/p2p-core/tsconfig.json'),
    tsc('p2p-core in browsers', 'packages/p2p-core/tsconfig.browser.json'),
    ...['packages/flows', 'apps/relay-server', 'e2e', 'bench']
      .filter((dir) => existsSync(join(root, dir, 'tsconfig.json')))
      .map((dir) => tsc(dir.split('/').pop() ?? dir, `${dir}/tsconfig.json`)),
    commandCheck('types: web', 'pnpm', ['-C', 'apps/web', 'check'])
  ]
}

function checks(): Check[] {
  return [
    commandCheck('layers: imports point one way', 'pnpm', ['exec', 'depcruise', '--config', 'scripts/layers.config.ts', 'packages', 'apps', 'e2e', 'bench']),
    ...typeChecks(),
    commandCheck('lint', 'pnpm', ['exec', 'oxlint', '--deny-warnings', ...TOP]),
    commandCheck('unused code and dependencies', 'pnpm', ['exec', 'knip', '--no-progress']),
    licencesCheck,
    vulnerabilitiesCheck,
    rulesCheck,
    errorCodesCheck
  ]
}

/** Runs all checks, prints one line each, and resolves with how many passed and failed. */
export async function runChecks(): Promise<{ passed: number; failed: number }> {
  let passed = 0
  let failed = 0
  for (const check of checks()) {
    const result = await check.run()
    if (result.state === 'passed') passed++
    if (result.state === 'failed') failed++
    const detail = result.state === 'failed' ? `\n${result.output.trim()}` : result.state === 'unavailable' ? `: ${result.reason}` : ''
    console.log(`${result.state === 'passed' ? '✓' : result.state === 'failed' ? '✗' : '–'} ${check.name}${detail}`)
  }
  return { passed, failed }
}

if (import.meta.main) {
  const { failed } = await runChecks()
  process.exitCode = failed === 0 ? 0 : 1
}
