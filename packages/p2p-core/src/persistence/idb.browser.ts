import { IDBDatastore } from 'datastore-idb'
import { createMemoryStorage, type Storage } from './storage.ts'

/** Opens IndexedDB; where the browser refuses it (private mode, blocked storage), a datastore that ends with the tab. */
export async function openIdbStorage(name: string): Promise<Storage> {
  try {
    const datastore = new IDBDatastore(`${name}-store`)
    await datastore.open()
    return { datastore, kind: 'indexeddb', reason: undefined, close: () => datastore.close() }
  } catch (error) {
    return createMemoryStorage(`This browser refuses storage: ${error instanceof Error ? error.message : String(error)}`)
  }
}
