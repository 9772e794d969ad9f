import { readFile } from 'node:fs/promises'
import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bundleOf } from '../src/bundle.ts'
import { type Cbor, decodeCbor, encodeCbor } from '../src/cbor.ts'
import { AuthzError, COMMANDS, covers, createDelegation, createRoot, type Delegation, type DelegationKind, encodeBundle, parseBundle, parseDelegation, type Signer } from '../src/index.ts'
import { createDeterministicCrypto, createUnsignedCrypto, fuzzParsers, parseVector, randomNumbers, signerOf } from '../testing/index.ts'

const crypto = createUnsignedCrypto(createDeterministicCrypto('properties'))
const people = await Promise.all(['genesis', 'a', 'b', 'c', 'd', 'e', 'f'].map((name) => signerOf(crypto, name)))
const person = fc.constantFrom(...people)
const kind = fc.constantFrom<DelegationKind>('grant', 'grant', 'device', 'owner', 'invite', 'guest')
const command = fc.constantFrom(...Object.values(COMMANDS))

const value: fc.Arbitrary<Cbor> = fc.letrec<{ value: Cbor }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.string(),
    fc.uint8Array(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 })
  )
})).value

describe('encodings', () => {
  it('[AZ1] [AZ2] what is encoded decodes to the same', () => {
    fc.assert(fc.property(value, (original) => void expect(encodeCbor(asCbor(decodeCbor(encodeCbor(original))))).toEqual(encodeCbor(original))), { numRuns: 500 })
  })

  it('[AZ1] [AZ2] bytes are taken only if DAG-CBOR takes them, and then have one encoding', () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 12 }), fc.tuple(value, fc.nat(), fc.nat(255)).map(([original, at, byte]) => encodeCbor(original).map((old, i) => (i === at % 20 ? byte : old))))
    fc.assert(
      fc.property(bytes, (input) => {
        let decoded: unknown
        try {
          decoded = decodeCbor(input)
        } catch (error) {
          expect(error).toBeInstanceOf(AuthzError)
          return
        }
        expect(dagCbor.decode(input)).toEqual(decoded)
        expect(dagCbor.encode(decoded)).toEqual(input)
      }),
      { numRuns: 3_000 }
    )
  })

  it('[AZ3] a delegation parses to what it was made of, and so does a bundle', async () => {
    const time = fc.option(fc.nat(4_000_000_000), { nil: undefined })
    await fc.assert(
      fc.asyncProperty(person, person, person, command, kind, fc.uint8Array({ minLength: 12, maxLength: 32 }), time, time, async (iss, aud, sub, cmd, kind, nonce, exp, nbf) => {
        const made = await createDelegation(iss, { aud: aud.did, sub: sub.did, cmd, kind, nonce, exp, nbf }).catch((error: unknown) => error)
        if (made instanceof AuthzError) return void expect(['SELF_DELEGATION', 'META_INVALID']).toContain(made.code)
        const parsed = parseDelegation(asDelegation(made).bytes)
        expect(parsed).toMatchObject({ iss: iss.did, aud: aud.did, sub: sub.did, cmd, kind, nonce, exp, nbf })
      }),
      { numRuns: 300 }
    )
  })
})

describe('attenuation', () => {
  it('[AZ12] [AZ13] no chain that is taken gives more than its beginning does', async () => {
    const step = fc.record({ aud: person, cmd: command, kind, exp: fc.constant(9) })
    let taken = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const chain = await chainOf(steps)
        if (chain === undefined) return
        let level = 4
        let command = '/gf/flow'
        for (let length = 1; length <= chain.length; length++) {
          const bundle = attempt(() => bundleOf(chain.slice(0, length)))
          if (bundle === undefined) return
          expect(bundle.level).toBeLessThanOrEqual(level)
          expect(covers(command, bundle.last.cmd)).toBe(true)
          ;({ level } = bundle)
          command = bundle.last.cmd
          expect(parseBundle(encodeBundle(bundle.links)).level).toBe(level)
          if (length > 1) taken++
        }
      }),
      { numRuns: 3_000, seed: 11 }
    )
    expect(taken).toBeGreaterThan(500)
  })

  it('[AZ10] a command covers what begins with its segments, and nothing else', () => {
    const path = fc.array(fc.constantFrom('gf', 'flow', 'flo', 'edit', 'tag', '', 'view'), { maxLength: 5 }).map((segments) => `/${segments.join('/')}`)
    fc.assert(
      fc.property(path, path, path, (a, b, c) => {
        expect(covers(a, b)).toBe(b === a || b.startsWith(`${a}/`))
        if (covers(a, b) && covers(b, c)) expect(covers(a, c)).toBe(true)
      }),
      { numRuns: 2_000 }
    )
    expect(covers('/gf/images/flow_add_img', '/gf/images/flow_add_img_note')).toBe(false)
  })
})

it('[AZ8] fuzzed parsers refuse with a code, never crash, and check at most 8 signatures an input', async () => {
  const files = await Promise.all(['delegation', 'bundle', 'operation-set', 'checkpoint', 'pop'].map((name) => readFile(new URL(`../../../vectors/${name}.json`, import.meta.url), 'utf8')))
  const vectors = files.flatMap((text) => {
    const cases: unknown = JSON.parse(text)
    return Array.isArray(cases) ? cases.map((vector) => parseVector(JSON.stringify(vector))) : []
  })
  const report = await fuzzParsers(vectors, 10_000, randomNumbers(1))
  expect(report.crashes).toEqual([])
  expect(report.mostChecks).toBeLessThanOrEqual(8)
  expect(report.parsed).toBeGreaterThan(250)
  expect(report.codes.size).toBeGreaterThan(20)
}, 120_000)

interface ChainStep {
  readonly aud: Signer
  readonly cmd: string
  readonly kind: DelegationKind
  readonly exp: number
}

/** A chain from the genesis through the steps, each signed by the audience before; undefined where a link cannot even be made. */
async function chainOf(steps: readonly ChainStep[]): Promise<readonly Delegation[] | undefined> {
  const [genesis, owner] = people
  if (genesis === undefined || owner === undefined) return undefined
  const { root } = await createRoot(genesis, owner.did, new Uint8Array(12))
  const chain = [root]
  let signer = owner
  for (const [i, { aud, cmd, kind, exp }] of steps.entries()) {
    const made = await createDelegation(signer, { aud: aud.did, sub: genesis.did, cmd, kind, exp, nonce: new Uint8Array(12).fill(i) }).catch(() => undefined)
    if (made === undefined) return chain
    chain.push(made)
    signer = aud
  }
  return chain
}

function attempt<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    expect(error).toBeInstanceOf(AuthzError)
    return undefined
  }
}

function asDelegation(made: unknown): Delegation {
  if (typeof made === 'object' && made !== null && 'bytes' in made && made.bytes instanceof Uint8Array) return parseDelegation(made.bytes)
  throw new TypeError('not a delegation')
}

function asCbor(decoded: unknown): Cbor {
  if (decoded === null || typeof decoded === 'boolean' || typeof decoded === 'number' || typeof decoded === 'string' || decoded instanceof Uint8Array) return decoded
  if (Array.isArray(decoded)) return decoded.map(asCbor)
  if (typeof decoded === 'object') return Object.fromEntries(Object.entries(decoded).map(([key, item]) => [key, asCbor(item)]))
  throw new TypeError('not a value of the subset')
}
