import type { Author } from '../src/authoring.ts'
import { createFlow } from '../src/authoring.ts'
import { sha256 } from '../src/bytes.ts'
import { type Card, createCard } from '../src/card.ts'
import type { CryptoPort, Signer } from '../src/crypto.ts'
import type { Did } from '../src/did.ts'
import { type Operation, type VerifiedOperation, verifyOperation } from '../src/operation.ts'
import { applyOperations, type FlowState } from '../src/state/state.ts'
import { createVerifier, type Verifier } from '../src/verify.ts'
import { seedOf, signerOf } from './deterministic.ts'

/** One device of a scene: its keys, and the operations that it has. */
export interface Actor {
  readonly name: string
  readonly signer: Signer
  readonly did: Did
  readonly x: Uint8Array
  readonly card: Card
  readonly known: Map<string, VerifiedOperation>
}

/** A flow with devices that hear of each other's operations only when told to. */
export interface Scene {
  readonly flow: string
  readonly crypto: CryptoPort
  readonly verifier: Verifier
  readonly root: VerifiedOperation
  actor(name: string): Promise<Actor>
  /** A card in which `name` consents to be a device of `by`'s person. */
  consent(name: string, by: string): Promise<Card>
  /** Writes as `name`, knowing what it knows, or only `knowing`. */
  write(name: string, act: (author: Author) => Promise<Operation>, knowing?: Iterable<VerifiedOperation>): Promise<VerifiedOperation>
  /** Gives `to` what `from` has. */
  tell(from: string, to: string): Promise<void>
  /** Everybody learns everything. */
  meet(): Promise<void>
  /** What `name` makes of what it knows. */
  state(name: string): Promise<FlowState>
  /** Everything written so far. */
  everything(): readonly VerifiedOperation[]
}

/** A scene whose flow belongs to `owner`. Without real signatures where `crypto` fakes them and `verifier` believes them. */
export async function createScene(crypto: CryptoPort, owner = 'owner', verifier: Verifier = createVerifier(crypto)): Promise<Scene> {
  const actors = new Map<string, Promise<Actor>>()
  const written = new Map<string, VerifiedOperation>()
  const make = async (name: string): Promise<Actor> => {
    const signer = await signerOf(crypto, name)
    const { publicKey: x } = await crypto.hpke.deriveKeyPair(seedOf(`x ${name}`))
    return { name, signer, did: signer.did, x, card: await createCard(signer, x), known: new Map() }
  }
  const actor = (name: string): Promise<Actor> => {
    const made = actors.get(name) ?? make(name)
    actors.set(name, made)
    return made
  }
  const first = await actor(owner)
  const { flow, operation } = await createFlow(crypto, first.signer, first.x)
  const keep = async (who: Actor, op: Operation): Promise<VerifiedOperation> => {
    const verified = await verifyOperation(op, flow, verifier)
    written.set(verified.id, verified)
    who.known.set(verified.id, verified)
    return verified
  }
  const root = await keep(first, operation)
  const stateOf = (operations: Iterable<VerifiedOperation>): FlowState => applyOperations({ flow, operations })
  return {
    flow,
    crypto,
    verifier,
    root,
    actor,
    async consent(name, by) {
      const { signer, x } = await actor(name)
      return createCard(signer, x, (await actor(by)).did)
    },
    async write(name, act, knowing) {
      const who = await actor(name)
      return keep(who, await act({ signer: who.signer, crypto, state: stateOf(knowing ?? who.known.values()) }))
    },
    async tell(from, to) {
      const target = await actor(to)
      for (const [id, op] of (await actor(from)).known) target.known.set(id, op)
    },
    async meet() {
      for (const who of actors.values()) for (const [id, op] of written) (await who).known.set(id, op)
    },
    async state(name) {
      return stateOf((await actor(name)).known.values())
    },
    everything: () => [...written.values()]
  }
}

/** Signatures that have the right shape and prove nothing: for histories in which signatures are not the question. */
export function createUnsignedCrypto(base: CryptoPort): CryptoPort {
  const keys = new Map<string, Promise<Uint8Array>>()
  const pairs = new Map<string, ReturnType<CryptoPort['hpke']['deriveKeyPair']>>()
  const once = <T>(cache: Map<string, T>, seed: Uint8Array, make: () => T): T => {
    const key = seed.join()
    const made = cache.get(key) ?? make()
    cache.set(key, made)
    return made
  }
  return {
    ...base,
    hpke: { ...base.hpke, deriveKeyPair: (seed) => once(pairs, seed, () => base.hpke.deriveKeyPair(seed)) },
    publicKey: (seed) => once(keys, seed, () => base.publicKey(seed)),
    sign: async (seed, message) => {
      const signature = new Uint8Array(64)
      signature.set(sha256(message))
      signature.set(sha256(seed).subarray(0, 31), 32)
      signature[31] = 0
      return signature
    },
    verify: async () => true
  }
}
