import {
  type Arrival, applyOperations, type Author, AuthzError, chainOf, createOperationLog, type CryptoPort, type Did, encodeBundle, type EpochKeys, explain, type FlowState,
  type HpkeKeyPair, isRotationDue, missingRecipients, openEpochs, type Operation, parseBundle, recipientsOf, rotateEpoch, shareEpoch, type Signer,
  type VerifiedOperation, type Verifier, verifyOperation
} from '@gloflow/authz'
import { FlowsError } from './errors.ts'
import type { FlowStore } from './flow-store.ts'
import { createTextReader } from './flow-text.ts'
import { type FlowView, viewOf } from './flow-view.ts'
import { MAX_OPERATIONS_PER_FLOW } from './limits.ts'

/** This device, as flows know it. */
export interface Device {
  readonly signer: Signer
  readonly hpke: HpkeKeyPair
  readonly crypto: CryptoPort
  readonly verifier: Verifier
  readonly nowS: () => number
}

/** What writing works with, one writer at a time. */
export interface Desk {
  readonly author: Author
  /** Signs, judges, keeps and only then shows an operation. Throws AuthzError where it would be void: then nothing happened. */
  commit(make: (author: Author) => Promise<Operation>): Promise<void>
  /** Makes a new epoch for everybody who may read now. */
  rotate(): Promise<void>
  /** The epoch to write under; rotates where no epoch is fit, and gives the key to those who lack it. */
  epoch(): Promise<{ readonly id: string; readonly key: Uint8Array }>
}

/** One flow on this device. */
export interface Replica {
  readonly flow: string
  readonly state: FlowState
  /** What is kept, parents first. */
  readonly operations: readonly VerifiedOperation[]
  readonly view: FlowView
  /** True for operations that are kept or wait for others, and need not come again. */
  has(id: string): boolean
  missing(): readonly string[]
  /** Takes verified operations that came from outside. Throws FlowsError STORE_FAILED, FLOW_FULL. */
  take(operations: readonly VerifiedOperation[]): Promise<Arrival>
  /** Runs a task that writes, alone. Throws FlowsError FLOW_DAMAGED, FLOW_FULL, STORE_FAILED, AuthzError. */
  write<T>(task: (desk: Desk) => Promise<T>): Promise<T>
  /** The bundle that proves what this device may do. */
  proof(): Uint8Array | undefined
  /** The bundle that proves what another device may do, as far as this one knows. */
  proofFor(did: Did): Uint8Array | undefined
  /** Takes a newer bundle. Throws FlowsError STORE_FAILED. */
  setProof(proof: Uint8Array): Promise<void>
  /** True for a device that may have the flow's operations: a reader, or, while this device has not come in, those who let it in. */
  mayHave(did: Did): boolean
  /** Resolves when what was begun is written. */
  idle(): Promise<void>
}

export interface ReplicaInit {
  readonly flow: string
  readonly device: Device
  readonly store: FlowStore
  /** Told once operations are kept and the state is that with them. */
  readonly onChange: (replica: Replica, added: readonly VerifiedOperation[]) => void
}

