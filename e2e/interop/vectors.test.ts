import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createVerifier } from '@gloflow/authz'
import { createNodeCrypto, judgeVector, parseVector, type VectorCase } from '@gloflow/authz/testing'
import { describe, expect, it } from 'vitest'
import { buildGoJudge, judgeInGo } from './go-judge.ts'
import { createRandom, mutate } from './mutants.ts'

const VECTORS = join(import.meta.dirname, '../../vectors')
/** Mutated cases for each run of the tests; more by GF_DIFFERENTIAL_CASES. */
const MUTANTS = Number(process.env['GF_DIFFERENTIAL_CASES'] ?? 20_000)
const SEED = Number(process.env['GF_DIFFERENTIAL_SEED'] ?? 20_260_601)

const judge = buildGoJudge()
const title = judge.state === 'built' ? '' : ` (unsupported: ${judge.why})`
const path = judge.state === 'built' ? judge.path : ''

const cases: VectorCase[] = readdirSync(VECTORS)
  .filter((name) => name.endsWith('.json') && name !== 'schema.json')
  .flatMap((name) => {
    const list: unknown = JSON.parse(readFileSync(join(VECTORS, name), 'utf8'))
    if (!Array.isArray(list)) throw new TypeError(`${name} is no list`)
    return list.map((each) => parseVector(JSON.stringify(each)))
  })
const verifier = createVerifier(createNodeCrypto())
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe.skipIf(judge.state !== 'built')(`the Go verifier and vectors/${title}`, () => {
  it('[GO18] judges every case as it expects, and as TypeScript does', async () => {
    expect(cases.length).toBeGreaterThanOrEqual(150)
    const inGo = await judgeInGo(path, cases)
    const different: string[] = []
    for (const [i, each] of cases.entries()) {
      const inTypeScript = plain(await judgeVector(each, verifier))
      try {
        expect(inGo[i]).toEqual(plain(each.expect))
        expect(inTypeScript).toEqual(plain(each.expect))
      } catch {
        different.push(`${each.kind}/${each.id}: Go ${JSON.stringify(inGo[i])}, TypeScript ${JSON.stringify(inTypeScript)}, expected ${JSON.stringify(each.expect)}`)
      }
    }
    expect(different).toEqual([])
  })

  it(`[GO19] judges ${MUTANTS} mutants of them as TypeScript does (seed ${SEED})`, { timeout: 600_000 }, async () => {
    const random = createRandom(SEED)
    const mutants = Array.from({ length: MUTANTS }, (_, i) => mutate(cases[i % cases.length] ?? fail(), random))
    const inGo = await judgeInGo(path, mutants)
    const codes = new Map<string, number>()
    const different: string[] = []
    for (const [i, mutant] of mutants.entries()) {
      const inTypeScript = plain(await judgeVector(mutant, verifier))
      const code = JSON.stringify(inTypeScript).slice(0, 40)
      codes.set(code, (codes.get(code) ?? 0) + 1)
      if (JSON.stringify(sortKeys(inGo[i])) !== JSON.stringify(sortKeys(inTypeScript))) {
        different.push(`${mutant.kind}/${mutant.id} input ${mutant.input}: Go ${JSON.stringify(inGo[i])}, TypeScript ${JSON.stringify(inTypeScript)}`)
      }
    }
    const spread = [...codes].sort(([, a], [, b]) => b - a).slice(0, 12).map(([code, count]) => `${code} ${count}`)
    console.log(`${MUTANTS} mutants, ${codes.size} different verdicts, the most common: ${spread.join(', ')}`)
    expect(different.slice(0, 5)).toEqual([])
  })
})

function fail(): never {
  throw new Error('no vectors')
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, sortKeys(each)]))
}
