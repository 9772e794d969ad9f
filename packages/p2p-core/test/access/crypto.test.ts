import { readFile } from 'node:fs/promises'
import { createVerifier, isSignatureBy } from '@gloflow/authz'
import type { CryptoPort } from '@gloflow/authz'
import { cryptoContract, judgeVector, parseVector } from '@gloflow/authz/testing'
import { describe, expect, it } from 'vitest'
import { nobleEd25519 } from '../../src/access/crypto-noble.ts'
import { createWebCrypto } from '../../src/access/crypto-web.ts'
import { createPlatformCrypto } from '../../src/index.ts'

const web = await createWebCrypto()
const backends: Readonly<Record<string, CryptoPort>> = {
  'node:crypto': await createPlatformCrypto(),
  WebCrypto: web,
  'WebCrypto without Ed25519': { ...web, ...nobleEd25519 }
}

async function loadList(path: string): Promise<readonly unknown[]> {
  const value: unknown = JSON.parse(await readFile(new URL(`../../../../vectors/${path}`, import.meta.url), 'utf8'))
  if (!Array.isArray(value)) throw new TypeError(`${path} is no list`)
  return value
}

interface SignatureCase {
  readonly key: string
  readonly msg: string
  readonly sig: string
  readonly result: string
  readonly comment: string
}

function isSignatureCase(value: unknown): value is SignatureCase {
  return typeof value === 'object' && value !== null && ['key', 'msg', 'sig', 'result', 'comment'].every((field) => typeof Reflect.get(value, field) === 'string')
}

const tokens = (await loadList('delegation.json')).map((value) => parseVector(JSON.stringify(value)))
const signatures = (await loadList('wycheproof/ed25519.json')).filter(isSignatureCase)
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))

describe.each(Object.entries(backends))('[AC10] %s', (_, backend) => {
  it.each(cryptoContract.map((contract) => [contract.name, contract] as const))('%s', async (_name, contract) => {
    expect(await contract.holds(backend)).toBe(true)
  })

  it('gives the verdict of every token vector, torsion among them', async () => {
    expect(tokens.filter(({ id }) => id.includes('torsion')).length).toBeGreaterThanOrEqual(21)
    for (const vector of tokens) expect(await judgeVector(vector, createVerifier(backend)), vector.id).toEqual(vector.expect)
  })

  it('gives Wycheproof’s verdict on all of its cases', async () => {
    expect(signatures.length).toBe(151)
    for (const { key, msg, sig, result, comment } of signatures) {
      expect(await isSignatureBy(backend, bytes(key), bytes(msg), bytes(sig)), comment).toBe(result === 'valid')
    }
  })
})

it('[AC10] what one backend wraps, another opens', async () => {
  const [one, other] = [await createPlatformCrypto(), web]
  const seed = one.random(32)
  const [info, aad, secret] = [one.random(5), one.random(6), one.random(32)]
  const { enc, ciphertext } = await one.hpke.seal((await one.hpke.deriveKeyPair(seed)).publicKey, info, aad, secret)
  expect(await other.hpke.open(await other.hpke.deriveKeyPair(seed), enc, info, aad, ciphertext)).toEqual(secret)
  const [key, nonce] = [one.random(32), one.random(12)]
  expect(await other.aead.open(key, nonce, aad, await one.aead.seal(key, nonce, aad, secret))).toEqual(secret)
})
