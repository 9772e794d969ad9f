import { readFile } from 'node:fs/promises'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createVerifier } from '../src/index.ts'
import { createNodeCrypto, judgeVector, parseVector, type VectorCase } from '../testing/index.ts'
import { makeVectors } from '../scripts/vectors/make.ts'

const DIR = new URL('../../../vectors/', import.meta.url)
const KINDS = ['delegation', 'bundle', 'operation-set', 'checkpoint', 'pop', 'peer-id'] as const
const TOKENS = ['AZ1', 'AZ2', 'AZ3', 'AZ4', 'AZ5', 'AZ6', 'AZ7', 'AZ9', 'AZ10']

async function load(kind: string): Promise<readonly VectorCase[]> {
  const cases: unknown = JSON.parse(await readFile(new URL(`${kind}.json`, DIR), 'utf8'))
  if (!Array.isArray(cases)) throw new TypeError(`${kind}.json is no list`)
  return cases.map((value) => parseVector(JSON.stringify(value)))
}

const all = (await Promise.all(KINDS.map(load))).flat()
const verifier = createVerifier(createNodeCrypto())

/** Every case whose id begins with the rule, each as a test of its own. */
function holds(title: string, ...rules: readonly string[]): void {
  describe(title, () => {
    const cases = all.filter(({ id }) => rules.some((rule) => id.startsWith(`${rule}-`)))
    it('has cases', () => expect(cases.length).toBeGreaterThan(0))
    for (const vector of cases) {
      it(`${vector.kind} ${vector.id}`, async () => expect(await judgeVector(vector, verifier)).toEqual(vector.expect))
    }
  })
}

holds('[AZ1] 15 16: strict CBOR, bounded before anything is built', 'AZ1')
holds('[AZ2] 15: one encoding', 'AZ2')
holds('[AZ3] 12 14 19: envelope, tag, header', 'AZ3')
holds('[AZ4] 12 22: exactly the fields', 'AZ4')
holds('[AZ5] 20: Ed25519 keys only', 'AZ5')
holds('[AZ6] 17: no weak key', 'AZ6')
holds('[AZ7] 18: one equation, torsion in A and in R', 'AZ7')
holds('[AZ8] 10 11: bounds before signatures', 'AZ8')
holds('[AZ9] 6 8 9 13: the profile’s values', 'AZ9')
holds('[AZ10] 21: role paths, letter by letter', 'AZ10')
holds('[AZ11] one root; a second root is void', 'AZ11')
holds('[AZ12] 2 3 4 9 10: every link follows from the one before', 'AZ12')
holds('[AZ13] who may delegate', 'AZ13')
holds('[AZ14] 7: times, with 60 s of skew', 'AZ14')
holds('[AZ15] every signature of a chain', 'AZ15')
holds('[AZ17] 1 5: the decision, each operation by each role', 'AZ17')
holds('[AZ18] the links in a member’s view', 'AZ18')
holds('[AZ19] 19: the links in an outside verifier’s view', 'AZ19')
holds('[AZ20] 25: unknown operations and empty lists deny', 'AZ20')
holds('[AZ21] checkpoints', 'AZ21')
holds('[AZ22] proofs of possession', 'AZ22')
holds('[AZ23] [AZ24] 26 37 38: states of sets', 'AZ23', 'AZ24')
holds('[AZ25] [AZ26] [AZ27] 27 31 32 35: removal and ranks', 'AZ25', 'AZ26', 'AZ27')
holds('[AZ28] [AZ29] [AZ30] 30 34: coming back, demotion, cascade', 'AZ28', 'AZ29', 'AZ30')
holds('[AZ31] [AZ32] [AZ33] [AZ34] 29 36: adoption, equivocation, devices, recovery', 'AZ31', 'AZ32', 'AZ33', 'AZ34')
holds('[AZ36] [AZ37] [AZ38] [AZ39] [AZ40] 42: epochs, public flows, links', 'AZ36', 'AZ37', 'AZ38', 'AZ39', 'AZ40')
holds('[AZ41] 24 39: another flow’s, another kind’s', 'AZ41')

describe('[AZ43] the vectors', () => {
  it('number at least 150, each with an id of its own, hostile ones the most', () => {
    expect(all.length).toBeGreaterThanOrEqual(150)
    expect(new Set(all.map(({ kind, id }) => `${kind} ${id}`)).size).toBe(all.length)
    expect(all.filter(({ expect }) => 'code' in expect).length).toBeGreaterThan(all.length / 2)
  })

  it('have the shape of the schema', async () => {
    const schema: unknown = JSON.parse(await readFile(new URL('schema.json', DIR), 'utf8'))
    expect(schema).toMatchObject({ items: { required: ['id', 'kind', 'now', 'input', 'context', 'expect'] } })
    for (const kind of KINDS) {
      const cases: unknown = JSON.parse(await readFile(new URL(`${kind}.json`, DIR), 'utf8'))
      if (!Array.isArray(cases)) throw new TypeError('no list')
      for (const vector of cases) {
        expect(Object.keys(vector)).toEqual(['id', 'kind', 'now', 'input', 'context', 'expect'])
        expect(vector.id).toMatch(/^AZ\d+-[A-Za-z0-9_:+ -]+$/)
        expect(vector.kind).toBe(kind)
        expect(vector.input).toMatch(/^[A-Za-z0-9+/]*={0,2}$/)
      }
    }
  })

  it('are what the generator makes', async () => {
    const made = await makeVectors()
    for (const [kind, cases] of made) expect(JSON.stringify(await load(kind)), kind).toBe(JSON.stringify(cases))
    expect([...made.keys()].sort()).toEqual([...KINDS].sort())
  })

  it('are judged by the program on its standard input', () => {
    const program = fileURLToPath(new URL('../bin/verify-vector', import.meta.url))
    for (const id of ['AZ3-plain', 'AZ9-t06-null-sub']) {
      const vector = all.find((candidate) => candidate.kind === 'delegation' && candidate.id === id)
      const run = spawnSync(process.execPath, [program], { input: JSON.stringify(vector), encoding: 'utf8' })
      expect(JSON.parse(run.stdout)).toEqual(vector?.expect)
    }
  })

  it('cost no signature where only the structure of a token is wrong', async () => {
    let checks = 0
    const counting = { check: async (): Promise<void> => void checks++ }
    const structural = all.filter(({ kind, id, expect }) => kind === 'delegation' && TOKENS.some((rule) => id.startsWith(`${rule}-`)) && 'code' in expect && expect.code !== 'SIGNATURE_INVALID')
    for (const vector of structural) expect('code' in (await judgeVector(vector, counting)), vector.id).toBe(true)
    expect(structural.length).toBeGreaterThan(80)
    expect(checks).toBe(0)
  })
})
