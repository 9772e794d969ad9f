import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Check, root } from './check.ts'

/** The files whose code unions a person may meet. */
const SOURCES = ['packages/authz/src/errors.ts', 'packages/p2p-core/src/errors.ts', 'packages/flows/src/errors.ts', 'apps/relay-server/src/errors.ts']

const CODE = /^\s*(?:export type \w+ =\s*)?\|?\s*'([A-Z][A-Z0-9_]+)'/gm

/** Every error code has its cause and its fix in docs/errors.md, and no other is described there. */
export const errorCodesCheck: Check = {
  name: 'error codes: each is explained in docs/errors.md',
  async run() {
    const texts = await Promise.all(SOURCES.map((path) => readFile(join(root, path), 'utf8').catch(() => '')))
    const codes = new Set(texts.flatMap((text) => [...text.matchAll(CODE)].flatMap((match) => match[1] ?? [])))
    const doc = await readFile(join(root, 'docs/errors.md'), 'utf8').catch(() => '')
    const described = new Set([...doc.matchAll(/^\| `([A-Z][A-Z0-9_]+)`/gm)].flatMap((match) => match[1] ?? []))
    const problems = [
      ...[...codes].filter((code) => !described.has(code)).map((code) => `docs/errors.md does not explain ${code}`),
      ...[...described].filter((code) => !codes.has(code)).map((code) => `docs/errors.md explains ${code}, which no package has`)
    ]
    return problems.length === 0 ? { state: 'passed' } : { state: 'failed', output: problems.join('\n') }
  }
}
