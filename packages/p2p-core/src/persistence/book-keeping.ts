import type { Connection, IdentifyResult, Libp2p, PeerId } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { MAX_BOOK_RECONNECTS, MAX_BOOK_RELAYS } from '../limits.ts'
import type { PeerBook } from './peer-book.ts'

export interface BookKeepingOptions {
  readonly libp2p: Libp2p
  readonly book: PeerBook
  readonly isRelay: (peer: PeerId) => boolean
}

/** Writes into the book who was met, and where; returns the function that ends it. */
export function keepBook({ libp2p, book, isRelay }: BookKeepingOptions): () => void {
  const onOpen = ({ detail }: CustomEvent<Connection>): void => {
    if (detail.direct && isRelay(detail.remotePeer)) book.tag(detail.remotePeer, 'relay')
    book.met(detail.remotePeer, isDialable(detail) ? detail.remoteAddr.toString() : undefined)
  }
  // what identify says; an empty list (its relay just died) takes nothing away
  const onIdentify = ({ detail }: CustomEvent<IdentifyResult>): void => {
    const heard = detail.listenAddrs.map(String).map((address) => address.includes(`/p2p/${detail.peerId.toString()}`) ? address : `${address}/p2p/${detail.peerId.toString()}`)
    if (detail.connection.direct && isRelay(detail.peerId)) book.tag(detail.peerId, 'relay')
    if (heard.length > 0) book.heard(detail.peerId, heard)
  }
  libp2p.addEventListener('connection:open', onOpen)
  libp2p.addEventListener('peer:identify', onIdentify)
  return () => {
    libp2p.removeEventListener('connection:open', onOpen)
    libp2p.removeEventListener('peer:identify', onIdentify)
  }
}

/** Whether the other side's address is one to dial again. Of an inbound connection it is a port that is gone tomorrow. */
function isDialable(connection: Connection): boolean {
  const names = connection.remoteAddr.getComponents().map((component) => component.name)
  return connection.direction === 'outbound' && (names.includes('tcp') || names.includes('udp'))
}

/** The relays of the book as multiaddrs, the address that worked last of each: for a peer that is configured with none. */
export function relaysOfBook(book: PeerBook): string[] {
  return book.list('relay').map((entry) => entry.addresses.find((address) => address.lastSuccessMs > 0)?.multiaddr).filter((address) => address !== undefined).slice(0, MAX_BOOK_RELAYS)
}

/**
 * Dials the people of the book: first at their own addresses, and those that are reached over a relay once it is there. Friends come
 * before those who were merely met.
 */
export function reconnectBook({ libp2p, book, isRelay }: BookKeepingOptions): () => void {
  const stopped = new AbortController()
  const wanted = [...book.list('friend'), ...book.list().filter((entry) => entry.tags.length === 0)].slice(0, MAX_BOOK_RECONNECTS)
  const dial = async (addresses: readonly string[]): Promise<void> => {
    if (addresses.length > 0) await libp2p.dial(addresses.map((address) => multiaddr(address)), { signal: stopped.signal })
  }
  const missing = (peerId: string): boolean => !libp2p.getPeers().some((peer) => peer.toString() === peerId)
  for (const entry of wanted) {
    void dial(entry.addresses.map((address) => address.multiaddr).filter((address) => !address.includes('/p2p-circuit'))).catch(() => { /* a relay may still lead there */ })
  }
  const onOpen = ({ detail }: CustomEvent<Connection>): void => {
    if (!detail.direct || !isRelay(detail.remotePeer)) return
    for (const entry of wanted.filter(({ peerId }) => missing(peerId))) {
      void dial([`${detail.remoteAddr.toString()}/p2p-circuit/p2p/${entry.peerId}`]).catch(() => { /* not here now */ })
    }
  }
  libp2p.addEventListener('connection:open', onOpen)
  return () => {
    libp2p.removeEventListener('connection:open', onOpen)
    stopped.abort()
  }
}

