import { P2pError } from '../errors.ts'
import type { Framing } from './protocol.ts'

/** Cuts the bytes of one direction of a stream into frames. Holds no more than one frame of the greatest size. */
export interface Framer {
  /** Takes what has arrived and returns the frames that it completes. Throws FRAME_TOO_LARGE or FRAME_INVALID. */
  push(chunk: Uint8Array): Uint8Array[]
  /** True where the bytes so far end between two frames. */
  readonly atBoundary: boolean
  /** Bytes that were thrown away so far as parts of frames over the limit. */
  readonly discardedBytes: number
  /** Frames that were thrown away so far as over the limit. */
  readonly discardedFrames: number
}

const NEWLINE = 0x0a
const MAX_VARINT_BYTES = 5
const EMPTY = new Uint8Array(0)

/** Makes the framer of a framing. `onInvalid: 'drop'` is for newlines only: a length that is a lie leaves nothing to go on from. */
export function createFramer(framing: Framing, maxFrameBytes: number, onInvalid: 'reset' | 'drop'): Framer {
  return framing === 'length-prefixed' ? new LengthPrefixedFramer(maxFrameBytes) : new NewlineFramer(maxFrameBytes, onInvalid)
}

/** The bytes of one frame on the wire, in pieces, so that large content is not copied. Throws FRAME_TOO_LARGE, FRAME_INVALID. */
export function encodeFrame(framing: Framing, maxFrameBytes: number, content: Uint8Array): Uint8Array[] {
  if (content.byteLength > maxFrameBytes) {
    throw new P2pError('FRAME_TOO_LARGE', `A frame of ${content.byteLength} bytes is over this protocol's limit of ${maxFrameBytes}; send less at once`)
  }
  if (framing === 'length-prefixed') return [encodeVarint(content.byteLength), content]
  if (content.includes(NEWLINE)) throw new P2pError('FRAME_INVALID', 'A newline inside of a newline-framed message would cut it in two')
  return [content, Uint8Array.of(NEWLINE)]
}

/** Unsigned LEB128, as in multiformats' unsigned-varint, for lengths below 2^32. */
export function encodeVarint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  bytes.push(rest)
  return Uint8Array.from(bytes)
}

class LengthPrefixedFramer implements Framer {
  readonly discardedBytes = 0
  readonly discardedFrames = 0
  readonly #maxFrameBytes: number
  #length = 0
  #lengthBytes = 0
  #frame: Uint8Array | undefined
  #filled = 0

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes
  }

  get atBoundary(): boolean {
    return this.#lengthBytes === 0 && this.#frame === undefined
  }

  push(chunk: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = []
    let at = 0
    while (at < chunk.byteLength) {
      at = this.#frame === undefined ? this.#readLength(chunk, at) : this.#fill(this.#frame, chunk, at)
      if (this.#frame !== undefined && this.#filled === this.#frame.byteLength) {
        frames.push(this.#frame)
        this.#frame = undefined
      }
    }
    return frames
  }

  #readLength(chunk: Uint8Array, start: number): number {
    let at = start
    while (at < chunk.byteLength) {
      const byte = chunk[at] ?? 0
      at += 1
      this.#length += (byte & 0x7f) * 2 ** (7 * this.#lengthBytes)
      this.#lengthBytes += 1
      if (this.#length > this.#maxFrameBytes) {
        throw new P2pError('FRAME_TOO_LARGE', `The other side announced a frame of at least ${this.#length} bytes; this protocol allows ${this.#maxFrameBytes}`)
      }
      if ((byte & 0x80) === 0) {
        if (byte === 0 && this.#lengthBytes > 1) throw new P2pError('FRAME_INVALID', 'The length of a frame is not in its shortest form')
        this.#begin()
        return at
      }
      if (this.#lengthBytes === MAX_VARINT_BYTES) throw new P2pError('FRAME_INVALID', `The length of a frame has more than ${MAX_VARINT_BYTES} bytes`)
    }
    return at
  }

  #begin(): void {
    this.#frame = this.#length === 0 ? EMPTY : new Uint8Array(this.#length)
    this.#filled = 0
    this.#length = 0
    this.#lengthBytes = 0
  }

  #fill(frame: Uint8Array, chunk: Uint8Array, at: number): number {
    const count = Math.min(frame.byteLength - this.#filled, chunk.byteLength - at)
    frame.set(chunk.subarray(at, at + count), this.#filled)
    this.#filled += count
    return at + count
  }
}

class NewlineFramer implements Framer {
  discardedBytes = 0
  discardedFrames = 0
  readonly #maxFrameBytes: number
  readonly #drop: boolean
  // Grows by doubling up to the limit, so that bytes which arrive one by one cost no object each.
  #line: Uint8Array = EMPTY
  #filled = 0
  #discarding = false

  constructor(maxFrameBytes: number, onInvalid: 'reset' | 'drop') {
    this.#maxFrameBytes = maxFrameBytes
    this.#drop = onInvalid === 'drop'
  }

  get atBoundary(): boolean {
    return this.#filled === 0 && !this.#discarding
  }

  push(chunk: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = []
    let start = 0
    while (start < chunk.byteLength) {
      const newline = chunk.indexOf(NEWLINE, start)
      this.#append(chunk.subarray(start, newline === -1 ? chunk.byteLength : newline))
      if (newline === -1) break
      if (this.#discarding) this.#discarding = false
      else frames.push(this.#take())
      start = newline + 1
    }
    return frames
  }

  #append(part: Uint8Array): void {
    if (this.#discarding) {
      this.discardedBytes += part.byteLength
      return
    }
    const filled = this.#filled + part.byteLength
    if (filled > this.#maxFrameBytes) {
      if (!this.#drop) throw new P2pError('FRAME_TOO_LARGE', `The other side sent a line over this protocol's limit of ${this.#maxFrameBytes} bytes`)
      this.discardedFrames += 1
      this.discardedBytes += filled
      this.#discarding = true
      this.#take()
      return
    }
    this.#reserve(filled)
    this.#line.set(part, this.#filled)
    this.#filled = filled
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#line.byteLength) return
    const grown = new Uint8Array(Math.min(this.#maxFrameBytes, Math.max(bytes, 2 * this.#line.byteLength, 256)))
    grown.set(this.#line.subarray(0, this.#filled))
    this.#line = grown
  }

  #take(): Uint8Array {
    const line = this.#line.subarray(0, this.#filled)
    this.#line = EMPTY
    this.#filled = 0
    return line
  }
}
