import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { makeVectors } from './vectors/make.ts'

/** Writes the vectors anew: `node scripts/make-vectors.ts [--out DIR]`. The same seed gives the same bytes. */
const { values } = parseArgs({ options: { out: { type: 'string', default: fileURLToPath(new URL('../../../vectors/', import.meta.url)) } } })
const files = await makeVectors()
await mkdir(values.out, { recursive: true })
let total = 0
for (const [kind, cases] of files) {
  await writeFile(`${values.out}/${kind}.json`, `[\n${cases.map((vector) => JSON.stringify(vector)).join(',\n')}\n]\n`)
  console.log(`${kind}: ${cases.length}`)
  total += cases.length
}
console.log(`${total} cases`)
