import { P2pError, type FileOffer, type Peer } from '../src/index.ts'

/** Offers that wait for an answer, at most this many; the oldest are declined. */
const MAX_WAITING_OFFERS = 100

/** Answers offers of files: by itself, or as the commands `accept` and `decline` say. */
export interface OfferDesk {
  /** Accepts one offer, or without an id all that wait. Where every offer is accepted by itself there is nothing left to do. Throws P2pError OPTION_INVALID. */
  accept(offer: string | undefined): Promise<Record<string, unknown>>
  decline(offer: string): Promise<Record<string, unknown>>
}

/** How the desk answers. */
export interface OfferDeskOptions {
  /** Without a directory for downloads nothing can be accepted. */
  readonly downloads: string | undefined
  /** Wait for a command. */
  readonly ask: boolean
}

/** Makes the desk of one peer. */
export function createOfferDesk(peer: Peer, { downloads, ask }: OfferDeskOptions): OfferDesk {
  const waiting = new Map<string, FileOffer>()

  const acceptOne = async (id: string): Promise<void> => {
    waiting.delete(id)
    await peer.files.accept(id)
  }
  const declineOne = async (id: string): Promise<void> => {
    waiting.delete(id)
    await peer.files.decline(id)
  }
  const onOffer = async (offer: FileOffer): Promise<void> => {
    if (downloads === undefined) return // the peer declines by itself
    if (!ask) return acceptOne(offer.id)
    waiting.set(offer.id, offer)
    const oldest = waiting.keys().next().value
    if (waiting.size > MAX_WAITING_OFFERS && oldest !== undefined) await declineOne(oldest)
  }
  peer.files.events.on('offer', (offer) => { void onOffer(offer).catch(() => { /* it ended meanwhile, which file:done tells */ }) })
  peer.files.events.on('done', ({ id }) => { waiting.delete(id) })

  const need = (id: string): void => {
    if (!waiting.has(id)) throw new P2pError('OPTION_INVALID', `No offer "${id.slice(0, 80)}" waits for an answer.`)
  }
  return {
    async accept(id) {
      if (downloads === undefined) throw new P2pError('OPTION_INVALID', 'Files can be accepted only with --downloads DIR.')
      if (ask && id !== undefined) need(id)
      const ids = id !== undefined ? [id] : [...waiting.keys()]
      if (ask) for (const one of ids) await acceptOne(one)
      return { offers: ids }
    },
    async decline(id) {
      need(id)
      await declineOne(id)
      return { offer: id }
    }
  }
}
