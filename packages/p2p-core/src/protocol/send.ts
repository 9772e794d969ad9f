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
  /** Yields those bytes, so that they are hashed with what follows. Called before the first `write`. */
  read(signal: AbortSignal): AsyncIterable<Uint8Array>
  write(chunk: Uint8Array): Promise<void>
  /** Called once the hash was checked: makes the file visible under its name. Returns where it is (path or blob URL). */
  commit(): Promise<string>
  /** Gives the file up. `keep` leaves what is there for a later resumption. */
  discard(keep: boolean): Promise<void>
}

/** Opens the sink of one offer; the same sink for the same peer and id, also after a restart. Throws STORAGE_FULL, STORAGE_REFUSED, FILE_TOO_LARGE. */
export type OpenFileSink = (offer: FileOffer) => Promise<FileSink>

/** Hashes content bit by bit. */
export interface Hasher {
  update(bytes: Uint8Array): void
  /** The hash in hex. Ends the use of this hasher. */
  digest(): string
}

/** What is remembered of a transfer, so that it goes on after a restart or reload. */
export interface TransferRecord {
  readonly direction: 'in' | 'out'
  readonly peer: string
  /** The transfer's id on the wire: 16 random bytes in base64url, made by the sender. */
  readonly id: string
  readonly name: string
  readonly bytes: number
  readonly mediaType: string
  /** `accepted`: under way (in: the person has said yes). `done`: received in full; answered so when the sender asks again. */
  readonly state: 'accepted' | 'done'
  readonly sha256: string | undefined
  readonly updatedAtMs: number
}

/** Where transfers are remembered. */
export interface TransferStore {
  get(direction: 'in' | 'out', peer: string, id: string): TransferRecord | undefined
  /** The unfinished transfer of this very file to this peer. */
  findOutgoing(peer: string, name: string, bytes: number, mediaType: string): TransferRecord | undefined
  put(record: Omit<TransferRecord, 'updatedAtMs'>): Promise<void>
  delete(direction: 'in' | 'out', peer: string, id: string): Promise<void>
}

/** What the other side is asked. */
export interface FileOffer {
  /** Unique on this peer; for `accept` and `decline`, and the id of the transfer that follows. */
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

/** The events of file sending and their details. */
export interface FileEventMap {
  'offer': FileOffer
  'progress': FileTransfer
  /** The transfer has ended, well or not: `state` says how. */
  'done': FileTransfer
}

/** Sending pictures and other files to a person who is here. */
export interface FileSending {
  readonly events: Events<FileEventMap>
  /** All that run, and those that ended last. */
  readonly transfers: readonly FileTransfer[]
  /** Offers that wait for an answer. */
  readonly offers: readonly FileOffer[]
  /**
   * Offers the file; resolves when the transfer has ended well, rejects with a P2pError otherwise. Goes on over a change of path, and where
   * the same file is sent to the same peer again after a reload. Throws FILE_NAME_INVALID, FILE_TOO_LARGE, FILE_REFUSED, FILE_HASH_MISMATCH,
   * STORAGE_FULL (there), LIMIT_REACHED, ABORTED, and what `open` throws.
   */
  send(peer: PeerId, source: FileSource, options?: { readonly signal?: AbortSignal }): Promise<FileTransfer>
  /** Throws FILE_REFUSED where there is no such offer any more. */
  accept(offerId: string): Promise<void>
  decline(offerId: string): Promise<void>
  cancel(transferId: string): Promise<void>
}
