import { P2pError } from '../errors.ts'

/** Turns what a file system, LevelDB or IndexedDB throws into a typed error. `doing` completes "… failed while". */
export function storageError(error: unknown, doing: string): P2pError {
  if (error instanceof P2pError) return error
  const names = causes(error).flatMap((cause) => [codeOf(cause), cause.name])
  const detail = causes(error).map((cause) => cause.message).join(' / ') || String(error)
  if (names.some((name) => FULL.has(name))) {
    return new P2pError('STORAGE_FULL', `Storage is full (while ${doing}). Free some space; nothing that was saved is lost.`, { cause: error, retryable: true })
  }
  if (names.some((name) => LOCKED.has(name))) {
    return new P2pError('STORAGE_LOCKED', `Storage is in use by another peer (while ${doing}). Stop the other one, or choose another data directory.`, { cause: error, retryable: true })
  }
  if (names.some((name) => CORRUPT.has(name)) || /corrupt/i.test(detail)) {
    return new P2pError('STORAGE_CORRUPT', `Storage is damaged (while ${doing}: ${detail}). It was left as it is: move it away to start with an empty one; the key file is a separate file and stays good.`, { cause: error })
  }
  return new P2pError('STORAGE_REFUSED', `Storage cannot be used (while ${doing}: ${detail}). Check that it exists and may be written.`, { cause: error })
}

const FULL = new Set(['ENOSPC', 'EDQUOT', 'QuotaExceededError'])
const LOCKED = new Set(['LEVEL_LOCKED'])
const CORRUPT = new Set(['LEVEL_CORRUPTION', 'EISDIR', 'ENOTDIR'])
const MAX_CAUSES = 4

function causes(error: unknown): Error[] {
  const found: Error[] = []
  for (let next = error; next instanceof Error && found.length < MAX_CAUSES; next = next.cause) found.push(next)
  return found
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}
