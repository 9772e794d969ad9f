// Every number of this package, named and explained. Times in ms, sizes in bytes.

/** Time for one dial, all of its steps together. */
export const DIAL_TIMEOUT_MS = 15_000

/** Greatest size of one frame where a protocol does not say otherwise. */
export const DEFAULT_MAX_FRAME_BYTES = 64 * 1024

/** Time for negotiation and for the access decision where a protocol does not say otherwise. */
export const DEFAULT_OPEN_TIMEOUT_MS = 10_000

// ---- node, identity, storage, peer book

/** Relays that one peer is configured with. */
export const MAX_RELAYS = 16

/** Connections of one peer, counting relayed ones. A browser has a budget: each WebRTC connection costs it memory and ports. */
export const MAX_CONNECTIONS = { browser: 64, node: 300 } as const

/** Inbound connections a second from one IP address. libp2p's 5 is too few for peers behind one NAT or proxy. */
export const MAX_INBOUND_CONNECTIONS_PER_SECOND = 50

/** Inbound connections that are not yet authenticated. libp2p's 10 is used up by one page reload of a group. */
export const MAX_PENDING_INBOUND_CONNECTIONS = 100

/** Dials under way at once. */
export const MAX_PARALLEL_DIALS = 20

/** Addresses of one peer that are tried in one dial. */
export const MAX_ADDRESSES_PER_DIAL = 16

/** Longest multiaddr that is parsed, in characters. A circuit address with two certificate hashes has about 400. */
export const MAX_MULTIADDR_CHARS = 1_024

/** Greatest size of a private key file: a protobuf Ed25519 key has 68 bytes. */
export const MAX_KEY_FILE_BYTES = 1_024

// --- Relay info document (relays/) ---

/** Greatest size of the relay info document as it is fetched. A real one has 2–4 KiB. */
export const MAX_RELAY_INFO_BYTES = 64 * 1024

/** Greatest number of relay addresses in an info document: a few interfaces times a few transports. */
export const MAX_RELAY_INFO_ADDRESSES = 32

/** Greatest number of STUN services in an info document. Browsers warn from five on. */
export const MAX_RELAY_INFO_STUN = 4

/** Greatest number of other relays in an info document. */
export const MAX_RELAY_INFO_RELAYS = 32

/** Greatest length of one address, URL or name in an info document, in characters. */
export const MAX_RELAY_INFO_STRING = 512

/** Time to fetch an info document, body included. */
export const RELAY_INFO_TIMEOUT_MS = 10_000

/** How far this device's clock may be wrong before a fresh info document counts as expired. */
export const CLOCK_SKEW_MS = 5 * 60_000
