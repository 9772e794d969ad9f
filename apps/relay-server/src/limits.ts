// Every number of the relay server, named and explained. Times in ms, sizes in bytes.

/** Reservations at once. One costs about 270 KB of memory with its connection, so this is about half a gigabyte. */
export const DEFAULT_MAX_RESERVATIONS = 2_000

/** Bytes that a circuit carries in each direction: enough for a few pictures in full size. */
export const DEFAULT_CIRCUIT_MAX_BYTES = 64 * 1024 * 1024

/** Time that a circuit stays. */
export const DEFAULT_CIRCUIT_MAX_MS = 60 * 60 * 1000

/** Greatest size of a config file. */
export const MAX_CONFIG_FILE_BYTES = 256 * 1024

/** Files of the page that are served; a SvelteKit build has about a hundred. */
export const MAX_STATIC_FILES = 5_000

/** Time for the headers of a request to arrive. */
export const HTTP_HEADERS_TIMEOUT_MS = 10_000

/** Time for a whole request to arrive; none of ours has a body. */
export const HTTP_REQUEST_TIMEOUT_MS = 15_000

/** Time that an idle connection is kept for another request. */
export const HTTP_KEEP_ALIVE_MS = 5_000

/** Greatest size of a request's headers. */
export const HTTP_MAX_HEADER_BYTES = 16 * 1024

/** Greatest number of headers in a request. */
export const HTTP_MAX_HEADERS = 100

/** Greatest WebSocket message: libp2p's frames are at most 64 KiB of Noise or 16 MiB of a patient peer's yamux window in pieces. */
export const WS_MAX_MESSAGE_BYTES = 4 * 1024 * 1024

/** Bytes waiting in a WebSocket above which the sender is told to wait, and below which it is told to go on. */
export const WS_HIGH_WATER_BYTES = 1024 * 1024
export const WS_LOW_WATER_BYTES = 256 * 1024

/** Time for a WebSocket's closing handshake before it is cut. */
export const WS_CLOSE_TIMEOUT_MS = 2_000

/** Time for the whole relay to stop before it ends anyway. */
export const STOP_TIMEOUT_MS = 10_000

/** How long a reservation holds before its peer has to renew it. */
export const RESERVATION_TTL_MS = 15 * 60 * 1000

/** How long a slot is kept after its peer's last connection went, so that a short break of the network does not lose it. */
export const RESERVATION_GRACE_MS = 10_000

/** Time between looks for reservations that ended. */
export const RESERVATION_SWEEP_MS = 2_000

/** Reservations of one client address (IPv4, or an IPv6 /64): a large office behind one NAT. */
export const MAX_RESERVATIONS_PER_CLIENT = 256

/** Time that an older connection of a peer stays after the peer has reserved on a newer one. */
export const SUPERSEDED_CONNECTION_MS = 3_000

/** Bytes that a peer may send through circuits in an hour, all of them together: an evening's pictures, and no cinema. */
export const DEFAULT_PEER_MAX_BYTES = 4 * 1024 * 1024 * 1024

/** A circuit is not opened for a peer that may send fewer bytes than this: it would end at its first picture. */
export const MIN_BYTES_TO_OPEN = 64 * 1024

/** Peers whose bytes are remembered. About 200 bytes each. */
export const MAX_BYTE_ACCOUNTS = 65_536

/** Circuits at once. A congested one holds at most two windows of RELAY_STREAM_WINDOW_BYTES. */
export const MAX_CIRCUITS = 8_192

/** Circuits at once of one peer, in both roles together. A browser has a budget of about 20 peers. */
export const MAX_CIRCUITS_PER_PEER = 64

/** Circuits at once that were opened from one client address: a quarter of all, so that nobody takes them all by making PeerIds. */
export const MAX_CIRCUITS_PER_CLIENT = 2_048

/** Streams on which one connection may ask for reservations and circuits at once; a circuit keeps its stream. */
export const MAX_HOP_STREAMS_PER_CONNECTION = 96

/** Time for one request on a hop stream, with the other side's answer. */
export const HOP_TIMEOUT_MS = 20_000

/** Greatest size of a hop or stop message. Source: go-libp2p, circuitv2/relay, maxMessageSize. */
export const MAX_HOP_MESSAGE_BYTES = 4_096

/** Addresses of this relay in the answer to a reservation, so that it stays below MAX_HOP_MESSAGE_BYTES. */
export const MAX_RESERVATION_ADDRESSES = 16

