import type { FileSource } from '@gloflow/p2p-core'

/** A file that the person picked, read piece by piece: it is never in memory as a whole. */
export function blobSource(file: File): FileSource {
  return {
    name: file.name,
    bytes: file.size,
    mediaType: file.type === '' ? 'application/octet-stream' : file.type,
    async *read(offset, signal) {
      const reader = file.slice(offset).stream().getReader()
      try {
        for (;;) {
          signal.throwIfAborted()
          const { done, value } = await reader.read()
          if (done) return
          yield value
        }
      } finally {
        await reader.cancel().catch(() => { /* the file may have changed or gone; the reading ended anyway */ })
      }
    }
  }
}
