import { MAX_OPEN_OFFERS, MAX_SHOWN_TRANSFERS, SEND_START_WAIT_MS } from '../limits.ts'
import { blobSource } from './blob-source.ts'
import type { FileOffer, FileSending, FileTransfer, PeerInfo } from '@gloflow/p2p-core'
import type { Offer, Transfer } from './client.ts'

/** Files on their way and questions that wait for an answer, as the page shows them. */
export interface FilesDesk {
  readonly offers: readonly Offer[]
  readonly transfers: readonly Transfer[]
  takeOffer(offer: FileOffer): void
  takeTransfer(transfer: FileTransfer): void
  give(peer: PeerInfo['id'], file: File): Promise<void>
  answer(id: string, accepted: boolean): Promise<void>
  cancel(id: string): Promise<void>
  forget(id: string): void
}

const ENDED: ReadonlySet<string> = new Set(['done', 'declined', 'cancelled', 'failed'])

/** The desk over the peer's file sending. `seed`: what another tab has shown before. */
export function createFilesDesk(files: FileSending, seed: readonly Transfer[], onChange: () => void): FilesDesk {
  const offers = new Map<string, Offer>()
  const transfers = new Map<string, Transfer>(seed.filter((transfer) => ENDED.has(transfer.state)).map((transfer) => [transfer.id, transfer]))

  function bound(): void {
    for (const [id, transfer] of transfers) {
      if (transfers.size <= MAX_SHOWN_TRANSFERS) return
      if (ENDED.has(transfer.state)) transfers.delete(id)
    }
  }

  return {
    get offers() { return [...offers.values()] },
    get transfers() { return [...transfers.values()].toReversed() },
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
      const sending = files.send(peer, blobSource(file))
      // How it ends is shown in the list; only what fails at once is the caller's.
      sending.catch(() => { /* shown by the transfer itself */ })
      await Promise.race([sending, new Promise((resolve) => { setTimeout(resolve, SEND_START_WAIT_MS) })]).catch((error: unknown) => {
        const shown = [...transfers.values()].some((one) => one.peer === peer.toString() && one.name === file.name && ENDED.has(one.state))
        if (!shown) throw error
      })
    },
    async answer(id, accepted) {
      await (accepted ? files.accept(id) : files.decline(id))
      offers.delete(id)
      onChange()
    },
    cancel: (id) => files.cancel(id),
    forget(id) {
      transfers.delete(id)
      onChange()
    }
  }
}

function toTransfer(transfer: FileTransfer): Transfer {
  const { id, direction, name, totalBytes, doneBytes, state, sha256, location, error } = transfer
  return { id, peer: transfer.peer.toString(), direction, name, totalBytes, doneBytes, state, sha256, location, error }
}
