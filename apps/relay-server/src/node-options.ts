import { FaultTolerance } from '@libp2p/interface'
import { yamux } from '@libp2p/yamux'
import type { Libp2pOptions } from 'libp2p'
import type { RelayAccess } from './access/relay-access.ts'
import { createRelayGater } from './access/connection-gater.ts'
import { withPeersInMemory } from './peer-records.ts'
import {
  CONNECTIONS_BESIDE_RESERVATIONS, LIBP2P_CONNECTIONS_PER_HOST_PER_S, MAX_CONNECTIONS_UNLIMITED, MAX_PENDING_CONNECTIONS, PEER_RECORDS_PER_CONNECTION, RELAY_STREAM_WINDOW_BYTES
} from './limits.ts'
import type { RelayMeter } from './status/meter.ts'
import { withCachedAddresses } from './transport/cached-addresses.ts'
import type { PageSockets } from './transport/page-websocket.ts'

/** What a relay changes in a peer's node. */
export interface RelayNodeInit {
  readonly listen: readonly string[]
  /** Instead of the addresses listened on; empty = those. */
  readonly announce: readonly string[]
  /** Besides the addresses listened on. */
  readonly appendAnnounce: readonly string[]
  readonly sockets: PageSockets
  readonly access: RelayAccess
  readonly meter: RelayMeter
  /** 0 = no limit. */
  readonly maxReservations: number
  readonly services: NonNullable<Libp2pOptions['services']>
  readonly now: () => number
}

/** Transports that the page's takes the place of. */
const PAGE_TRANSPORT_REPLACES = '@libp2p/websockets'

/** Makes a relay's node of a peer's: the page's port as a transport, room for many, limits for each client, and the relay's services. */
export function relayNodeOptions(defaults: Libp2pOptions, init: RelayNodeInit): Libp2pOptions {
  const maxConnections = init.maxReservations === 0 ? MAX_CONNECTIONS_UNLIMITED : init.maxReservations + CONNECTIONS_BESIDE_RESERVATIONS
  const transports: NonNullable<Libp2pOptions['transports']> = (defaults.transports ?? []).map((make) => (components) => {
    const transport = make(components)
    return withCachedAddresses(transport[Symbol.toStringTag] === PAGE_TRANSPORT_REPLACES ? init.sockets.transport(components) : transport, init.now)
  })
  // Metrics are left out: p2p-core counts each stream's bytes for people to see, and looks for its connection among all; ours are our own.
  const others = { ...defaults }
  delete others.metrics
  return {
    ...others,
    ...(defaults.datastore === undefined ? {} : { datastore: withPeersInMemory(defaults.datastore, maxConnections * PEER_RECORDS_PER_CONNECTION) }),
    addresses: { listen: [...init.listen], announce: [...init.announce], appendAnnounce: [...init.appendAnnounce] },
    transports,
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: RELAY_STREAM_WINDOW_BYTES } })],
    transportManager: { faultTolerance: FaultTolerance.FATAL_ALL },
    connectionGater: createRelayGater({ base: defaults.connectionGater ?? {}, access: init.access, refused: init.meter.refused, now: init.now }),
    connectionManager: {
      ...defaults.connectionManager,
      maxConnections,
      inboundConnectionThreshold: LIBP2P_CONNECTIONS_PER_HOST_PER_S,
      maxIncomingPendingConnections: MAX_PENDING_CONNECTIONS
    },
    services: { ...defaults.services, ...init.services }
  }
}
