import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { cruise } from 'dependency-cruiser'
import { afterAll, expect, test } from 'vitest'
import { forbidden, options } from '../layers.config.ts'

/** One breach for each rule: a file that imports another. Both are written into an empty copy of the house. */
const BREACHES: Readonly<Record<string, readonly [from: string, to: string]>> = {
  'authz-is-pure': ['packages/authz/src/a.ts', 'packages/p2p-core/src/index.ts'],
  'authz-no-builtins': ['packages/authz/src/a.ts', 'node:fs'],
  'core-below-apps': ['packages/p2p-core/src/a.ts', 'apps/web/src/b.ts'],
  'authz-only-in-access': ['packages/p2p-core/src/relays/a.ts', 'packages/authz/src/index.ts'],
  'flows-below-apps': ['packages/flows/src/a.ts', 'apps/relay-server/src/b.ts'],
  'flows-no-builtins': ['packages/flows/src/a.ts', 'node:fs'],
  'apps-stay-apart': ['apps/web/src/a.ts', 'apps/relay-server/src/b.ts'],
  'packages-by-their-door': ['apps/web/src/a.ts', 'packages/p2p-core/src/relays/b.ts'],
  'one-platform-seam': ['packages/p2p-core/src/a.ts', 'node:fs'],
  'platform-files-behind-the-seam': ['packages/p2p-core/src/a.ts', 'packages/p2p-core/src/b.node.ts'],
  'no-cycles': ['packages/p2p-core/src/a.ts', 'packages/p2p-core/src/b.ts']
}

const houses: string[] = []
afterAll(async () => { await Promise.all(houses.map((house) => rm(house, { recursive: true, force: true }))) })

async function build(files: Readonly<Record<string, string>>): Promise<string> {
  const house = await mkdtemp(join(tmpdir(), 'layers-'))
  houses.push(house)
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(house, path)), { recursive: true })
    await writeFile(join(house, path), text)
  }
  return house
}

function specifier(from: string, to: string): string {
  return to.startsWith('node:') ? to : `${'../'.repeat(from.split('/').length - 1)}${to}`
}

async function violations(files: Readonly<Record<string, string>>): Promise<string[]> {
  const house = await build(files)
  const { output } = await cruise(['.'], { ...options, baseDir: house, validate: true, ruleSet: { forbidden: [...forbidden] } }, options.enhancedResolveOptions)
  if (typeof output === 'string') throw new TypeError('expected a result object')
  return output.summary.violations.map((violation) => violation.rule.name)
}

test('a breach is known for each rule', () => {
  expect(Object.keys(BREACHES).sort()).toEqual(forbidden.map((rule) => rule.name).sort())
})

test.each(Object.entries(BREACHES))('the rule %s reports its breach', async (rule, [from, to]) => {
  const back = rule === 'no-cycles' ? `import { a } from '${specifier(to, from)}'\nexport const b = a\n` : 'export const b = 1\n'
  const files = { [from]: `import { b } from '${specifier(from, to)}'\nexport const a = b\n`, ...(to.startsWith('node:') ? {} : { [to]: back }) }
  expect(await violations(files)).toContain(rule)
})

test('a clean house has no violation', async () => {
  const files = {
    'packages/authz/src/index.ts': 'export const authz = 1\n',
    'packages/p2p-core/src/access/gate.ts': "import { authz } from '../../../authz/src/index.ts'\nexport const gate = authz\n",
    'packages/p2p-core/src/index.ts': "export { gate } from './access/gate.ts'\n",
    'apps/web/src/a.ts': "import { gate } from '../../../packages/p2p-core/src/index.ts'\nexport const a = gate\n"
  }
  expect(await violations(files)).toEqual([])
})
