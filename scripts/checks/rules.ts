import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Check, root } from './check.ts'

/** A rule in a SPEC.md: `[XX12] text` at the start of a line, a list item or a table cell, maybe in bold. */
const DEFINITION = /^(?:[-*|]\s*)?\*{0,2}\[([A-Z]{2}\d+[a-z]?)\]/gm

/** Where tests name the rules they hold: `'[XX12] what must hold'`, several in a row allowed. */
const TEST_FILE = /\.(test|spec|contract)\.ts$/
const USE = /['"`](?:\[[A-Z]{2}\d+[a-z]?\]\s*)+/g

async function files(dir: string, wanted: (path: string) => boolean): Promise<string[]> {
  const entries = await readdir(join(root, dir), { withFileTypes: true, recursive: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isFile() && !/node_modules|\/build(\/|$)|\.svelte-kit/.test(entry.parentPath))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(wanted)
}

async function ids(paths: readonly string[], find: (text: string) => string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const path of paths) {
    for (const id of find(await readFile(path, 'utf8'))) if (!found.has(id)) found.set(id, path.slice(root.length + 1))
  }
  return found
}

/** Every rule of a SPEC.md has a test that names it, and every rule that a test names is defined. */
export const rulesCheck: Check = {
  name: 'rules: every SPEC rule has a test, every named rule exists',
  async run() {
    const top = ['packages', 'apps', 'e2e', 'go']
    const specs = (await Promise.all(top.map((dir) => files(dir, (path) => path.endsWith('SPEC.md'))))).flat()
    const tests = (await Promise.all(top.map((dir) => files(dir, (path) => TEST_FILE.test(path))))).flat()
    const defined = await ids(specs, (text) => [...text.matchAll(DEFINITION)].flatMap((match) => match[1] ?? []))
    const used = await ids(tests, (text) => [...text.matchAll(USE)].flatMap((match) => [...match[0].matchAll(/[A-Z]{2}\d+[a-z]?/g)].map((id) => id[0])))
    const problems = [
      ...[...defined].filter(([id]) => !used.has(id)).map(([id, path]) => `${path}: rule [${id}] has no test`),
      ...[...used].filter(([id]) => !defined.has(id)).map(([id, path]) => `${path}: a test names [${id}], which no SPEC.md defines`)
    ]
    return problems.length === 0 ? { state: 'passed' } : { state: 'failed', output: problems.join('\n') }
  }
}
