import { createHash } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, statfs, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { P2pError } from '../errors.ts'
import { SEND_STORE_MS } from '../limits.ts'
import { localFileName, numberedName } from './file-name.ts'
import type { FileOffer, FileSink, FileSource, Hasher, OpenFileSink } from './send.ts'

const READ_BYTES = 256 * 1024
const MAX_SAME_NAME = 1_000
const PART = /^\.[0-9a-f]{32}\.part$/

/** SHA-256 by OpenSSL. */
export function createNodeHasher(): Hasher {
  const hash = createHash('sha256')
  return { update: bytes => { hash.update(bytes) }, digest: () => hash.digest('hex') }
}

/** A file to send. Throws FILE_REFUSED where it cannot be read or is no file. `mediaType` is taken as it is. */
export async function createNodeFileSource(path: string, mediaType = 'application/octet-stream'): Promise<FileSource> {
  const found = await stat(path).catch((cause: unknown) => { throw new P2pError('FILE_REFUSED', `${path} cannot be read; check name and permissions`, { cause }) })
  if (!found.isFile()) throw new P2pError('FILE_REFUSED', `${path} is no file; a folder has to be packed first`)
  return {
    name: basename(path),
    bytes: found.size,
    mediaType,
    async *read(offset, signal) {
      if (offset >= found.size) return
      for await (const chunk of createReadStream(path, { start: offset, highWaterMark: READ_BYTES, signal })) yield toBytes(chunk)
    }
  }
}

/**
 * Sinks in a directory, which is made where it is missing. A file comes in under a temporary name, is flushed to disk, and gets its own name
 * last; a file that is there is never overwritten (`a (2).png`). Temporary files of transfers that were given up a week ago are removed.
 */
export async function createNodeFileSinks(directory: string): Promise<OpenFileSink> {
  await attempt(() => mkdir(directory, { recursive: true }), directory)
  await removeOldParts(directory)
  return offer => attempt(() => openPart(directory, offer), directory)
}

async function openPart(directory: string, offer: FileOffer): Promise<FileSink> {
  const path = join(directory, partName(offer))
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
  try {
    const { size } = await handle.stat()
    const offset = size > offer.bytes ? 0 : size
    if (offset !== size) await handle.truncate(0)
    await requireSpace(directory, offer.bytes - offset)
    return new PartFile(directory, path, offer.name, handle, offset)
  } catch (error) {
    await handle.close()
    throw error
  }
}

class PartFile implements FileSink {
  readonly offset: number
  readonly #directory: string
  readonly #path: string
  readonly #name: string
  readonly #handle: FileHandle
  #end: number

  constructor(directory: string, path: string, name: string, handle: FileHandle, offset: number) {
    this.#directory = directory
    this.#path = path
    this.#name = name
    this.#handle = handle
    this.offset = offset
    this.#end = offset
  }

  async *read(signal: AbortSignal): AsyncIterable<Uint8Array> {
    for (let at = 0; at < this.offset;) {
      signal.throwIfAborted()
      const buffer = new Uint8Array(Math.min(READ_BYTES, this.offset - at))
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.byteLength, at)
      if (bytesRead === 0) throw new P2pError('STORAGE_REFUSED', `${this.#path} became shorter while it was read`)
      yield buffer.subarray(0, bytesRead)
      at += bytesRead
    }
  }

  async write(chunk: Uint8Array): Promise<void> {
    await attempt(async () => {
      for (let at = 0; at < chunk.byteLength;) {
        const { bytesWritten } = await this.#handle.write(chunk, at, chunk.byteLength - at, this.#end)
        at += bytesWritten
        this.#end += bytesWritten
      }
    }, this.#directory)
  }

  async commit(): Promise<string> {
    return attempt(async () => {
      await this.#handle.chmod(0o644)
      await this.#handle.sync()
      await this.#handle.close()
      const path = await this.#reserve()
      await rename(this.#path, path)
      await syncDirectory(this.#directory)
      return path
    }, this.#directory)
  }

  async discard(keep: boolean): Promise<void> {
    await this.#handle.close()
    if (!keep) await rm(this.#path, { force: true })
  }

  /** An empty file under the first free name, which is ours to replace: unlike a look for a free name, nothing can come between. */
  async #reserve(): Promise<string> {
    const name = localFileName(this.#name)
    for (let number = 1; number <= MAX_SAME_NAME; number += 1) {
      const path = join(this.#directory, numberedName(name, number))
      try {
        await (await open(path, 'wx')).close()
        return path
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error
      }
    }
    throw new P2pError('STORAGE_REFUSED', `${MAX_SAME_NAME} files in ${this.#directory} are named like ${name}; move some away`)
  }
}

function partName({ from, id }: FileOffer): string {
  return `.${createHash('sha256').update(`${from.toString()} ${id}`).digest('hex').slice(0, 32)}.part`
}

async function requireSpace(directory: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  if (bavail * bsize < bytes) {
    throw new P2pError('STORAGE_FULL', `${directory} has room for ${bavail * bsize} bytes, and ${bytes} are needed; make room and ask for the file again`)
  }
}

async function removeOldParts(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!PART.test(name)) continue
    const path = join(directory, name)
    const found = await stat(path).catch(() => undefined)
    if (found !== undefined && found.mtimeMs < Date.now() - SEND_STORE_MS) await unlink(path).catch(() => undefined)
  }
}

// A name is safe on disk only once its directory is; not every system lets a directory be opened.
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r').catch(() => undefined)
  await handle?.sync().catch(() => undefined)
  await handle?.close()
}

async function attempt<Result>(action: () => Promise<Result>, directory: string): Promise<Result> {
  try {
    return await action()
  } catch (cause) {
    if (cause instanceof P2pError) throw cause
    const code = codeOf(cause)
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
      throw new P2pError('STORAGE_FULL', `No room is left in ${directory}; make room and ask for the file again`, { cause })
    }
    throw new P2pError('STORAGE_REFUSED', `${directory} cannot be written to (${code ?? String(cause)}); check its permissions`, { cause })
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function toBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  throw new P2pError('FILE_REFUSED', 'A file was read as something else than bytes')
}
