import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isP2pError } from '@gloflow/p2p-core'
import { RelayError, messageOf } from './errors.ts'

/** The data directory's full path, and the file in it that names the process which holds it. */
export interface DataDir {
  readonly path: string
  /** Says that this process holds the directory; the lock itself is the datastore's, which ends with the process. */
  readonly sign: () => void
  readonly unsign: () => void
  /** Turns what came of opening key and datastore into an error of the relay. */
  readonly explain: (error: unknown) => unknown
}

/** Describes a data directory; it is opened by the peer. */
export function describeDataDir(directory: string): DataDir {
  const path = resolve(directory)
  const holder = join(path, 'relay.pid')
  return {
    path,
    sign: () => {
      try {
        writeFileSync(holder, `${process.pid}\n`)
      } catch (error) {
        throw NO_SPACE.test(messageOf(error)) ? explain(error, path, holder) : new RelayError('DATA_DIR_UNWRITABLE', `The data directory ${path} cannot be written: ${messageOf(error)}.`, { action: UNWRITABLE, cause: error })
      }
    },
    unsign: () => rmSync(holder, { force: true }),
    explain: (error) => explain(error, path, holder)
  }
}

const UNWRITABLE = 'Choose a directory that this user may write with --data-dir.'

/** LevelDB tells a full disk by the system's words only. */
const NO_SPACE = /no space left on device|ENOSPC|disk quota exceeded/i

function explain(error: unknown, path: string, holder: string): unknown {
  if (isP2pError(error, 'STORAGE_LOCKED')) {
    return new RelayError('DATA_DIR_LOCKED', `Another relay${holderOf(holder)} uses the data directory ${path}.`, { action: 'Stop it, or choose another directory with --data-dir.', cause: error, retryable: true })
  }
  if (isP2pError(error, 'STORAGE_FULL') || NO_SPACE.test(messageOf(error))) {
    return new RelayError('DISK_FULL', `The disk of ${path} is full. What was saved is not lost.`, { action: 'Free some space, or choose another directory with --data-dir.', cause: error, retryable: true })
  }
  if (isP2pError(error, 'STORAGE_REFUSED', 'STORAGE_CORRUPT')) {
    return new RelayError('DATA_DIR_UNWRITABLE', `The data directory ${path} cannot be used: ${error.message}`, { action: UNWRITABLE, cause: error })
  }
  if (isP2pError(error, 'IDENTITY_CORRUPT', 'IDENTITY_FOREIGN_OWNER', 'IDENTITY_UNSUPPORTED')) {
    return new RelayError('IDENTITY_INVALID', error.message, { action: `Nothing was changed. The relay's key is ${join(path, 'identity.key')}; who it is depends on it.`, cause: error })
  }
  if (isP2pError(error, 'LISTEN_FAILED')) {
    return new RelayError('PORT_IN_USE', error.message, { action: 'Choose other ports with --tcp-port and --webrtc-direct-port (0 = any free port).', cause: error, retryable: true })
  }
  return error
}

function holderOf(holder: string): string {
  try {
    return ` (process ${readFileSync(holder, 'utf8').trim().slice(0, 10)})`
  } catch {
    return ''
  }
}
