import { P2pError } from '../src/index.ts'

/** Longest line that is read, in bytes. */
export const MAX_LINE_BYTES = 64 * 1024

/** A line, or what is wrong with one. */
export type Line = { readonly text: string } | { readonly error: P2pError }

/**
 * Cuts bytes into lines. What is longer than the limit is thrown away as it comes, up to its end, and reported once; so memory stays
 * bounded whatever is sent. A last line without an end counts.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let parts: Uint8Array[] = []
  let size = 0

  const take = (): Line | undefined => {
    const bytes = Buffer.concat(parts)
    const tooLong = size > MAX_LINE_BYTES
    parts = []
    size = 0
    if (tooLong) return { error: new P2pError('FRAME_TOO_LARGE', `A line is longer than ${MAX_LINE_BYTES} bytes. It was skipped.`) }
    try {
      const text = decoder.decode(bytes)
      return text.trim() === '' ? undefined : { text }
    } catch (cause) {
      return { error: new P2pError('FRAME_INVALID', 'A line is not UTF-8. It was skipped.', { cause }) }
    }
  }
  const keep = (bytes: Uint8Array): void => {
    size += bytes.byteLength
    if (size <= MAX_LINE_BYTES) parts.push(bytes)
    else parts = []
  }

  for await (const chunk of chunks) {
    let rest = chunk
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      keep(rest.subarray(0, end))
      const line = take()
      if (line !== undefined) yield line
      rest = rest.subarray(end + 1)
    }
    keep(rest)
  }
  const last = size > 0 ? take() : undefined
  if (last !== undefined) yield last
}

const NEWLINE = 0x0a
