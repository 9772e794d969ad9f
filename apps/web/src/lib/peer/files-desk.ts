import { MAX_OPEN_OFFERS, MAX_SHOWN_TRANSFERS, SEND_START_WAIT_MS } from '../limits.ts'
import { toFailure } from '../errors.ts'
import { blobSource } from './blob-source.ts'
import type { FileOffer, FileSending, FileTransfer, PeerInfo } from '@gloflow/p2p-core'
import type { Offer, Transfer } from './client.ts'
import type { Outbox, OutboxEntry } from './outbox.ts'

type PeerId = PeerInfo['id']

/** Files on their way and questions that wait for an answer, as the page shows them. */
export interface FilesDesk {
  readonly offers: readonly Offer[]
  readonly transfers: readonly Transfer[]
  takeOffer(offer: FileOffer): void
  takeTransfer(transfer: FileTransfer): void
  /** Offers a file; throws what goes wrong at once, the rest is shown by the transfer. */
  give(peer: PeerId, file: File): Promise<void>
  /** Goes on with what waits for this person since before a reload or in another tab. */
  personIsHere(peer: PeerId): void
  answer(id: string, accepted: boolean): Promise<void>
  cancel(id: string): Promise<void>
  forget(id: string): void
}

export interface FilesDeskOptions {
  readonly files: FileSending
  readonly outbox: Outbox
  /** What the outbox held at the start. */
  readonly waiting: readonly OutboxEntry[]
  /** What another tab has shown before. */
  readonly seed: readonly Transfer[]
  readonly onChange: () => void
}

const ENDED: ReadonlySet<string> = new Set(['done', 'declined', 'cancelled', 'failed'])

/** The desk over the peer's file sending. */
export function createFilesDesk({ files, outbox, waiting: kept, seed, onChange }: FilesDeskOptions): FilesDesk {
  const offers = new Map<string, Offer>()
  const transfers = new Map<string, Transfer>(seed.filter((transfer) => ENDED.has(transfer.state)).map((transfer) => [transfer.id, transfer]))
  const waiting = new Map(kept.map((entry) => [entry.id, entry]))

  /** Keeps the entry until the sending has ended; what may still succeed waits for the person to come back. */
  async function run(peer: PeerId, file: File, entry: OutboxEntry | undefined): Promise<void> {
    try {
      await files.send(peer, blobSource(file))
    } catch (error) {
      if (entry !== undefined && toFailure(error).retryable) waiting.set(entry.id, entry)
      else if (entry !== undefined) await outbox.remove(entry.id)
      throw error
    } finally {
      onChange()
    }
    if (entry !== undefined) await outbox.remove(entry.id)
  }

  function bound(): void {
    for (const [id, transfer] of transfers) {
      if (transfers.size <= MAX_SHOWN_TRANSFERS) return
      if (ENDED.has(transfer.state)) transfers.delete(id)
    }
  }

  return {
    get offers() { return [...offers.values()] },
    get transfers() { return [...[...waiting.values()].map(toWaiting), ...[...transfers.values()].toReversed()] },
    takeOffer(offer) {
      if (offers.size >= MAX_OPEN_OFFERS) return void files.decline(offer.id)
      offers.set(offer.id, { id: offer.id, from: offer.from.toString(), name: offer.name, bytes: offer.bytes, mediaType: offer.mediaType })
      onChange()
    },
    takeTransfer(transfer) {
      if (transfer.direction === 'in' && transfer.state !== 'offered') offers.delete(transfer.id)
      if (transfer.direction === 'out' || transfer.state !== 'offered') transfers.set(transfer.id, toTransfer(transfer))
      bound()
      onChange()
    },
    async give(peer, file) {
      const entry = await outbox.add(peer.toString(), file)
      const sending = run(peer, file, entry)
      // How it ends is shown in the list; only what fails at once is the caller's.
      sending.catch(() => { /* shown by the transfer itself */ })
      await Promise.race([sending, new Promise((resolve) => { setTimeout(resolve, SEND_START_WAIT_MS) })]).catch((error: unknown) => {
        const shown = [...transfers.values()].some((one) => one.peer === peer.toString() && one.name === file.name && ENDED.has(one.state))
        if (!shown) throw error
      })
    },
    personIsHere(peer) {
      for (const entry of [...waiting.values()].filter((one) => one.peer === peer.toString())) {
        waiting.delete(entry.id)
        run(peer, entry.file, entry).catch(() => { /* shown by the transfer itself */ })
      }
    },
    async answer(id, accepted) {
      await (accepted ? files.accept(id) : files.decline(id))
      offers.delete(id)
      onChange()
    },
    async cancel(id) {
      if (!waiting.delete(id)) return files.cancel(id)
      await outbox.remove(id)
      onChange()
    },
    forget(id) {
      transfers.delete(id)
      onChange()
    }
  }
}

function toWaiting({ id, peer, file }: OutboxEntry): Transfer {
  return { id, peer, direction: 'out', name: file.name, totalBytes: file.size, doneBytes: 0, state: 'waiting', sha256: undefined, location: undefined, error: undefined }
}

function toTransfer(transfer: FileTransfer): Transfer {
  const { id, direction, name, totalBytes, doneBytes, state, sha256, location, error } = transfer
  return { id, peer: transfer.peer.toString(), direction, name, totalBytes, doneBytes, state, sha256, location, error }
}
