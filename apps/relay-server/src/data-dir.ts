import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { LevelDatastore } from 'datastore-level'
import { RelayError, messageOf, systemCode } from './errors.ts'

/** The relay's storage, open and held by this process alone. */
export interface DataDir {
  readonly path: string
  readonly privateKey: PrivateKey
  readonly datastore: LevelDatastore
  readonly close: () => Promise<void>
}

/** Opens the data directory. Throws DATA_DIR_LOCKED, DATA_DIR_UNWRITABLE, DISK_FULL or IDENTITY_INVALID. */
export async function openDataDir(directory: string): Promise<DataDir> {
  const path = resolve(directory)
  const holder = join(path, 'relay.pid')
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    if (!statSync(path).isDirectory()) throw new RelayError('DATA_DIR_UNWRITABLE', `${path} is not a directory.`, { action: 'Choose a directory with --data-dir.' })
    const datastore = new LevelDatastore(join(path, 'store'))
    await datastore.open()
    writeFileSync(holder, `${process.pid}\n`)
    const privateKey = await loadKey(join(path, 'identity.key'))
    return {
      path,
      privateKey,
      datastore,
      close: async () => {
        await datastore.close()
        rmSync(holder, { force: true })
      }
    }
  } catch (error) {
    throw dataDirError(error, path, holder)
  }
}

async function loadKey(file: string): Promise<PrivateKey> {
  try {
    return privateKeyFromProtobuf(readFileSync(file))
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
    const key = await generateKeyPair('Ed25519')
    writeFileSync(file, privateKeyToProtobuf(key), { mode: 0o600, flag: 'wx' })
    return key
  }
}

function dataDirError(error: unknown, path: string, holder: string): RelayError {
  if (error instanceof RelayError) return error
  const code = systemCode(error) ?? (error instanceof Error ? systemCode(error.cause) : undefined)
  if (code === 'LEVEL_LOCKED') {
    const pid = readHolder(holder)
    return new RelayError('DATA_DIR_LOCKED', `Another relay${pid} uses the data directory ${path}.`, { action: 'Stop it, or choose another directory with --data-dir.', cause: error })
  }
  return new RelayError('DATA_DIR_UNWRITABLE', `The data directory ${path} cannot be used: ${messageOf(error)}.`, { action: 'Choose a directory that this user may write with --data-dir.', cause: error })
}

function readHolder(holder: string): string {
  try {
    return ` (process ${readFileSync(holder, 'utf8').trim().slice(0, 10)})`
  } catch {
    return ''
  }
}