/** yamux receive window of the relay's streams: bounds what a circuit holds while its slower side catches up. */
export const RELAY_STREAM_WINDOW_BYTES = 2 * 1024 * 1024

/** Time for a circuit's other half to end gracefully after the first one did. */
export const CIRCUIT_CLOSE_TIMEOUT_MS = 10_000

/** Connections of one client address at once. */
export const MAX_CONNECTIONS_PER_CLIENT = 512

/** Connections that a client address may open in a second, and at once after a quiet time. */
export const CONNECTIONS_PER_CLIENT_PER_S = 20
export const CONNECTION_BURST_PER_CLIENT = 200

/** Requests over HTTP that a client address may send in a second, and at once after a quiet time: a cold page needs about a hundred. */
export const REQUESTS_PER_CLIENT_PER_S = 50
export const REQUEST_BURST_PER_CLIENT = 1_000

/** Clients whose use is remembered at once; beyond that, those with nothing to remember are dropped first. */
export const MAX_REMEMBERED_CLIENTS = 65_536

/** Connections beyond the reservations: peers that only dial, neighbours, Go peers of the DHT. */
export const CONNECTIONS_BESIDE_RESERVATIONS = 2_000

/** Connections at once where reservations have no limit. */
export const MAX_CONNECTIONS_UNLIMITED = 100_000

/** Peers of which addresses and protocols are remembered, for each connection that there may be. About 1 KB each. */
export const PEER_RECORDS_PER_CONNECTION = 2

/** Inbound connections that are being secured at once. libp2p's default is 10. */
export const MAX_PENDING_CONNECTIONS = 512

/** libp2p's own limit of connections a second from one host does not know of proxies, so it is out of the way: ours is per client. */
export const LIBP2P_CONNECTIONS_PER_HOST_PER_S = 1_000_000

/** Time between two pings of a connection; a dead one is noticed after a few. 2,000 connections make 67 pings a second. */
export const PING_INTERVAL_MS = 30_000

/** Greatest STUN request that is looked at: 20 bytes of header, and what ICE adds. */
export const MAX_STUN_REQUEST_BYTES = 548

/** Greatest ratio of a STUN reply's size to its request's, so that nobody gains by a forged source address. */
export const MAX_STUN_AMPLIFICATION = 2.2

/** STUN requests that one source may send in a second, and at once after a quiet time. */
export const STUN_REQUESTS_PER_SOURCE_PER_S = 20
export const STUN_BURST_PER_SOURCE = 60

/** STUN requests that are answered in a second, of all sources together. */
export const STUN_REQUESTS_PER_S = 5_000

/** Time between looks at the certificate files. */
export const CERTIFICATE_POLL_MS = 2_000

/** How long an info document is good for, and the time after which a new one is signed. */
export const INFO_VALIDITY_MS = 24 * 60 * 60 * 1000
export const INFO_RENEWAL_MS = 6 * 60 * 60 * 1000

/** Time between looks whether the info document's content has changed. */
export const INFO_POLL_MS = 5_000

/** Addresses, STUN services and neighbours in the info document. */
export const MAX_INFO_ADDRESSES = 16
export const MAX_INFO_STUN = 4

/** Time between attempts to reach a neighbour: from the first to the greatest. */
export const NEIGHBOUR_RETRY_MS = 1_000
export const NEIGHBOUR_MAX_RETRY_MS = 60_000

/** Time between looks whether a neighbour is connected. */
export const NEIGHBOUR_POLL_MS = 2_000

/** Time for one attempt to reach a neighbour. */
export const NEIGHBOUR_DIAL_TIMEOUT_MS = 15_000

/** How long an invitation is good for where its maker does not say. */
export const DEFAULT_INVITATION_MS = 30 * 24 * 60 * 60 * 1000

/** The longest that an invitation may be good for. */
export const MAX_INVITATION_MS = 400 * 24 * 60 * 60 * 1000

/** Peers that are remembered as invited. */
export const MAX_INVITED_PEERS = 50_000

/** Peers that one invitation lets in: PeerIds cost nothing, so that one guest could use up the whole list. */
export const MAX_PEERS_PER_INVITATION = 1_000

/** Greatest body of a request over HTTP. */
export const HTTP_MAX_BODY_BYTES = 4 * 1024

/** Time for a body to arrive. */
export const HTTP_BODY_TIMEOUT_MS = 5_000

/** How long the addresses that a listener found on the machine's interfaces are taken as they are. */
export const LISTEN_ADDRESS_CACHE_MS = 2_000
