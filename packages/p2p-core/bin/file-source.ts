import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { P2pError, type FileSource } from '../src/index.ts'

const READ_BYTES = 64 * 1024

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.avif': 'image/avif', '.gif': 'image/gif', '.jpeg': 'image/jpeg', '.jpg': 'image/jpeg', '.png': 'image/png', '.svg': 'image/svg+xml',
  '.txt': 'text/plain', '.webp': 'image/webp'
}

/** A file to send. Throws P2pError FILE_NAME_INVALID where there is none that can be read. */
export async function openFileSource(path: string): Promise<FileSource> {
  const info = await stat(path).catch((cause: unknown) => { throw new P2pError('FILE_NAME_INVALID', `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause }) })
  if (!info.isFile()) throw new P2pError('FILE_NAME_INVALID', `${path} is not a file.`)
  return {
    name: basename(path),
    bytes: info.size,
    mediaType: MEDIA_TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream',
    read: (offset, signal) => createReadStream(path, { start: offset, highWaterMark: READ_BYTES, signal })
  }
}
