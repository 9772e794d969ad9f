import { type CryptoPort, type Operation, type VerifiedOperation, type Verifier, verifyOperation } from '@gloflow/authz'
import { type Datastore, Key } from 'interface-datastore'
import { FlowsError } from './errors.ts'
import { MAX_FLOWS, MAX_OPERATIONS_PER_FLOW } from './limits.ts'

const ROOT = '/gf/flows/1'
const ID = /^[0-9a-f]{64}$/
const SEED_BYTES = 32

/** What is kept of one flow. */
export interface StoredFlow {
  readonly operations: readonly VerifiedOperation[]
  /** Id of the last operation that this device signed, as noted beside it. */
  readonly own: string | undefined
  /** The bundle with which this device was let in. */
  readonly proof: Uint8Array | undefined
}

/** Where flows are kept: one record an operation, so that a crash costs at most what was being written. */
export interface FlowStore {
  /** The seed of this device's X25519 key; made where there is none. */
  deviceSeed(crypto: Pick<CryptoPort, 'random'>): Promise<Uint8Array>
  flows(): Promise<readonly string[]>
  load(flow: string, verifier: Verifier): Promise<StoredFlow>
  /** Id of the last operation that this device signed. */
  own(flow: string): Promise<string | undefined>
  /** Writes operations of others, or one of this device's together with the note that it is its last, in one batch. */
  put(flow: string, operations: readonly Operation[], own?: Operation): Promise<void>
  putProof(flow: string, proof: Uint8Array): Promise<void>
}

/** Flows in a datastore, under `/gf/flows/1`. Every method throws FlowsError STORE_FAILED where the datastore does. */
export function createFlowStore(datastore: Datastore): FlowStore {
  const at = (...parts: readonly string[]): Key => new Key([ROOT, ...parts].join('/'))

  async function read(key: Key): Promise<Uint8Array | undefined> {
    return guarded(`reading ${key.toString()}`, async () => (await datastore.has(key) ? datastore.get(key) : undefined))
  }

  async function readOwn(flow: string): Promise<string | undefined> {
    const own = await read(at('flow', flow, 'own'))
    return own === undefined ? undefined : new TextDecoder().decode(own)
  }

  return {
    async deviceSeed({ random }) {
      const kept = await read(at('device'))
      if (kept?.length === SEED_BYTES) return kept
      if (kept !== undefined) throw new FlowsError('STORE_FAILED', `The encryption key of this device is damaged (${kept.length} bytes). It was left as it is: restore it from a copy, or remove it to begin with a new one`)
      const seed = random(SEED_BYTES)
      await guarded('writing the encryption key of this device', async () => { await datastore.put(at('device'), seed) })
      return seed
    },

    flows: () => guarded('listing flows', async () => {
      const found = new Set<string>()
      for await (const key of datastore.queryKeys({ prefix: `${ROOT}/flow/` })) {
        const flow = key.namespaces()[4] ?? ''
        if (ID.test(flow) && found.size < MAX_FLOWS) found.add(flow)
      }
      return [...found]
    }),

    load: (flow, verifier) => guarded(`reading flow ${flow}`, async () => {
      const operations: VerifiedOperation[] = []
      for await (const { key, value } of datastore.query({ prefix: `${ROOT}/flow/${flow}/op/` })) {
        if (operations.length >= MAX_OPERATIONS_PER_FLOW) break
        const operation = await verifyOperation(value, flow, verifier).catch(() => undefined)
        // what is damaged is left as it is: a member brings it back under the same key
        if (operation?.id === key.name()) operations.push(operation)
      }
      return { operations, own: await readOwn(flow), proof: await read(at('flow', flow, 'proof')) }
    }),

    own: readOwn,

    put: (flow, operations, own) => guarded(`writing flow ${flow}`, async () => {
      const batch = datastore.batch()
      for (const { id, bytes } of operations) batch.put(at('flow', flow, 'op', id), bytes)
      if (own !== undefined) {
        batch.put(at('flow', flow, 'op', own.id), own.bytes)
        batch.put(at('flow', flow, 'own'), new TextEncoder().encode(own.id))
      }
      await batch.commit()
    }),

    putProof: (flow, proof) => guarded(`writing flow ${flow}`, async () => { await datastore.put(at('flow', flow, 'proof'), proof) })
  }
}

async function guarded<T>(doing: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (cause) {
    if (cause instanceof FlowsError) throw cause
    throw new FlowsError('STORE_FAILED', `Storage failed while ${doing}. Nothing of it counts; free some space or mend the storage, and try again`, { retryable: true, cause })
  }
}
