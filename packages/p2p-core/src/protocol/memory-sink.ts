import { P2pError } from '../errors.ts'
import { SEND_MEMORY_MAX_BYTES } from '../limits.ts'
import { blobType } from './blob-type.ts'
import type { FileSink, OpenFileSink } from './send.ts'

// Chunks are joined to Blobs of this size: a browser may keep a Blob on disk, and a list of thousands of chunks costs more than they do.
const PIECE_BYTES = 8 * 1024 * 1024

/**
 * Sinks in memory, for a browser that has no OPFS. Nothing is left after a reload. `commit` returns a blob URL, which the application revokes.
 * Throws FILE_TOO_LARGE over `maxBytes` (default 256 MiB).
 */
export function createMemoryFileSinks(maxBytes = SEND_MEMORY_MAX_BYTES): OpenFileSink {
  return async offer => {
    if (offer.bytes > maxBytes) {
      throw new P2pError('FILE_TOO_LARGE', `This browser keeps received files in memory and takes up to ${maxBytes} bytes; ${offer.name} has ${offer.bytes}`)
    }
    return new MemoryFile(offer.mediaType)
  }
}

class MemoryFile implements FileSink {
  readonly offset = 0
  readonly #type: string
  #pieces: Blob[] = []
  #chunks: Uint8Array<ArrayBuffer>[] = []
  #chunkBytes = 0

  constructor(mediaType: string) {
    this.#type = blobType(mediaType)
  }

  async *read(): AsyncIterable<Uint8Array> {
    // Nothing is ever there from before.
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#chunks.push(Uint8Array.from(chunk))
    this.#chunkBytes += chunk.byteLength
    if (this.#chunkBytes >= PIECE_BYTES) this.#join()
  }

  async commit(): Promise<string> {
    this.#join()
    const blob = new Blob(this.#pieces, { type: this.#type })
    this.#pieces = []
    return URL.createObjectURL(blob)
  }

  async discard(): Promise<void> {
    this.#pieces = []
    this.#chunks = []
    this.#chunkBytes = 0
  }

  #join(): void {
    if (this.#chunks.length > 0) this.#pieces.push(new Blob(this.#chunks))
    this.#chunks = []
    this.#chunkBytes = 0
  }
}
