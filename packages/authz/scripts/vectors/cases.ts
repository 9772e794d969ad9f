import type { CryptoPort, Signer } from '../../src/crypto.ts'
import { createDeterministicCrypto, signerOf, type VectorCase, type Verdict } from '../../testing/index.ts'

/** Collects cases; an id is used once. Everything in them comes from seeds, so that a second run gives the same bytes. */
export interface Cases {
  readonly crypto: CryptoPort
  people(name: string): Promise<Signer>
  add(kind: VectorCase['kind'], id: string, now: number, input: Uint8Array, context: VectorCase['context'], expect: Verdict): void
  all(): readonly VectorCase[]
}

export function createCases(seed: string): Cases {
  const crypto = createDeterministicCrypto(seed)
  const cases = new Map<string, VectorCase>()
  return {
    crypto,
    people: (name) => signerOf(crypto, name),
    add(kind, id, now, input, context, expect) {
      if (cases.has(`${kind} ${id}`)) throw new RangeError(`two cases are called ${id}`)
      cases.set(`${kind} ${id}`, { id, kind, now, input: Buffer.from(input).toString('base64'), context, expect })
    },
    all: () => [...cases.values()]
  }
}
