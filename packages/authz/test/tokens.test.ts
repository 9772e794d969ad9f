import { describe, expect, it } from 'vitest'
import { encodeCbor } from '../src/cbor.ts'
import {
  AuthzError,
  authorize,
  createCachingVerifier,
  createDelegation,
  createRoot,
  createVerifier,
  createVerifyBudget,
  type Delegation,
  encodeBundle,
  explain,
  isRetryable,
  parseBundle,
  parseDelegation,
  resolveBundle,
  verifyBundle
} from '../src/index.ts'
import { createDeterministicCrypto, signerOf } from '../testing/index.ts'

const crypto = createDeterministicCrypto('tokens')
const counted = { checks: 0, verify: (...args: Parameters<typeof crypto.verify>): Promise<boolean> => (counted.checks++, crypto.verify(...args)) }

async function chain(): Promise<readonly [Delegation, Delegation, Delegation]> {
  const [genesis, owner, ann, bob] = await Promise.all(['genesis', 'owner', 'ann', 'bob'].map((name) => signerOf(crypto, name)))
  if (!genesis || !owner || !ann || !bob) throw new RangeError('no people')
  const { root } = await createRoot(genesis, owner.did, crypto.random(12))
  const admin = await createDelegation(owner, { aud: ann.did, sub: root.sub, cmd: '/gf/flow', nonce: crypto.random(12), exp: 2_000_000_000 })
  const editor = await createDelegation(ann, { aud: bob.did, sub: root.sub, cmd: '/gf/flow/edit/tag/view', nonce: crypto.random(12), exp: 2_000_000_000 })
  return [root, admin, editor]
}

