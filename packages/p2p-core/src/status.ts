import { describeIdentity, type Identity } from './identity/identity.ts'
import { reachabilityOf } from './internals.ts'
import type { Foundation } from './parts/foundation.ts'
import type { Network } from './parts/network.ts'
import type { PeerState, PeerStatus, RelayStatus } from './peer.ts'
import type { Storage } from './persistence/storage.ts'
import type { Platform } from './platform/platform.ts'

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

/** What the status is made of. */
export interface StatusFacts extends Pick<Foundation, 'libp2p' | 'internals' | 'problem'>, Pick<Network, 'supervisor' | 'view'> {
  readonly identity: Identity
  readonly storage: Storage
  readonly kind: Platform['kind']
}

/** The status of a peer as it is now. */
export function describeStatus(facts: StatusFacts): PeerStatus {
  const relays = facts.supervisor.status
  return {
    state: stateOf({ relays, hasPeers: facts.view.hasPeers, listens: facts.libp2p.getMultiaddrs().length > 0 }),
    relays,
    reachability: reachabilityOf(facts.internals(), facts.kind),
    lastError: relays.find((relay) => relay.error !== undefined)?.error ?? facts.problem(),
    identity: describeIdentity(facts.identity),
    storage: { kind: facts.storage.kind, reason: facts.storage.reason }
  }
}