/** Opens what is kept of a flow; with nothing kept, an empty one. */
export async function openReplica({ flow, device, store, onChange }: ReplicaInit): Promise<Replica> {
  const { signer, crypto, verifier, hpke } = device
  const stored = await store.load(flow, verifier)
  const log = createOperationLog(flow)
  const texts = createTextReader(crypto)
  log.add(stored.operations)
  let own = stored.own
  let proof = stored.proof !== undefined && isBundle(stored.proof) ? stored.proof : undefined
  let kept: readonly VerifiedOperation[] = log.operations()
  let ids = new Set(kept.map(({ id }) => id))
  let unsaved: readonly VerifiedOperation[] = []
  let state = applyOperations({ flow, operations: kept })
  let keys: EpochKeys = new Map()
  let view: FlowView
  let turn: Promise<unknown> = Promise.resolve()

  const inTurn = <T>(task: () => Promise<T>): Promise<T> => {
    const result = turn.then(task)
    turn = result.catch(() => undefined)
    return result
  }
  const isDamaged = (): boolean => own !== undefined && !ids.has(own)

  async function show(next: FlowState, added: readonly VerifiedOperation[]): Promise<void> {
    state = next
    kept = [...kept, ...added]
    ids = new Set(kept.map(({ id }) => id))
    if (added.some(({ act }) => act.t === 'epoch' || act.t === 'share')) keys = await openEpochs(crypto, flow, kept, signer.did, hpke)
    view = await viewOf({ self: signer.did, state, operations: kept, read: (operation) => texts.read(operation, keys), damaged: isDamaged() })
  }

  async function keepOwn(operation: Operation): Promise<void> {
    const verified = await verifyOperation(operation, flow, verifier)
    const next = applyOperations({ flow, operations: [...kept, verified] })
    const code = next.voidOperations.get(verified.id) ?? next.refused.get(verified.id)
    if (code !== undefined) throw new AuthzError(code, explain(code))
    await store.put(flow, [], verified).catch(async (error: unknown) => {
      // where it was written all the same, or nobody can tell, another one in its place would be a second one
      own = await store.own(flow).catch(() => verified.id)
      throw error
    })
    own = verified.id
    log.add([verified])
    await show(next, [verified])
    onChange(replica, [verified])
  }

  const desk: Desk = {
    get author() { return { signer, crypto, state } },
    commit: async (make) => keepOwn(await make(desk.author)),
    async rotate() {
      await desk.commit(async (author) => (await rotateEpoch(author, keys, recipientsOf(state, device.nowS()))).operation)
    },
    async epoch() {
      if (isRotationDue(state, device.nowS()) || !keys.has(state.writeEpoch?.id ?? '')) await desk.rotate()
      const id = state.writeEpoch?.id ?? ''
      const key = keys.get(id)
      if (key === undefined) throw new FlowsError('FLOW_DAMAGED', 'No epoch of this flow can be written under; wait until another member was here', { retryable: true })
      const lacking = missingRecipients(state, id)
      if (lacking.length > 0) await desk.commit((author) => shareEpoch(author, id, key, lacking))
      return { id, key }
    }
  }

  const replica: Replica = {
    flow,
    get state() { return state },
    get operations() { return kept },
    get view() { return view },
    has: (id) => log.has(id) && !unsaved.some((operation) => operation.id === id),
    missing: () => log.missing(),
    take: (operations) => inTurn(async () => {
      if (kept.length + operations.length > MAX_OPERATIONS_PER_FLOW) throw new FlowsError('FLOW_FULL', `Flow ${flow} has ${kept.length} operations; more than ${MAX_OPERATIONS_PER_FLOW} are not kept here`)
      const arrival = log.add(operations)
      const arrived = new Set(arrival.stored)
      // what an earlier failure of storage left unsaved goes with it: the log has it already
      const fresh = [...unsaved, ...log.operations().filter(({ id }) => arrived.has(id))]
      if (fresh.length === 0) return arrival
      unsaved = fresh
      await store.put(flow, fresh)
      unsaved = []
      await show(applyOperations({ flow, operations: [...kept, ...fresh] }), fresh)
      onChange(replica, fresh)
      return arrival
    }),
    write: (task) => inTurn(async () => {
      if (isDamaged()) throw new FlowsError('FLOW_DAMAGED', `This device wrote more in flow ${flow} than its storage still has. Start again, or wait until a member who has it was here`, { retryable: true })
      if (kept.length >= MAX_OPERATIONS_PER_FLOW) throw new FlowsError('FLOW_FULL', `Flow ${flow} has ${kept.length} operations and takes no more`)
      return task(desk)
    }),
    proof() {
      const newer = proof === undefined ? undefined : parseBundle(proof)
      if (newer !== undefined && !state.links.has(newer.last.id)) return proof
      return replica.proofFor(signer.did) ?? proof
    },
    proofFor(did) {
      const chain = chainOf(state, did)
      return chain === undefined ? undefined : encodeBundle(chain)
    },
    async setProof(bundle) {
      await store.putProof(flow, bundle)
      proof = bundle
    },
    mayHave(did) {
      if (state.readers.has(did)) return true
      if (state.readers.has(signer.did) || proof === undefined) return false
      return parseBundle(proof).links.some(({ iss, aud }) => iss === did || aud === did)
    },
    idle: async () => { await turn }
  }
  keys = await openEpochs(crypto, flow, kept, signer.did, hpke)
  view = await viewOf({ self: signer.did, state, operations: kept, read: (operation) => texts.read(operation, keys), damaged: isDamaged() })
  return replica
}

function isBundle(bytes: Uint8Array): boolean {
  try {
    parseBundle(bytes)
    return true
  } catch {
    return false // damaged on disk: whoever offered the flow offers it again
  }
}
