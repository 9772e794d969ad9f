import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { createVerifier, isSignatureBy } from '../src/index.ts'
import { cryptoContract, judgeVector, parseVector, type VectorCase } from '../testing/index.ts'
import { BACKENDS, nobleOwn } from './backends.ts'

interface WycheproofCase {
  readonly id: number
  readonly comment: string
  readonly key: string
  readonly msg: string
  readonly sig: string
  readonly result: string
}

async function loadJson(path: string): Promise<readonly unknown[]> {
  const value: unknown = JSON.parse(await readFile(new URL(`../../../vectors/${path}`, import.meta.url), 'utf8'))
  if (!Array.isArray(value)) throw new TypeError(`${path} is no list`)
  return value
}

function isWycheproof(value: unknown): value is WycheproofCase {
  return typeof value === 'object' && value !== null && ['key', 'msg', 'sig', 'result', 'comment'].every((field) => field in value && typeof Reflect.get(value, field) === 'string')
}

const wycheproof = (await loadJson('wycheproof/ed25519.json')).filter(isWycheproof)
const tokens: readonly VectorCase[] = (await loadJson('delegation.json')).map((value) => parseVector(JSON.stringify(value)))
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

for (const [name, crypto] of Object.entries(BACKENDS)) {
  describe(`[AZ44] ${name}`, () => {
    for (const contract of cryptoContract) it(contract.name, async () => expect(await contract.holds(crypto)).toBe(true))

    it('gives the verdict of every token vector, torsion in A and in R among them', async () => {
      for (const vector of tokens) expect(await judgeVector(vector, createVerifier(crypto)), vector.id).toEqual(vector.expect)
      expect(tokens.filter(({ id }) => id.includes('torsion')).length).toBe(21)
    })

    it('gives Wycheproof’s verdict on all of its cases, by the path that tokens take', async () => {
      expect(wycheproof.length).toBe(151)
      for (const { comment, key, msg, sig, result } of wycheproof) {
        expect(await isSignatureBy(crypto, bytes(key), bytes(msg), bytes(sig)), comment).toBe(result === 'valid')
      }
    })
  })
}

it('[AZ44] the suite tells a backend that multiplies by the cofactor', async () => {
  const crypto = { ...BACKENDS['node:crypto'], verify: nobleOwn }
  const torsion = tokens.filter(({ id }) => id.includes('torsion-in-R'))
  const verdicts = await Promise.all(torsion.map((vector) => judgeVector(vector, createVerifier(crypto))))
  expect(verdicts.filter((verdict) => 'ok' in verdict)).toHaveLength(7)
})
