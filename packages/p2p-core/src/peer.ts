import type { Libp2p, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Datastore } from 'interface-datastore'
import type { Presence } from './discovery/discovery.ts'
import type { Events } from './events.ts'
import type { P2pErrorCode } from './errors.ts'
import type { IdentityStatus } from './identity/identity.ts'
import type { PathUpgrader } from './nat/path-upgrader.ts'
import type { RunningGeneralChannel } from './protocol/general-channel.ts'
import type { GeneralChannel } from './protocol/general.ts'
import type { FileSending } from './protocol/send.ts'
import type { Handler, Protocol, ProtocolStream } from './protocol/protocol.ts'
import type { OpenOptions } from './protocol/registry.ts'
import type { RelaySupervisor } from './relays/supervisor.ts'

/**
 * `offline`: no relay and no peer. `connecting`: none yet, an attempt is under way. `online`: a relay with a reservation (or, without
 * relays, listening). `degraded`: connected, but not reachable as configured (no reservation, or not every relay).
 */
export type PeerState = 'offline' | 'connecting' | 'online' | 'degraded'

/** What AutoNAT found out about this peer's own addresses. */
export type Reachability = 'unknown' | 'public' | 'private'

/** One relay as the supervisor sees it. */
export interface RelayStatus {
  readonly peerId: string | undefined
  /** URL or multiaddr by which the relay was configured. */
  readonly source: string
  readonly state: 'idle' | 'dialing' | 'connected' | 'reserved' | 'waiting' | 'stopped'
  /** Milliseconds until the next attempt, in state `waiting`. */
  readonly retryInMs: number | undefined
  readonly rttMs: number | undefined
  readonly error: { readonly code: P2pErrorCode; readonly message: string } | undefined
}

/** The state of this peer in the network. */
export interface PeerStatus {
  readonly state: PeerState
  readonly relays: readonly RelayStatus[]
  readonly reachability: Reachability
  readonly lastError: { readonly code: P2pErrorCode; readonly message: string } | undefined
  /** Where this device's key is kept, and whether it ends with this tab or process. */
  readonly identity: IdentityStatus
  /** Where datastore and peer book are kept; `memory` with the reason, where nothing is. */
  readonly storage: { readonly kind: 'given' | 'indexeddb' | 'level' | 'memory'; readonly reason: string | undefined }
}

/** How the bytes to a peer travel. `lan` only where the selected pair of addresses proves it. */
export type PathKind = 'direct' | 'lan' | 'relayed'

/** Why the path is what it is. Words for people are the interface's business. */
export type PathReason =
  | 'dialled' // its address could be dialled
  | 'webrtc' // upgraded to WebRTC over the circuit's signalling
  | 'hole-punched' // DCUtR
  | 'same-network' // the selected pair is of private addresses on both sides
  | 'upgrading' // relayed while a direct path is being tried
  | 'upgrade-failed' // both sides tried; ICE or DCUtR found no working pair
  | 'no-stun' // the relay offers no STUN service and no local pair worked
  | 'no-common-transport' // the other side has no transport that could be direct
  | 'relayed-by-choice' // "direct only with people I share with"

/** What kind of program the other side is, by its identify agent and protocols. */
export type PeerKind = 'browser' | 'node' | 'go'

/** One connected peer that is not a relay. */
export interface PeerInfo {
  readonly id: PeerId
  readonly kind: PeerKind
  readonly path: PathKind
  readonly reason: PathReason
  /** 'tcp' | 'ws' | 'wss' | 'webrtc' | 'webrtc-direct' | 'circuit' (as far as it is known). */
  readonly transport: string
  readonly rttMs: number | undefined
  readonly bytesIn: number
  readonly bytesOut: number
  /** UNIX time in ms since when this path has been in use. */
  readonly sinceMs: number
  /** The PeerId of the relay, where the path is relayed. */
  readonly relay: string | undefined
  readonly protocols: readonly string[]
}

/** The events of a peer and their details. */
export interface PeerEventMap {
  'status': PeerStatus
  'presence': Presence
  'peer:connect': PeerInfo
  'peer:path': PeerInfo
  'peer:disconnect': { readonly id: PeerId }
  'protocol:denied': { readonly id: PeerId; readonly protocol: string; readonly code: string; readonly reason: string }
}

/** One peer of the network, the same in browser and Node. */
export interface Peer extends AsyncDisposable {
  readonly id: PeerId
  readonly status: PeerStatus
  readonly peers: readonly PeerInfo[]
  /** How many are in the network, and how many of them are connected: a peer keeps connections to some, not to all. */
  readonly presence: Presence
  /** Those who were found at the relays, connected or not; `connect` reaches each by its PeerId. */
  readonly found: readonly PeerId[]
  /** The addresses under which this peer can be reached now, each ending in /p2p/<own id>. */
  readonly multiaddrs: readonly Multiaddr[]
  readonly events: Events<PeerEventMap>
  /** The room of those present, and what this peer forwarded in it where it is a bridge. */
  readonly general: GeneralChannel & Pick<RunningGeneralChannel, 'bridgeStats' | 'bridgedPeers'>
  readonly files: FileSending
  /**
   * The relays: `wake` tries at once, `add` takes one more, `acceptNewKey` goes on with one whose key changed, `infos` are their verified
   * documents.
   */
  readonly relays: Pick<RelaySupervisor, 'acceptNewKey' | 'add' | 'infos' | 'wake'>
  /** `retry` tries to become direct with a peer at once, e.g. after what `allowDirect` says has changed. */
  readonly paths: Pick<PathUpgrader, 'retry'>
  /** Where this peer keeps things; `stop` closes it. What others keep here goes under a prefix of their own (`/gf/…`). */
  readonly datastore: Datastore
  /** The libp2p node underneath, for programs that add services of their own. */
  readonly libp2p: Libp2p
  /**
   * Dials a multiaddr (string or object) that ends in /p2p/<id>, or a known PeerId.
   * Throws P2pError ADDRESS_INVALID, ADDRESS_FORBIDDEN, PEER_ID_MISMATCH, DIAL_FAILED, DIAL_TIMEOUT.
   */
  connect(target: string | Multiaddr | PeerId, options?: { readonly signal?: AbortSignal }): Promise<PeerInfo>
  /** Opens a stream on the best connection; a protocol with an operation names what it is about, e.g. flows, as `resources`. Throws P2pError PROTOCOL_UNSUPPORTED, ACCESS_DENIED, PROTOCOL_TIMEOUT. */
  open<Message>(peer: PeerId, protocol: Protocol<Message>, options?: OpenOptions): Promise<ProtocolStream<Message>>
  /** Serves a protocol until the returned function is called. */
  handle<Message>(protocol: Protocol<Message>, handler: Handler<Message>): Promise<() => Promise<void>>
  /** An Ed25519 signature by this device's key. To be asked for messages only whose form no other protocol signs. */
  sign(message: Uint8Array): Promise<Uint8Array>
  /** Closes streams and connections, flushes the peer book, and releases storage. May be called twice. */
  stop(): Promise<void>
}
