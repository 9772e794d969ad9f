import { type Check, root, runCommand } from './check.ts'

/** Licences under which this project may be given away as it is. Another one is a decision for people. */
const ALLOWED = new Set([
  '0BSD', 'Apache-2.0', 'Apache-2.0 OR MIT', '(Apache-2.0 OR MIT)', 'MIT OR Apache-2.0', '(MIT OR Apache-2.0)', 'Apache-2.0 AND MIT', 'BSD-2-Clause', 'BSD-3-Clause',
  'BlueOak-1.0.0', 'CC0-1.0', 'CC-BY-3.0', 'CC-BY-4.0', 'ISC', 'MIT', 'MIT-0', '(MIT OR CC0-1.0)', '(MIT AND Zlib)', '(MIT OR WTFPL)', '(BSD-2-Clause OR MIT OR Apache-2.0)',
  'MPL-2.0', 'OFL-1.1', 'Python-2.0', 'Unlicense', 'WTFPL', 'Zlib', 'MPL 2.0', 'WTFPL OR ISC', '(WTFPL OR MIT)'
])

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Every package that is installed has a licence of the list above. */
export const licencesCheck: Check = {
  name: 'licences: every dependency is under a known free licence',
  async run() {
    const { code, stdout, output } = await runCommand('pnpm', ['licenses', 'list', '--json'], root)
    if (code !== 0) return { state: 'failed', output }
    const byLicence: unknown = JSON.parse(stdout)
    if (!isRecord(byLicence)) return { state: 'failed', output: 'pnpm licenses printed no object' }
    const problems = Object.entries(byLicence)
      .filter(([licence]) => !ALLOWED.has(licence))
      .flatMap(([licence, packages]) => (Array.isArray(packages) ? packages : []).map((entry: unknown) => `${licence}: ${isRecord(entry) ? String(entry['name']) : '?'}`))
    return problems.length === 0 ? { state: 'passed' } : { state: 'failed', output: problems.join('\n') }
  }
}

/** Vulnerabilities of severity `high` or `critical` that the registry knows. Where it does not answer, that is said, not counted. */
export const vulnerabilitiesCheck: Check = {
  name: 'vulnerabilities: none of high severity is known to the registry',
  async run() {
    const { stdout } = await runCommand('pnpm', ['audit', '--json'], root)
    let report: unknown
    try {
      report = JSON.parse(stdout)
    } catch {
      return { state: 'unavailable', reason: 'the registry gave no audit report' }
    }
    if (!isRecord(report) || !isRecord(report['advisories'])) return { state: 'unavailable', reason: 'the registry gave no audit report' }
    const problems = Object.values(report['advisories'])
      .filter(isRecord)
      .filter((advisory) => advisory['severity'] === 'high' || advisory['severity'] === 'critical')
      .map((advisory) => `${String(advisory['severity'])}: ${String(advisory['module_name'])}: ${String(advisory['title'])} (${String(advisory['url'])})`)
    return problems.length === 0 ? { state: 'passed' } : { state: 'failed', output: problems.join('\n') }
  }
}
