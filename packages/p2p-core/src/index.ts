// The public names of this package; test/index.test.ts pins them. Withheld on purpose: the parts that createPeer is made of.
export { createPeer } from './node.ts'
export { DEFAULT_PEER_OPTIONS, type PeerOptions } from './options.ts'
export type { IdentityStatus, IdentityStorage } from './identity/identity.ts'
export { parsePeerId, verifyPeerId } from './identity/verify.ts'
export { P2pError, isP2pError, type P2pErrorCode, type P2pErrorInit } from './errors.ts'
export { createEmitter, type Emitter, type Events, type Listener } from './events.ts'
export type {
  PathKind, PathReason, Peer, PeerEventMap, PeerInfo, PeerKind, PeerState, PeerStatus, Reachability, RelayStatus
} from './peer.ts'
export type {
  AccessDecision, AccessPolicy, AccessRequest, Codec, Framing, Handler, Protocol, ProtocolLimits, ProtocolStream
} from './protocol/protocol.ts'
export { DEFAULT_PROTOCOL_LIMITS, defineProtocol, type ProtocolDefinition } from './protocol/define-protocol.ts'
export { openAccess } from './access/open-access.ts'
export { createPlatformCrypto, type PlatformCrypto } from './access/crypto-platform.ts'
export { createFlowAccess, type FlowAccess, type FlowAccessInit } from './access/flow-access.ts'
export type { OpenOptions } from './protocol/registry.ts'
export type { Presence } from './discovery/discovery.ts'
export type { GeneralChannel, GeneralMessage } from './protocol/general.ts'
export type { FileOffer, FileSending, FileSink, FileSource, FileTransfer } from './protocol/send.ts'
export { AUTH_PROTOCOL, DEFAULT_NETWORK, FLOW_SYNC_PROTOCOL, GENERAL_PROTOCOL, RENDEZVOUS_PROTOCOL, SEND_PROTOCOL } from './protocols.ts'
export { VERSION } from './version.ts'
export { parseRelayInfo, signRelayInfo, type RelayInfo, type RelayInfoContent, type RelayInfoDocument } from './relays/info.ts'
export { createRendezvousServer, type RendezvousServer } from './discovery/rendezvous/server.ts'
export { announceInDht, createDht, networkCid, storedValue, type DhtPart } from './discovery/dht/dht.ts'
