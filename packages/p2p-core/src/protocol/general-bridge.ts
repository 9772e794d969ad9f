import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { GENERAL_MAX_BRIDGED, GENERAL_REPORT_INTERVAL_MS } from '../limits.ts'
import { GENERAL_PROTOCOL } from '../protocols.ts'
import type { Body, BridgeNote } from './general-wire.ts'
import type { PeerRoles } from './peer-roles.ts'

/** What a bridge did since it started. */
export interface BridgeStats {
  /** Messages that were taken for forwarding, each counted once however many got it. */
  readonly messages: number
  /** Single deliveries that were given up: the receiver was gone or did not take them. */
  readonly dropped: number
}

/** What a bridge works with. */
export interface GeneralBridgeInit {
  readonly libp2p: Libp2p
  readonly roles: PeerRoles
  readonly sendTo: (peer: PeerId, body: Body, id: string | undefined, note?: Partial<BridgeNote>) => Promise<void>
  readonly onDropped: (count: number) => void
}

/**
 * Forwards between Go peers that speak TLS alone, which a browser cannot talk to end to end, and own peers. The bridge reads what it
 * forwards: own peers send it only what is meant for such Go peers. It forwards what a Go peer sent on its own connection, and what an
 * own peer asks it to; never what came from a bridge.
 */
export interface GeneralBridge {
  readonly stats: BridgeStats
  forwardFromGo(author: PeerId, body: Body): void
  forwardToGo(author: PeerId, to: readonly string[], body: Body, id: string): void
  stop(): void
}

/** Makes the forwarding part of a bridge, and keeps own peers told of the Go peers that are here. */
export function createGeneralBridge(init: GeneralBridgeInit): GeneralBridge {
  const { libp2p, roles } = init
  const stats = { messages: 0, dropped: 0 }
  /** By own peer: the list that it was told last. */
  const told = new Map<string, string>()
  let timer: ReturnType<typeof setTimeout> | undefined

  const ownPeers = (): PeerId[] => libp2p.getPeers().filter(peer => {
    const role = roles.of(peer)
    return (role === 'browser' || role === 'node') && roles.supports(peer, GENERAL_PROTOCOL)
  })
  const goPeers = (): PeerId[] => libp2p.getPeers()
    .filter(peer => roles.of(peer) === 'go' && roles.supports(peer, GENERAL_PROTOCOL) && speaksTls(libp2p.getConnections(peer)))
    .slice(0, GENERAL_MAX_BRIDGED)

  function deliver(peer: PeerId, body: Body, id: string | undefined, note?: Partial<BridgeNote>): void {
    init.sendTo(peer, body, id, note).catch(() => { stats.dropped += 1 })
  }

  function tellWhoIsHere(): void {
    timer = undefined
    const here = goPeers().map(peer => peer.toString()).sort()
    const text = here.join(' ')
    for (const peer of ownPeers()) {
      const key = peer.toString()
      if ((told.get(key) ?? '') === text) continue
      told.set(key, text)
      init.sendTo(peer, {}, undefined, { here }).catch(() => { told.delete(key) })
    }
  }
  const soon = (): void => { timer ??= setTimeout(tellWhoIsHere, GENERAL_REPORT_INTERVAL_MS) }
  const offKnown = roles.onKnown(soon)
  const onDisconnect = ({ detail }: CustomEvent<PeerId>): void => {
    told.delete(detail.toString())
    soon()
  }
  libp2p.addEventListener('peer:disconnect', onDisconnect)
  soon()

  return {
    stats,
    forwardFromGo(author, body) {
      stats.messages += 1
      for (const peer of ownPeers()) deliver(peer, body, undefined, { from: author.toString() })
    },
    forwardToGo(author, to, body, id) {
      stats.messages += 1
      const here = new Map(goPeers().map(peer => [peer.toString(), peer]))
      for (const name of to) {
        const peer = here.get(name)
        if (peer === undefined) stats.dropped += 1
        else deliver(peer, { ...body, from: author.toString() }, id)
      }
    },
    stop() {
      clearTimeout(timer)
      offKnown()
      libp2p.removeEventListener('peer:disconnect', onDisconnect)
    }
  }
}

function speaksTls(connections: readonly Connection[]): boolean {
  return connections.some(connection => connection.encryption === '/tls/1.0.0')
}
