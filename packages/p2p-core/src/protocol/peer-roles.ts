import type { IdentifyResult, Libp2p, PeerId } from '@libp2p/interface'
import { roleOf } from '../peers/kind.ts'
import type { Identified, Role } from '../peers/kind.ts'

/** What identify said about the peers that are connected. */
export interface PeerRoles {
  /** `undefined` until identify has answered. */
  of(peer: PeerId): Role | undefined
  supports(peer: PeerId, protocol: string): boolean
  /** Waits for identify, for `timeoutMs` at most. */
  whenKnown(peer: PeerId, timeoutMs: number): Promise<Role | undefined>
  /** Calls back with each peer that is identified, and identified again. */
  onKnown(listener: (peer: PeerId, role: Role) => void): () => void
  stop(): void
}

/** Follows identify. Peers that were identified before are looked up in the peer store. */
export function createPeerRoles(libp2p: Libp2p): PeerRoles {
  const known = new Map<string, Identified>()
  const listeners = new Set<(peer: PeerId, role: Role) => void>()

  function learn(peer: PeerId, identified: Identified): void {
    // An answer may come after the peer has gone; nothing would take it out again.
    if (libp2p.getConnections(peer).length === 0) return
    known.set(peer.toString(), identified)
    for (const listener of [...listeners]) listener(peer, roleOf(identified))
  }
  const onIdentify = ({ detail }: CustomEvent<IdentifyResult>): void => {
    learn(detail.peerId, { agentVersion: detail.agentVersion, protocols: detail.protocols })
  }
  // identify-push changes the peer store and tells of it by this event.
  const onUpdate = ({ detail: { peer } }: CustomEvent<{ peer: { id: PeerId; protocols: string[]; metadata: Map<string, Uint8Array> } }>): void => {
    const before = known.get(peer.id.toString())
    if (before === undefined || before.protocols.length === peer.protocols.length) return
    learn(peer.id, { agentVersion: before.agentVersion, protocols: peer.protocols })
  }
  const onDisconnect = ({ detail }: CustomEvent<PeerId>): void => { known.delete(detail.toString()) }
  libp2p.addEventListener('peer:identify', onIdentify)
  libp2p.addEventListener('peer:update', onUpdate)
  libp2p.addEventListener('peer:disconnect', onDisconnect)

  function of(peer: PeerId): Role | undefined {
    const identified = known.get(peer.toString())
    return identified === undefined ? undefined : roleOf(identified)
  }

  async function lookUp(peer: PeerId): Promise<void> {
    const stored = await libp2p.peerStore.get(peer).catch(() => undefined)
    const agent = stored?.metadata.get('AgentVersion')
    if (stored === undefined || agent === undefined || known.has(peer.toString())) return
    learn(peer, { agentVersion: new TextDecoder().decode(agent), protocols: stored.protocols })
  }

  for (const peer of libp2p.getPeers()) void lookUp(peer)
  return {
    of,
    supports: (peer, protocol) => known.get(peer.toString())?.protocols.includes(protocol) === true,
    async whenKnown(peer, timeoutMs) {
      if (of(peer) === undefined) await lookUp(peer)
      if (of(peer) !== undefined) return of(peer)
      await new Promise<void>(resolve => {
        const done = (): void => {
          clearTimeout(timer)
          listeners.delete(listener)
          resolve()
        }
        const listener = (identified: PeerId): void => { if (identified.equals(peer)) done() }
        const timer = setTimeout(done, timeoutMs)
        listeners.add(listener)
      })
      return of(peer)
    },
    onKnown(listener) {
      listeners.add(listener)
      return () => { listeners.delete(listener) }
    },
    stop() {
      libp2p.removeEventListener('peer:identify', onIdentify)
      libp2p.removeEventListener('peer:update', onUpdate)
      libp2p.removeEventListener('peer:disconnect', onDisconnect)
      listeners.clear()
      known.clear()
    }
  }
}
