import type { Connection, IdentifyResult, Libp2p, PeerId } from '@libp2p/interface'
import type { Emitter } from '../events.ts'
import { IDENTIFY_WAIT_MS } from '../limits.ts'
import type { PathUpgrader } from '../nat/path-upgrader.ts'
import type { PathKind, PathReason, PeerEventMap, PeerInfo } from '../peer.ts'
import { roleOf, type Identified } from './kind.ts'
import type { Liveness } from './liveness.ts'
import { relayOf, transportOf } from './path.ts'
import type { TrafficMeter } from './traffic.ts'

/** Those who are connected, as people see them: relays are not among them. */
export interface PeersView {
  readonly peers: readonly PeerInfo[]
  /** Whether there is anyone. Cheaper than `peers`. */
  readonly hasPeers: boolean
  /** What is known about a connected peer, also where it is a relay. */
  info(peer: PeerId): PeerInfo | undefined
  /** Resolves when identify has said who the peer is, or the time for that is over. */
  identified(peer: PeerId): Promise<void>
  /** To be called when the reason of a path may have changed without a connection that opened or closed. */
  refresh(peer: PeerId): void
  stop(): void
}

export interface PeersViewOptions {
  readonly libp2p: Libp2p
  readonly events: Emitter<PeerEventMap>
  readonly traffic: TrafficMeter
  readonly liveness: Pick<Liveness, 'rttMs'>
  readonly isRelay: (peer: PeerId) => boolean
  /** Says which connection is in use, and why its path is what it is. */
  readonly paths: Pick<PathUpgrader, 'describe' | 'pickConnection'>
  readonly now: () => number
}

interface Entry {
  readonly id: PeerId
  readonly identified: PromiseWithResolvers<void>
  readonly timer: ReturnType<typeof setTimeout>
  known: Identified
  /** What was last told by an event; undefined = not yet announced. */
  told: { readonly connection: string; readonly path: PathKind; readonly reason: PathReason } | undefined
  bestId: string | undefined
  sinceMs: number
}

/** Follows libp2p's connections and tells of people who come, go, or are reached another way. */
export function createPeersView(options: PeersViewOptions): PeersView {
  const { libp2p, events, traffic, liveness, isRelay, paths, now } = options
  const entries = new Map<string, Entry>()

  function entryOf(id: PeerId): Entry {
    const key = id.toString()
    const existing = entries.get(key)
    if (existing !== undefined) return existing
    const identified = Promise.withResolvers<void>()
    const timer = setTimeout(() => { settle(id) }, IDENTIFY_WAIT_MS)
    const entry: Entry = { id, identified, timer, known: { agentVersion: undefined, protocols: [] }, told: undefined, bestId: undefined, sinceMs: now() }
    entries.set(key, entry)
    return entry
  }

  function settle(id: PeerId): void {
    const entry = entries.get(id.toString())
    if (entry === undefined) return
    clearTimeout(entry.timer)
    entry.identified.resolve()
    tell(entry)
  }

  function describe(entry: Entry): PeerInfo | undefined {
    const connection = paths.pickConnection(entry.id)
    if (connection === undefined) return undefined
    if (entry.bestId !== connection.id) {
      entry.bestId = connection.id
      entry.sinceMs = now()
    }
    const role = roleOf(entry.known)
    const carried = libp2p.getConnections(entry.id).map((one) => traffic.of(one))
    return {
      id: entry.id,
      kind: role === 'relay' ? 'node' : role,
      ...paths.describe(connection),
      transport: transportOf(connection),
      rttMs: liveness.rttMs(connection),
      bytesIn: carried.reduce((sum, one) => sum + one.bytesIn, 0),
      bytesOut: carried.reduce((sum, one) => sum + one.bytesOut, 0),
      sinceMs: entry.sinceMs,
      relay: relayOf(connection),
      protocols: entry.known.protocols
    }
  }

  function isPerson(entry: Entry): boolean {
    return roleOf(entry.known) !== 'relay' && !isRelay(entry.id)
  }

  function tell(entry: Entry): void {
    const info = describe(entry)
    if (info === undefined || entry.bestId === undefined || !isPerson(entry)) return
    const before = entry.told
    entry.told = { connection: entry.bestId, path: info.path, reason: info.reason }
    if (before === undefined) events.emit('peer:connect', info)
    else if (before.connection !== entry.bestId || before.path !== info.path || before.reason !== info.reason) events.emit('peer:path', info)
  }

  function retell(id: PeerId): void {
    const entry = entries.get(id.toString())
    if (entry?.told !== undefined) tell(entry)
  }

  const onOpen = ({ detail }: CustomEvent<Connection>): void => {
    entryOf(detail.remotePeer)
    retell(detail.remotePeer)
  }
  const onClose = ({ detail }: CustomEvent<Connection>): void => {
    const entry = entries.get(detail.remotePeer.toString())
    if (entry === undefined) return
    if (paths.pickConnection(entry.id) !== undefined) return retell(entry.id)
    entries.delete(entry.id.toString())
    clearTimeout(entry.timer)
    entry.identified.resolve()
    if (entry.told !== undefined) events.emit('peer:disconnect', { id: entry.id })
  }
  const onIdentify = ({ detail }: CustomEvent<IdentifyResult>): void => {
    const entry = entries.get(detail.peerId.toString())
    if (entry === undefined) return
    entry.known = { agentVersion: detail.agentVersion ?? entry.known.agentVersion, protocols: detail.protocols }
    settle(entry.id)
  }

  libp2p.addEventListener('connection:open', onOpen)
  libp2p.addEventListener('connection:close', onClose)
  libp2p.addEventListener('peer:identify', onIdentify)
  return {
    get peers() {
      return [...entries.values()].filter((entry) => entry.told !== undefined).map(describe).filter((info) => info !== undefined)
    },
    get hasPeers() {
      for (const entry of entries.values()) if (entry.told !== undefined) return true
      return false
    },
    info: (peer) => {
      const entry = entries.get(peer.toString())
      return entry === undefined ? undefined : describe(entry)
    },
    identified: (peer) => entries.get(peer.toString())?.identified.promise ?? Promise.resolve(),
    refresh: retell,
    stop() {
      libp2p.removeEventListener('connection:open', onOpen)
      libp2p.removeEventListener('connection:close', onClose)
      libp2p.removeEventListener('peer:identify', onIdentify)
      for (const entry of entries.values()) {
        clearTimeout(entry.timer)
        entry.identified.resolve()
      }
      entries.clear()
    }
  }
}
