import { decodeCbor, encodeCbor } from '../src/cbor.ts'
import { AuthzError, createCard, parseBundle, parseCard, parseCheckpoint, parseDelegation, parseOperation, parsePossession, splitOperations, verifyBundle, type Verifier, verifyOperation } from '../src/index.ts'
import { createDeterministicCrypto, signerOf } from './deterministic.ts'
import type { VectorCase } from './vector.ts'

/** What a run of the fuzzer found. */
export interface FuzzReport {
  readonly inputs: number
  /** Inputs that some parser took. */
  readonly parsed: number
  /** Most signatures that one input made a verifier check. */
  readonly mostChecks: number
  /** Refusals by code. */
  readonly codes: ReadonlyMap<string, number>
  /** Inputs, in base64, at which something other than a typed refusal happened. */
  readonly crashes: readonly string[]
}

type Random = () => number

/** Feeds the parsers with mutated and invented bytes. A crash is anything but an AuthzError; verifications are counted, all of them believed. */
export async function fuzzParsers(vectors: readonly Pick<VectorCase, 'input'>[], inputs: number, random: Random): Promise<FuzzReport> {
  const corpus = await corpusOf(vectors)
  const codes = new Map<string, number>()
  const crashes: string[] = []
  let parsed = 0
  let mostChecks = 0
  let checks = 0
  const believing: Verifier = { check: async () => void checks++ }
  for (let i = 0; i < inputs; i++) {
    const bytes = mutate(corpus, random)
    checks = 0
    for (const parse of PARSERS) {
      try {
        parse(bytes)
        parsed++
      } catch (error) {
        if (error instanceof AuthzError) codes.set(error.code, (codes.get(error.code) ?? 0) + 1)
        else crashes.push(Buffer.from(bytes).toString('base64'))
      }
    }
    for (const verify of [() => verifyBundle(bytes, believing), () => verifyOperation(bytes, 'ab'.repeat(32), believing)]) {
      await verify().catch((error: unknown) => {
        if (!(error instanceof AuthzError)) crashes.push(Buffer.from(bytes).toString('base64'))
      })
    }
    mostChecks = Math.max(mostChecks, checks)
  }
  return { inputs, parsed, mostChecks, codes, crashes }
}

const PARSERS: readonly ((bytes: Uint8Array) => unknown)[] = [parseDelegation, parseBundle, parseOperation, parseCheckpoint, parsePossession, parseCard, splitOperations]

/** Inputs of the vectors, and the operations inside their sets one by one. */
async function corpusOf(vectors: readonly Pick<VectorCase, 'input'>[]): Promise<readonly Uint8Array[]> {
  const crypto = createDeterministicCrypto('fuzz')
  const card = await createCard(await signerOf(crypto, 'fuzz'), crypto.random(32))
  const seeds = vectors.map(({ input }) => Uint8Array.from(Buffer.from(input, 'base64'))).filter((bytes) => bytes.length > 0 && bytes.length < 20_000)
  const operations = seeds.flatMap((bytes) => {
    try {
      return splitOperations(bytes)
    } catch {
      return []
    }
  })
  return [card.bytes, ...seeds.filter((bytes) => bytes.length < 2_000), ...operations.filter((bytes, i) => i % 7 === 0 && bytes.length < 3_000)]
}

function mutate(corpus: readonly Uint8Array[], random: Random): Uint8Array {
  const seed = corpus[random() % corpus.length] ?? new Uint8Array()
  switch (random() % 8) {
    case 0:
      return Uint8Array.from({ length: random() % 200 }, () => random() & 255)
    case 1:
    case 2:
      return edited(seed, random)
    case 3:
      return spliced(seed, corpus[random() % corpus.length] ?? seed, random)
    default:
      return reshaped(seed, random)
  }
}

/** Some bytes changed, left out or put in. */
function edited(seed: Uint8Array, random: Random): Uint8Array {
  const bytes = [...seed]
  for (let n = 1 + (random() % 4); n > 0; n--) {
    const at = random() % Math.max(1, bytes.length)
    const kind = random() % 4
    if (kind === 0) bytes.splice(at, 1 + (random() % 4))
    else if (kind === 1) bytes.splice(at, 0, random() & 255)
    else if (kind === 2) bytes[at] = (bytes[at] ?? 0) ^ (1 << (random() % 8))
    else bytes[at] = random() & 255
  }
  return Uint8Array.from(bytes)
}

function spliced(a: Uint8Array, b: Uint8Array, random: Random): Uint8Array {
  const [cutA, cutB] = [random() % (a.length + 1), random() % (b.length + 1)]
  return Uint8Array.from([...a.subarray(0, cutA), ...b.subarray(cutB)])
}

/** Decoded, changed as a value, encoded again: past the encoding, into the fields. */
function reshaped(seed: Uint8Array, random: Random): Uint8Array {
  try {
    const value = changed(decodeCbor(seed), random, 0)
    return encodeCbor(value)
  } catch {
    return edited(seed, random)
  }
}

type Value = null | boolean | number | string | Uint8Array | Value[] | { [key: string]: Value }

function changed(value: unknown, random: Random, depth: number): Value {
  if (depth > 0 && random() % 12 === 0) return invented(random)
  if (Array.isArray(value)) {
    const items = value.map((item) => changed(item, random, depth + 1))
    if (random() % 12 === 0) items.push(invented(random))
    if (random() % 12 === 0) items.shift()
    return items
  }
  if (value instanceof Uint8Array) {
    // Tokens and cards travel as bytes inside other things.
    if (value.length > 100 && random() % 2 === 0) return reshaped(value, random)
    return random() % 10 === 0 ? edited(value, random) : value
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => [random() % 40 === 0 ? `${key}x` : key, changed(item, random, depth + 1)] as const)
    if (random() % 20 === 0) entries.push(['__proto__', invented(random)])
    if (random() % 20 === 0) entries.shift()
    return Object.fromEntries(entries)
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
}

const INVENTED: readonly Value[] = [null, true, 0, -1, Number.MAX_SAFE_INTEGER, '', 'person', 'grant', '/gf/flow', '/gf/flow/edit/tag/view', new Uint8Array(), new Uint8Array(32), new Uint8Array(64), [], {}, { gf: 'device' }, { gf: 'guest' }]

function invented(random: Random): Value {
  return INVENTED[random() % INVENTED.length] ?? null
}

/** Mulberry32: small, seeded, good enough to draw mutations and steps. */
export function randomNumbers(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}
