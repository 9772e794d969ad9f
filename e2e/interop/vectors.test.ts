import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { applyOperations, createVerifier, encodeOperations } from '@gloflow/authz'
import { createDeterministicCrypto, createNodeCrypto, judgeVector, parseVector, playHistory, randomNumbers, type Step, summaryOfState, type VectorCase } from '@gloflow/authz/testing'
import { describe, expect, it } from 'vitest'
import { buildGoJudge, judgeInGo } from './go-judge.ts'
import { createRandom, mutate } from './mutants.ts'

const VECTORS = join(import.meta.dirname, '../../vectors')
/** Mutated cases for each run of the tests; more by GF_DIFFERENTIAL_CASES. */
const MUTANTS = Number(process.env['GF_DIFFERENTIAL_CASES'] ?? 10_000)
/** Random histories for each run of the tests; more by GF_DIFFERENTIAL_HISTORIES. */
const HISTORIES = Number(process.env['GF_DIFFERENTIAL_HISTORIES'] ?? 100)
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

  it(`[GO19] gives ${HISTORIES} random histories, whole and in part, the same state (seed ${SEED})`, { timeout: 600_000 }, async () => {
    const crypto = createDeterministicCrypto('histories')
    const sets: { readonly case: VectorCase; readonly state: unknown }[] = []
    for (let seed = SEED; seed < SEED + HISTORIES; seed++) {
      const next = randomNumbers(seed)
      const steps: Step[] = Array.from({ length: 4 + (next() % 24) }, () => ({ actor: next(), act: next(), target: next(), knowledge: next() }))
      const { scene, operations } = await playHistory(steps, crypto)
      const { flow } = scene
      const part = operations.filter(() => next() % 8 > 0).toReversed()
      for (const set of [operations, part]) {
        const input = Buffer.from(encodeOperations(set)).toString('base64')
        sets.push({
          case: { id: `history-${seed}`, kind: 'operation-set', now: 0, input, context: { flow }, expect: { ok: {} } },
          state: plain({ ok: summaryOfState(applyOperations({ flow, operations: set })) })
        })
      }
    }
    const inGo = await judgeInGo(path, sets.map((set) => set.case))
    const different = sets.flatMap((set, i) => (JSON.stringify(sortKeys(inGo[i])) === JSON.stringify(sortKeys(set.state)) ? [] : [`${set.case.id}: Go ${JSON.stringify(inGo[i])}, TypeScript ${JSON.stringify(set.state)}`]))
    const cut = sets.filter((set) => JSON.stringify(set.state).includes('AUTHOR_REVOKED')).length
    console.log(`${sets.length} sets of operations, ${cut} with operations cut by a revocation`)
    expect(different.slice(0, 3)).toEqual([])
    expect(cut).toBeGreaterThan(0)
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
