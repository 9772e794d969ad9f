import { mkdir } from 'node:fs/promises'
import { LevelDatastore } from 'datastore-level'
import { storageError } from './storage-error.ts'
import type { Storage } from './storage.ts'

/** Opens LevelDB at a path. Throws P2pError STORAGE_LOCKED, STORAGE_CORRUPT, STORAGE_FULL or STORAGE_REFUSED. */
export async function openLevelStorage(path: string): Promise<Storage> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
    const datastore = new LevelDatastore(path)
    await datastore.db.open({ createIfMissing: true }) // not datastore.open(), which drops the cause
    return { datastore, kind: 'level', reason: undefined, close: () => datastore.close() }
  } catch (error) {
    throw storageError(error, `opening the datastore ${path}`)
  }
}