describe('bounds', () => {
  it('[AZ8] 10: 1001 proofs are refused in under 5 ms, with no signature checked', async () => {
    const [root] = await chain()
    const tokens = [
      encodeCbor({ 'gf/bundle@1': Array.from({ length: 1001 }, () => root.bytes) }),
      encodeCbor({ 'gf/bundle@1': Array.from({ length: 1001 }, () => new Uint8Array(8)) })
    ]
    for (const bytes of tokens) {
      counted.checks = 0
      await expect(verifyBundle(bytes, createVerifier(counted))).rejects.toBeInstanceOf(AuthzError)
      expect(counted.checks).toBe(0)
      const fastest = Math.min(...Array.from({ length: 5 }, () => timeOf(() => parseBundle(bytes))))
      expect(fastest).toBeLessThan(5)
    }
  })

  it('[AZ8] 11: a chain costs one signature a link, whatever it contains', async () => {
    counted.checks = 0
    await verifyBundle(encodeBundle(await chain()), createVerifier(counted))
    expect(counted.checks).toBe(3)
  })

  it('[AZ8] sizes: a delegation is at most 350 bytes, a bundle of three 1050', async () => {
    const links = await chain()
    expect(Math.max(...links.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(350)
    expect(encodeBundle(links).length).toBeLessThanOrEqual(1050)
  })

  it('[AZ15] good verdicts are remembered within bounds, bad ones not, another signature is checked anew', async () => {
    const links = await chain()
    const verifier = createCachingVerifier(counted, 3)
    counted.checks = 0
    for (let i = 0; i < 4; i++) await verifyBundle(encodeBundle(links), verifier)
    expect(counted.checks).toBe(3)
    const forged = parseDelegation(links[1].bytes.map((byte, i) => (i === 8 ? byte ^ 1 : byte)))
    for (let i = 0; i < 2; i++) await expect(verifier.check(forged)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' })
    expect(counted.checks).toBe(5)
    for (let i = 0; i < 4; i++) await verifier.check((await chain())[1])
    counted.checks = 0
    await verifyBundle(encodeBundle(links), verifier)
    expect(counted.checks).toBe(3)
  })

  it('[AZ8] a peer has a budget of signatures, which time refills up to its burst', async () => {
    const links = await chain()
    const budget = createVerifyBudget(0, 4, 1)
    const verifier = createVerifier(crypto)
    await verifyBundle(encodeBundle(links), verifier, budget)
    await expect(verifyBundle(encodeBundle(links), verifier, budget)).rejects.toMatchObject({ code: 'VERIFY_BUDGET', retryable: true })
    budget.refill(2)
    budget.refill(1)
    await expect(verifyBundle(encodeBundle(links), verifier, budget)).rejects.toMatchObject({ code: 'VERIFY_BUDGET' })
    budget.refill(1_000)
    await verifyBundle(encodeBundle(links), verifier, budget)
  })
})

describe('proofs by id', () => {
  it('[AZ16] 23: bytes that are not what was asked for are refused, and so is a missing proof', async () => {
    const links = await chain()
    const store = new Map(links.map((link) => [link.id, link.bytes]))
    const ids = links.map(({ id }) => id)
    expect((await resolveBundle(ids, async (id) => store.get(id))).links.map(({ id }) => id)).toEqual(ids)
    const lying = resolveBundle(ids, async (id) => store.get(id === links[2].id ? links[1].id : id))
    await expect(lying).rejects.toMatchObject({ code: 'PROOF_MISMATCH', link: 2 })
    store.delete(links[1].id)
    await expect(resolveBundle(ids, async (id) => store.get(id))).rejects.toMatchObject({ code: 'LINK_UNKNOWN', link: 1 })
    await expect(resolveBundle(Array.from({ length: 9 }, () => 'x'), async () => undefined)).rejects.toMatchObject({ code: 'CHAIN_TOO_LONG' })
  })

  it('[AZ15] an error of a chain says which link is at fault', async () => {
    const [root, admin, editor] = await chain()
    const forged = parseDelegation(admin.bytes.map((byte, i) => (i === 8 ? byte ^ 1 : byte)))
    await expect(verifyBundle(encodeBundle([root, forged, editor]), createVerifier(crypto))).rejects.toMatchObject({ code: 'SIGNATURE_INVALID', link: 1 })
  })
})

describe('denials', () => {
  it('[AZ17] say what is missing in a sentence for a person, and at which link', async () => {
    const links = await chain()
    const bundle = await verifyBundle(encodeBundle(links), createVerifier(crypto))
    const view = { kind: 'checkpoint', flow: bundle.flow, publicView: false, voidLinks: new Set([links[1].id]), keptLinks: new Set<string>() } as const
    const denied = authorize({ flows: [bundle.flow], operation: 'flow_get', remote: links[2].aud }, bundle, view, 0)
    expect(denied).toEqual({ allowed: false, code: 'LINK_VOID', reason: explain('LINK_VOID'), link: 1 })
    expect(explain('LINK_VOID')).toMatch(/^This access was taken back\. .+\.$/)
    expect(explain('CHAIN_BROKEN')).toContain('CHAIN_BROKEN')
    expect([isRetryable('LINK_UNKNOWN'), isRetryable('LINK_VOID')]).toEqual([true, false])
  })

  it('[AZ14] a clock that gives no time denies', async () => {
    const links = await chain()
    const bundle = await verifyBundle(encodeBundle(links), createVerifier(crypto))
    const view = { kind: 'checkpoint', flow: bundle.flow, publicView: false, voidLinks: new Set<string>(), keptLinks: new Set<string>() } as const
    for (const now of [Number.NaN, 1.5, Number.POSITIVE_INFINITY, -1]) {
      expect(authorize({ flows: [bundle.flow], operation: 'flow_get', remote: links[2].aud }, bundle, view, now)).toMatchObject({ allowed: false, code: 'CLOCK_INVALID' })
    }
  })
})

function timeOf(run: () => unknown): number {
  const start = performance.now()
  try {
    run()
  } catch {
    // What is measured is the refusal.
  }
  return performance.now() - start
}
