import { bootstrap } from '@libp2p/bootstrap'
import { identify, identifyPush } from '@libp2p/identify'
import { FaultTolerance, type ConnectionGater, type Metrics } from '@libp2p/interface'
import { ping } from '@libp2p/ping'
import { yamux } from '@libp2p/yamux'
import type { Libp2pOptions } from 'libp2p'
import { boundAnnounced } from './announce.ts'
import type { DhtPart } from './discovery/dht/dht.ts'
import type { Identity } from './identity/identity.ts'
import type { InternalsCapture } from './internals.ts'
import {
  DIAL_TIMEOUT_MS, MAX_ADDRESSES_PER_DIAL, MAX_CONNECTIONS, MAX_INBOUND_CONNECTIONS_PER_SECOND, MAX_PARALLEL_DIALS,
  MAX_PENDING_INBOUND_CONNECTIONS, MAX_PING_STREAMS,
  MAX_STREAM_WINDOW_BYTES
} from './limits.ts'
import type { ResolvedPeerOptions } from './options.ts'
import type { Storage } from './persistence/storage.ts'
import { RELAY_AGENT, type Platform, type TransportNeeds } from './platform/platform.ts'
import { CIRCUIT_LISTEN } from './relays/circuit-transport.ts'

/** What a node is made of besides the options. */
export interface Libp2pNeeds extends TransportNeeds {
  readonly platform: Platform
  readonly identity: Identity
  readonly storage: Storage
  readonly gater: ConnectionGater
  readonly metrics: Metrics
  readonly internals: InternalsCapture
  readonly dht: DhtPart | undefined
}

/** All of libp2p's options for one peer, before `configureLibp2p`. The node does not start by itself. */
export async function createLibp2pOptions(options: ResolvedPeerOptions, needs: Libp2pNeeds): Promise<Libp2pOptions> {
  const { platform, identity, storage } = needs
  const parts = await platform.libp2pParts(options, needs)
  return {
    start: false,
    privateKey: identity.privateKey,
    datastore: storage.datastore,
    nodeInfo: { userAgent: options.role === 'relay' ? RELAY_AGENT : platform.agentVersion },
    addresses: { announceFilter: boundAnnounced, listen: [...(options.listen ?? parts.listen), ...(options.role === 'relay' ? [] : [CIRCUIT_LISTEN])] },
    transports: parts.transports,
    // no unencrypted channel is ever offered; a transport that encrypts by itself (WebRTC) still authenticates by Noise
    connectionEncrypters: parts.connectionEncrypters,
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: MAX_STREAM_WINDOW_BYTES } })],
    // a default address that cannot be listened on (no IPv6 here) must not keep a peer from joining; one that was asked for is an error
    transportManager: { faultTolerance: options.listen === undefined ? FaultTolerance.NO_FATAL : FaultTolerance.FATAL_ALL },
    connectionGater: needs.gater,
    metrics: () => needs.metrics,
    // liveness is this package's own (peers/liveness.ts): libp2p's drops a connection at the first ping that a hidden tab answers late
    connectionMonitor: { enabled: false },
    connectionManager: {
      maxConnections: MAX_CONNECTIONS[platform.kind],
      inboundConnectionThreshold: MAX_INBOUND_CONNECTIONS_PER_SECOND,
      maxIncomingPendingConnections: MAX_PENDING_INBOUND_CONNECTIONS,
      maxParallelDials: MAX_PARALLEL_DIALS,
      maxPeerAddrsToDial: MAX_ADDRESSES_PER_DIAL,
      dialTimeout: DIAL_TIMEOUT_MS,
      ...parts.connectionManager
    },
    peerDiscovery: options.bootstrap.length > 0 ? [bootstrap({ list: [...options.bootstrap], timeout: 0, tagName: BOOTSTRAP_TAG })] : [],
    services: { identify: identify(), identifyPush: identifyPush(), ping: ping({ maxInboundStreams: MAX_PING_STREAMS, maxOutboundStreams: MAX_PING_STREAMS }), ...parts.services, ...needs.internals.services, ...(needs.dht === undefined ? {} : { dht: needs.dht.service }) },
    ...(options.logger === undefined ? {} : { logger: options.logger })
  }
}

/** libp2p dials peers whose tag begins so again when they go, five times; after that they are found by other ways or at the next start. */
const BOOTSTRAP_TAG = 'keep-alive-bootstrap'
