import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { P2pError } from '../errors.ts'
import { SEND_STORE_MS } from '../limits.ts'
import { blobType } from './blob-type.ts'
import { createMemoryFileSinks } from './memory-sink.ts'
import type { FileOffer, FileSink, FileSource, Hasher, OpenFileSink } from './send.ts'

const DIRECTORY = 'gf-received'
// A file of OPFS shows what was written only once it is closed, and opening it again copies it. So content lies in many files of this size,
// each closed for good when it is full: a reload loses at most the last one, and nothing is copied.
const SEGMENT_BYTES = 16 * 1024 * 1024
const SEGMENT = /^([0-9a-f]{32})\.(\d{6}|done)$/
// Another tab may still show what was received before; its blob URLs read from these files.
const SHOWN_MS = 3_600_000

/** SHA-256 in steps, which WebCrypto does not have. */
export function createBrowserHasher(): Hasher {
  const hash = sha256.create()
  return { update: bytes => { hash.update(bytes) }, digest: () => bytesToHex(hash.digest()) }
}

/** A File of an input element or a drop, or any Blob with a name. */
export function createBlobFileSource(blob: Blob, name: string): FileSource {
  return {
    name,
    bytes: blob.size,
    mediaType: blob.type === '' ? 'application/octet-stream' : blob.type,
    async *read(offset, signal) {
      const reader = blob.slice(offset).stream().getReader()
      try {
        for (;;) {
          signal.throwIfAborted()
          const { done, value } = await reader.read()
          if (done) return
          yield value
        }
      } finally {
        await reader.cancel().catch(() => undefined)
      }
    }
  }
}

/**
 * Sinks of this browser: in the origin's private file system, where files up to the browser's quota are received without being held in memory and
 * a reload goes on; else in memory. `commit` returns a blob URL, which the application revokes.
 */
export async function createBrowserFileSinks(): Promise<OpenFileSink> {
  const root = await openPrivateDirectory()
  return root === undefined ? createMemoryFileSinks() : createPrivateFileSinks(root)
}

/** Sinks in a directory of the origin's private file system. What was given up a week ago, or shown before, is removed. */
export async function createPrivateFileSinks(root: FileSystemDirectoryHandle): Promise<OpenFileSink> {
  await removeOld(root)
  return async offer => {
    const key = keyOf(offer)
    const segments = await existingSegments(root, key)
    let offset = segments.reduce((sum, file) => sum + file.size, 0)
    if (offset > offer.bytes) {
      await removeAll(root, key)
      segments.length = 0
      offset = 0
    }
    await requireQuota(offer, offset)
    return new PrivateFile(root, key, offer, segments, offset)
  }
}

class PrivateFile implements FileSink {
  readonly offset: number
  readonly #root: FileSystemDirectoryHandle
  readonly #key: string
  readonly #offer: FileOffer
  readonly #before: readonly File[]
  #next: number
  #writable: FileSystemWritableFileStream | undefined
  #segmentBytes = 0

  constructor(root: FileSystemDirectoryHandle, key: string, offer: FileOffer, before: readonly File[], offset: number) {
    this.#root = root
    this.#key = key
    this.#offer = offer
    this.#before = before
    this.#next = before.length
    this.offset = offset
  }

  async *read(signal: AbortSignal): AsyncIterable<Uint8Array> {
    for (const file of this.#before) yield* createBlobFileSource(file, file.name).read(0, signal)
  }

  async write(chunk: Uint8Array): Promise<void> {
    await attempt(async () => {
      this.#writable ??= await this.#openSegment()
      await this.#writable.write(Uint8Array.from(chunk))
      this.#segmentBytes += chunk.byteLength
      if (this.#segmentBytes >= SEGMENT_BYTES) await this.#closeSegment()
    })
  }

  async commit(): Promise<string> {
    return attempt(async () => {
      await this.#closeSegment()
      const files = await existingSegments(this.#root, this.#key)
      await this.#root.getFileHandle(`${this.#key}.done`, { create: true })
      return URL.createObjectURL(new Blob(files, { type: blobType(this.#offer.mediaType) }))
    })
  }

  async discard(keep: boolean): Promise<void> {
    await this.#closeSegment().catch(() => undefined)
    if (!keep) await removeAll(this.#root, this.#key)
  }

  async #openSegment(): Promise<FileSystemWritableFileStream> {
    const handle = await this.#root.getFileHandle(`${this.#key}.${String(this.#next).padStart(6, '0')}`, { create: true })
    this.#next += 1
    this.#segmentBytes = 0
    return handle.createWritable()
  }

  async #closeSegment(): Promise<void> {
    const writable = this.#writable
    this.#writable = undefined
    await writable?.close()
  }
}

async function openPrivateDirectory(): Promise<FileSystemDirectoryHandle | undefined> {
  // Absent on insecure origins, refused in some private modes, and without createWritable in older Safari.
  if (typeof FileSystemFileHandle === 'undefined' || !('createWritable' in FileSystemFileHandle.prototype)) return undefined
  try {
    const root = await navigator.storage.getDirectory()
    return await root.getDirectoryHandle(DIRECTORY, { create: true })
  } catch {
    return undefined
  }
}

/** The segments that are there, in order, up to the first that is missing or empty. */
async function existingSegments(root: FileSystemDirectoryHandle, key: string): Promise<File[]> {
  const files: File[] = []
  for (;;) {
    const name = `${key}.${String(files.length).padStart(6, '0')}`
    const file = await root.getFileHandle(name).then(handle => handle.getFile(), () => undefined)
    if (file === undefined || file.size === 0) return files
    files.push(file)
  }
}

async function removeAll(root: FileSystemDirectoryHandle, key: string): Promise<void> {
  for await (const name of root.keys()) {
    if (SEGMENT.exec(name)?.[1] === key) await root.removeEntry(name).catch(() => undefined)
  }
}

async function removeOld(root: FileSystemDirectoryHandle): Promise<void> {
  const newest = new Map<string, { atMs: number; done: boolean }>()
  for await (const [name, handle] of root.entries()) {
    const [, key, part] = SEGMENT.exec(name) ?? []
    if (key === undefined || !(handle instanceof FileSystemFileHandle)) continue
    const { lastModified } = await handle.getFile()
    const known = newest.get(key) ?? { atMs: 0, done: false }
    newest.set(key, { atMs: Math.max(known.atMs, lastModified), done: known.done || part === 'done' })
  }
  for (const [key, { atMs, done }] of newest) {
    if (atMs < Date.now() - (done ? SHOWN_MS : SEND_STORE_MS)) await removeAll(root, key)
  }
}

async function requireQuota(offer: FileOffer, offset: number): Promise<void> {
  const { quota = Number.POSITIVE_INFINITY, usage = 0 } = await navigator.storage.estimate().catch(() => ({}) as StorageEstimate)
  if (quota - usage < offer.bytes - offset) {
    throw new P2pError('STORAGE_FULL', `This browser has room for ${quota - usage} bytes more, and ${offer.name} needs ${offer.bytes - offset}`)
  }
}

function keyOf({ from, id }: FileOffer): string {
  return bytesToHex(sha256(new TextEncoder().encode(`${from.toString()} ${id}`))).slice(0, 32)
}

async function attempt<Result>(action: () => Promise<Result>): Promise<Result> {
  try {
    return await action()
  } catch (cause) {
    const full = cause instanceof DOMException && cause.name === 'QuotaExceededError'
    if (full) throw new P2pError('STORAGE_FULL', 'This browser has no room left for the file; free some and ask for it again', { cause })
    throw new P2pError('STORAGE_REFUSED', 'This browser does not let the file be stored', { cause })
  }
}
