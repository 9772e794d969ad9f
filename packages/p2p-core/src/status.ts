import type { PeerState, RelayStatus } from './peer.ts'

/** What the state is made of. */
export interface StateFacts {
  readonly relays: readonly RelayStatus[]
  /** Whether anyone is connected who is no relay. */
  readonly hasPeers: boolean
  /** Whether this peer listens on an address of its own. */
  readonly listens: boolean
}

/** The one word for the state of a peer in the network; `PeerState` says what each means. */
export function stateOf({ relays, hasPeers, listens }: StateFacts): PeerState {
  if (relays.length === 0) return listens || hasPeers ? 'online' : 'offline'
  const reserved = relays.filter((relay) => relay.state === 'reserved').length
  if (reserved === relays.length) return 'online'
  const connected = relays.some((relay) => relay.state === 'connected' || relay.state === 'reserved')
  if (connected || hasPeers) return 'degraded'
  return relays.some((relay) => relay.state === 'dialing' || relay.state === 'idle') ? 'connecting' : 'offline'
}
