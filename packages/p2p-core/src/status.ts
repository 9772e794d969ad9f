import { describeIdentity } from './identity/identity.ts'
import { reachabilityOf } from './internals.ts'
import type { Parts } from './parts.ts'
import type { PeerState, PeerStatus, RelayStatus } from './peer.ts'

/** What the state is made of. */
export interface StateFacts {
  readonly relays: readonly Pick<RelayStatus, 'state'>[]
  /** Whether anyone is connected who is no relay. */
  readonly hasPeers: boolean
  /** Whether this peer listens on an address of its own. */
  readonly listens: boolean
}

/** The one word for the state of a peer in the network; `PeerState` says what each means. */
export function stateOf({ relays, hasPeers, listens }: StateFacts): PeerState {
  if (relays.length === 0) return listens || hasPeers ? 'online' : 'offline'
  if (relays.every((relay) => relay.state === 'reserved')) return 'online'
  if (hasPeers || relays.some((relay) => relay.state === 'connected' || relay.state === 'reserved')) return 'degraded'
  return relays.some((relay) => relay.state === 'dialing' || relay.state === 'idle') ? 'connecting' : 'offline'
}

/** The status of a peer as it is now. */
export function describeStatus(parts: Pick<Parts, 'supervisor' | 'view' | 'libp2p' | 'identity' | 'storage' | 'internals' | 'kind' | 'problem'>): PeerStatus {
  const relays = parts.supervisor.status
  return {
    state: stateOf({ relays, hasPeers: parts.view.peers.length > 0, listens: parts.libp2p.getMultiaddrs().length > 0 }),
    relays,
    reachability: reachabilityOf(parts.internals(), parts.kind),
    lastError: relays.find((relay) => relay.error !== undefined)?.error ?? parts.problem(),
    identity: describeIdentity(parts.identity),
    storage: { kind: parts.storage.kind, reason: parts.storage.reason }
  }
}
