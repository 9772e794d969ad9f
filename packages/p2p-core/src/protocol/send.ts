import type { PeerId } from '@libp2p/interface'
import type { Events } from '../events.ts'

/** Where a file's bytes come from: a Blob in the browser, a file in Node. Read again from any offset on resumption. */
export interface FileSource {
  readonly name: string
  readonly bytes: number
  readonly mediaType: string
  /** Yields the content from `offset` on, in chunks. */
  read(offset: number, signal: AbortSignal): AsyncIterable<Uint8Array>
}

/** Where a received file goes. Implemented by platform: OPFS or a Blob in the browser, a file with a temporary name in Node. */
export interface FileSink {
  /** Bytes that are already there from an earlier try (0 = none). */
  readonly offset: number
  write(chunk: Uint8Array): Promise<void>
  /** Called once the hash was checked: makes the file visible under its name. Returns where it is (path or blob URL). */
  commit(): Promise<string>
  /** Gives the file up. `keep` leaves what is there for a later resumption. */
  discard(keep: boolean): Promise<void>
}

/** What the other side is asked. */
export interface FileOffer {
  readonly id: string
  readonly from: PeerId
  readonly name: string
  readonly bytes: number
  readonly mediaType: string
}

/** One transfer in either direction. */
export interface FileTransfer {
  readonly id: string
  readonly peer: PeerId
  readonly direction: 'in' | 'out'
  readonly name: string
  readonly totalBytes: number
  readonly doneBytes: number
  readonly state: 'offered' | 'running' | 'waiting' | 'done' | 'declined' | 'cancelled' | 'failed'
  /** Hex SHA-256 of the whole content, when done. */
  readonly sha256: string | undefined
  /** Where the received file is, when done. */
  readonly location: string | undefined
  readonly error: { readonly code: string; readonly message: string } | undefined
}

/** Sending pictures and other files to a person who is here. */
export interface FileSending {
  readonly events: Events<{ offer: FileOffer; progress: FileTransfer; done: FileTransfer }>
  readonly transfers: readonly FileTransfer[]
  /** Offers the file; resolves when the transfer has ended well, rejects with a P2pError otherwise. Goes on over a change of path. */
  send(peer: PeerId, source: FileSource, options?: { readonly signal?: AbortSignal }): Promise<FileTransfer>
  accept(offerId: string): Promise<void>
  decline(offerId: string): Promise<void>
  cancel(transferId: string): Promise<void>
}
