import type { Datastore } from 'interface-datastore'
import { MemoryDatastore } from 'datastore-core/memory'

/** The open datastore of a peer. */
export interface Storage {
  readonly datastore: Datastore
  readonly kind: 'given' | 'indexeddb' | 'level' | 'memory'
  /** Why nothing is kept, where `kind` is `memory`. */
  readonly reason: string | undefined
  /** Waits for what is being written, and closes. */
  close(): Promise<void>
}

/** A datastore that ends with the process or tab. */
export function createMemoryStorage(reason: string): Storage {
  return { datastore: new MemoryDatastore(), kind: 'memory', reason, close: async () => { /* nothing is open */ } }
}

/** A datastore that the caller opened and will close. */
export function givenStorage(datastore: Datastore): Storage {
  return { datastore, kind: 'given', reason: undefined, close: async () => { /* the caller closes it */ } }
}
