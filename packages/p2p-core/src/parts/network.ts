import type { PeerId } from '@libp2p/interface'
import { createDialler, type Dialler } from '../dialler.ts'
import { announceInDht } from '../discovery/dht/dht.ts'
import { findInDht } from '../discovery/dht/find-in-dht.ts'
import { createDiscovery, type Discovery } from '../discovery/discovery.ts'
import type { Emitter } from '../events.ts'
import type { Identity } from '../identity/identity.ts'
import { PING_TIMEOUT_MS } from '../limits.ts'
import { createPathUpgrader, type PathUpgrader } from '../nat/path-upgrader.ts'
import type { ResolvedPeerOptions } from '../options.ts'
import type { PeerEventMap } from '../peer.ts'
import { createLiveness } from '../peers/liveness.ts'
import { createPeersView, type PeersView } from '../peers/view.ts'
import { keepBook, reconnectBook, relaysOfBook } from '../persistence/book-keeping.ts'
import type { Storage } from '../persistence/storage.ts'
import { createDatastorePins } from '../relays/pins.ts'
import { createRelaySupervisor, type RelaySupervisor } from '../relays/supervisor.ts'
import { createWakeups } from '../relays/wakeups.ts'
import type { Teardown } from '../teardown.ts'
import type { Foundation } from './foundation.ts'

export interface NetworkInit {
  readonly options: ResolvedPeerOptions
  readonly identity: Identity
  readonly storage: Storage
  readonly events: Emitter<PeerEventMap>
  readonly teardown: Teardown
  readonly foundation: Foundation
}

/** What keeps a peer among others: its relays, paths, those it finds, and the view of those who are connected. */
export interface Network {
  readonly supervisor: RelaySupervisor
  readonly upgrader: PathUpgrader
  readonly view: PeersView
  readonly discovery: Discovery
  readonly dialler: Dialler
  readonly isRelay: (peer: PeerId) => boolean
  /** To be called once the node runs. A relay meets thousands and seeks nobody: it keeps no book of them, and tries no other path to them. */
  start(): void
}

/** Makes all of it, without a step that could fail: what it defers is what it started. */
export function createNetwork({ options, identity, storage, events, teardown, foundation }: NetworkInit): Network {
  const { libp2p, book, policy, traffic, reservations, iceServers } = foundation
  const { now } = options
  const wakeups = createWakeups()
  teardown.defer(() => { wakeups.stop() })
  const supervisor = createRelaySupervisor({
    libp2p, wakeups, now, reservations,
    network: options.network,
    pins: createDatastorePins(storage.datastore),
    mayAsk: (url) => policy.allowsUrl(url),
    relays: options.relays.length > 0 ? options.relays : relaysOfBook(book)
  })
  teardown.defer(() => supervisor.stop())
  foundation.takeStunFrom(() => supervisor.infos.flatMap((info) => info.stun))
  const isRelay = (peer: PeerId): boolean => supervisor.isRelay(peer)
  const liveness = createLiveness({ libp2p, traffic, intervalMs: options.pingIntervalMs, timeoutMs: PING_TIMEOUT_MS })
  teardown.defer(() => { liveness.stop() })
  const upgrader = createPathUpgrader({
    libp2p, isRelay, wakeups, now,
    allowDirect: options.allowDirect,
    hasStun: () => iceServers().length > 0,
    onChange: (peer) => { view.refresh(peer) }
  })
  teardown.defer(() => { upgrader.stop() })
  const view: PeersView = createPeersView({ libp2p, events, traffic, liveness, isRelay, now, paths: upgrader })
  teardown.defer(() => { view.stop() })
  const discovery = createDiscovery({
    libp2p, reservations, now,
    privateKey: identity.privateKey,
    network: options.network,
    relays: supervisor,
    friends: () => new Set(book.list('friend').map((entry) => entry.peerId))
  })
  teardown.defer(() => { discovery.stop() })
  return {
    supervisor, upgrader, view, discovery, isRelay,
    dialler: createDialler({ libp2p, policy, book, discovery, isRelay }),
    start() {
      joinDht(foundation, options.network, isRelay, teardown)
      if (options.role === 'peer') {
        teardown.defer(keepBook({ libp2p, book, isRelay }))
        teardown.defer(reconnectBook({ libp2p, book, isRelay }))
        teardown.defer(discovery.events.on('presence', (presence) => { events.emit('presence', presence) }))
        upgrader.start()
        discovery.start()
      }
      supervisor.start()
    }
  }
}

/** Announces this peer in the DHT and looks for others there, where there is one. */
function joinDht({ libp2p, dht }: Foundation, network: string, isRelay: (peer: PeerId) => boolean, teardown: Teardown): void {
  const running = dht()
  if (running === undefined) return
  teardown.defer(announceInDht(running, network))
  teardown.defer(findInDht({ libp2p, dht: running, network, isRelay }))
}
