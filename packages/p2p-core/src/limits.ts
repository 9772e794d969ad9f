// Every number of this package, named and explained. Times in ms, sizes in bytes.

/** Time for one dial, all of its steps together. */
export const DIAL_TIMEOUT_MS = 15_000

/** How long circuits over connected relays are tried before a peer's other addresses: several round trips over a slow phone network. */
export const CIRCUIT_FIRST_MS = 4_000

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

/** Time between two pings of a connection. Under the 120 s after which libp2p ends a silent stream, of which a circuit is one. */
export const PING_INTERVAL_MS = 15_000

/** Time for one ping. */
export const PING_TIMEOUT_MS = 10_000

/** Pings in a row without an answer and without a byte of anything else, after which a connection counts as dead. */
export const MAX_SILENT_PINGS = 3

/** Own addresses that others are told, together. Identify sends them twice, in at most 8 KiB with protocols, key and signature. */
export const MAX_ANNOUNCED_BYTES = 3 * 1024

/** Time for the other side to say by identify who it is, before it is shown as it is known. */
export const IDENTIFY_WAIT_MS = 3_000

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

// --- Protocols: registry, general channel, file sending ---

/** Silence after which a reader gives up, where a protocol does not say otherwise. */
export const DEFAULT_IDLE_TIMEOUT_MS = 60_000

/** Streams of one protocol that one peer may have open to us, and we to it, where a protocol does not say otherwise. */
export const DEFAULT_MAX_STREAMS_PER_PEER = 16

/** Longest protocol ID that is registered or asked for; multistream-select itself takes 1,024. */
export const MAX_PROTOCOL_ID_BYTES = 256

/** Lower minors (and patches of the newest minor) that one handler is registered under. Each costs one ID in identify's list. */
export const MAX_SERVED_VERSIONS = 16

/** Bytes that wait for the reader of one stream before it is paused. Two yamux start windows. */
export const READ_QUEUE_BYTES = 512 * 1024

/**
 * What a piece of a stream costs besides its bytes, in bytes: time and memory for one frame of the muxer. GloFlow's Go peer floods in frames
 * of two bytes, so that bytes alone would say little.
 */
export const PIECE_COST_BYTES = 512

/**
 * Greatest receive window of a yamux stream: what the other side may send before it is read. libp2p's default is 16 MiB, which one peer
 * could fill on each of its streams. 4 MiB carry 40 MB/s at 100 ms.
 */
export const MAX_STREAM_WINDOW_BYTES = 4 * 1024 * 1024

/** Bytes libp2p may hold for a paused stream before it resets it: what a full window can still deliver. WebRTC has no window: there it is the limit. */
export const MAX_UNREAD_BYTES = MAX_STREAM_WINDOW_BYTES + 64 * 1024

/** The same while the access decision is open: one yamux start window and a little. */
export const MAX_UNDECIDED_BYTES = 512 * 1024

/** Time that a stream which we have closed may stay half-open before it is reset. */
export const CLOSE_LINGER_MS = 5_000

/**
 * Time that an answering side which has read nothing yet waits before it closes. libp2p 3.3 fails to open a stream whose end arrives in
 * one piece with multistream's answer, and loses what came with it.
 */
export const CLOSE_GRACE_MS = 250

/** Greatest size of the answering side's verdict frame. */
export const MAX_VERDICT_BYTES = 1024

/** Greatest size of the opening side's frame that says what a stream is about, and how much it may name. */
export const MAX_REQUEST_BYTES = 4 * 1024
export const MAX_RESOURCES = 16
export const MAX_RESOURCE_CHARACTERS = 128

/** Refusals of one peer that are told to the application each second, and at once; all are counted. */
export const DENIALS_PER_SECOND = 2
export const DENIAL_BURST = 10

/**
 * Bytes a second that a stream may waste in frames that are dropped (lines without an end); above it, reading waits. GloFlow's flood comes in
 * frames of two bytes: 16,000 of them a second cost about 3 % of a core.
 */
export const DISCARD_BYTES_PER_SECOND = 32 * 1024

// --- Relay supervisor (relays/) ---

/** Time that a relay has to answer a request for a reservation. */
export const RESERVE_TIMEOUT_MS = 5_000

/** Greatest size of a relay's answer to it: a signed voucher and its addresses. */
export const MAX_HOP_MESSAGE_BYTES = 16 * 1024

/** Addresses of a relay under which this peer is announced. */
export const MAX_RESERVATION_ADDRESSES = 16

/** Delay before the first new attempt at a lost relay; it doubles with each failure. */
export const RELAY_RETRY_MIN_MS = 250

/** Greatest delay between attempts while somebody is looking: a relay that is back is found within 10 s. */
export const RELAY_RETRY_MAX_MS = 5_000

/** Greatest delay while the tab is hidden: still within 10 s. The browser itself stretches it after some minutes; a wake-up ends it at once. */
export const RELAY_RETRY_HIDDEN_MS = 8_000

/** Greatest delay after a failure that only a person or an operator can mend (wrong network, not a relay, not let in). */
export const RELAY_RETRY_REFUSED_MS = 60_000

/** Time for one attempt to reach a relay. Every third one has longer, for slow networks. */
export const RELAY_ATTEMPT_MS = 6_000
export const RELAY_SLOW_ATTEMPT_MS = 20_000

/** A connection that was held for so long counts as a success: the next loss starts from the shortest delay. */
export const RELAY_STABLE_MS = 10_000

/** Shortest time between two requests to extend a reservation. */
export const RESERVATION_REFRESH_MIN_MS = 30_000

/** Longest such time: when a reservation ends is told by the relay's clock, which may differ from this device's by days. */
export const RESERVATION_REFRESH_MAX_MS = 5 * 60_000

/** Time after which the info document is fetched anew from a relay that is connected. */
export const RELAY_INFO_REFRESH_MS = 15 * 60_000

/** After a wake-up a relay has this long for each of two pings before its connection counts as dead. */
export const WAKE_PING_TIMEOUT_MS = 2_500

/** How often the clock is looked at for jumps (sleep), and how late a look may be: hidden tabs get one tick a minute. */
export const CLOCK_CHECK_MS = 2_000
export const CLOCK_JUMP_MS = 8_000
export const CLOCK_JUMP_HIDDEN_MS = 90_000

/** Relays that a peer holds at once, those it learned from others' info documents included. */
export const MAX_HELD_RELAYS = 3

/** Peers in the peer book. The least useful make room: first those who are neither relay nor friend, and of those the longest unseen. */
export const MAX_BOOK_PEERS = 500

/** Addresses kept for one peer. */
export const MAX_BOOK_ADDRESSES = 12

/** Greatest size of one peer's record on disk: twelve addresses of up to 400 characters, with room. */
export const MAX_BOOK_RECORD_BYTES = 8 * 1024

/** How long a change of the peer book may wait to be written together with others. */
export const BOOK_WRITE_DELAY_MS = 200

/** How long a peer that was not seen is kept. */
export const MAX_BOOK_AGE_MS = 90 * 24 * 3_600_000

/** Relays that are taken from the peer book where none is configured. */
export const MAX_BOOK_RELAYS = 3

/** People from the peer book who are dialled at start, those seen last first. */
export const MAX_BOOK_RECONNECTS = 16

/** Longest line of the general channel. */
export const GENERAL_MAX_LINE_BYTES = 64 * 1024

/** Messages a second that are read from one peer on the general channel, and how many at once; above it, reading waits. */
export const GENERAL_MESSAGES_PER_SECOND = 50
export const GENERAL_MESSAGE_BURST = 200

/** Streams of the general channel with one peer: one each way, twice while the path changes, and what Go peers open again. */
export const GENERAL_MAX_STREAMS_PER_PEER = 8

/** Messages and bytes that wait to be taken by one peer; what is over is dropped and counted. */
export const GENERAL_QUEUE_MESSAGES = 64
export const GENERAL_QUEUE_BYTES = 1024 * 1024

/** Time within which one peer has to take a message. */
export const GENERAL_SEND_TIMEOUT_MS = 5_000

/** Message ids remembered of one author, and authors of whom any are: what is older may be shown twice. */
export const GENERAL_IDS_PER_AUTHOR = 512
export const GENERAL_AUTHORS = 512

/** Time within which the same bytes of one Go peer by two ways are one message, and how many such are remembered. */
export const GENERAL_SAME_BYTES_MS = 5_000
export const GENERAL_SAME_BYTES_ENTRIES = 2_048

/** Go peers that a bridge tells of, and that a message to a bridge can be meant for. */
export const GENERAL_MAX_BRIDGED = 32

/** A bridge tells of Go peers that came and went at most this often; lost messages are reported at most this often too. */
export const GENERAL_REPORT_INTERVAL_MS = 1_000

/** Time for identify to say what kind of program a peer is, before its first line is read. */
export const GENERAL_ROLE_WAIT_MS = 5_000

// --- Rendezvous and discovery (discovery/) ---

/** Registrations that a server keeps: in all, under one namespace, of one peer. One costs about 1 KiB. */
export const MAX_RENDEZVOUS_TOTAL = 10_000
export const MAX_RENDEZVOUS_NAMESPACE = 5_000
export const MAX_RENDEZVOUS_PER_PEER = 8

/** Longest namespace, in UTF-8 bytes. Source: libp2p/specs, rendezvous, "at most 255 bytes". */
export const MAX_NAMESPACE_BYTES = 255

/** How long a registration lasts where the request does not say, and at most. Source: libp2p/specs, rendezvous: 2 h, 72 h. */
export const DEFAULT_RENDEZVOUS_TTL_S = 2 * 3600
export const MAX_RENDEZVOUS_TTL_S = 72 * 3600

/** Registrations in one answer, at most and where the request does not say. */
export const MAX_DISCOVER_LIMIT = 100

/** Greatest size of one signed peer record, and the number of its addresses. */
export const MAX_PEER_RECORD_BYTES = 8 * 1024
export const MAX_PEER_RECORD_ADDRESSES = 32

/** Greatest size of a request: a record and a namespace. And of an answer: as many records as may be asked for. */
export const MAX_RENDEZVOUS_REQUEST_BYTES = 16 * 1024
export const MAX_RENDEZVOUS_RESPONSE_BYTES = 1024 * 1024

/** Requests on one stream, streams of one connection, and time for one request. */
export const MAX_RENDEZVOUS_REQUESTS = 16
export const MAX_RENDEZVOUS_STREAMS = 4
export const RENDEZVOUS_TIMEOUT_MS = 10_000

/** Requests of one peer within a minute. */
export const MAX_RENDEZVOUS_REQUESTS_PER_MINUTE = 120

/** Time between two looks, of a server that is full, for registrations of peers that are not connected. */
export const RENDEZVOUS_ROOM_MS = 1_000

/** After its last connection went, a peer that can only be reached through this relay stays registered for so long. */
export const RENDEZVOUS_LEAVE_GRACE_MS = 15_000

/** How often a server drops what has expired. */
export const RENDEZVOUS_SWEEP_MS = 60_000

/** Connections to people up to which strangers are dialled. A browser pays for each with memory and ports. */
export const CONNECTION_BUDGET = 16

/** Registrations that a search asks for: enough to fill the budget with some to spare. */
export const DISCOVER_SAMPLE = 50

/** Time between two searches at one relay, and to the second one: two who join at once see each other then at the latest. */
export const DISCOVER_INTERVAL_MS = 30_000
export const DISCOVER_EAGER_MS = 3_000

/** Every so many searches one goes without a cookie: who has left is noticed. */
export const DISCOVER_FULL_EVERY = 4

/** Delay after a search that failed; it doubles up to the cap. */
export const DISCOVER_RETRY_MIN_MS = 1_000
export const DISCOVER_RETRY_MAX_MS = 30_000

/** People who are kept in mind at once. */
export const MAX_KNOWN_PEERS = 1_000

/** Dials of discovery under way at once, and time for one. */
export const MAX_DISCOVERY_DIALS = 4
export const DISCOVERY_DIAL_MS = 10_000

/** Delay after a dial that failed; it doubles up to the cap. */
export const REDIAL_MIN_MS = 5_000
export const REDIAL_MAX_MS = 5 * 60_000

/** Content bytes in one frame of a file: large enough that the work for each frame does not count, small enough to cancel soon. */
export const SEND_CHUNK_BYTES = 128 * 1024

/** Greatest frame of the protocol: a chunk and its kind. */
export const SEND_MAX_FRAME_BYTES = SEND_CHUNK_BYTES + 1

/** Content bytes under way that the receiver has not yet confirmed as written. Below MAX_UNREAD_BYTES, since WebRTC has no window of its own. */
export const SEND_WINDOW_BYTES = 3 * 1024 * 1024

/** The receiver confirms each time that so many bytes more are written. */
export const SEND_ACK_BYTES = 256 * 1024

/** Largest file that is offered or taken by default. */
export const SEND_MAX_FILE_BYTES = 1024 * 1024 * 1024

/** Largest file that a browser without OPFS takes, since it has to stay in memory. */
export const SEND_MEMORY_MAX_BYTES = 256 * 1024 * 1024

/** Both sides say that they are alive this often; silence of three times that ends the stream (the transfer goes on by another). */
export const SEND_ALIVE_MS = 10_000
export const SEND_IDLE_TIMEOUT_MS = 30_000

/** Time for the other side to understand why a transfer ends, before its stream is reset. */
export const SEND_FAREWELL_MS = 2_000

/** Time that a person has to answer an offer. */
export const SEND_OFFER_TIMEOUT_MS = 10 * 60_000

/** Time that an offer nobody has answered outlives its stream, and that a running transfer waits for a path. */
export const SEND_OFFER_GRACE_MS = 60_000
export const SEND_RESUME_MS = 5 * 60_000

/** Waiting between tries to go on; a new connection to the peer is tried at once. */
export const SEND_RETRY_FIRST_MS = 250
export const SEND_RETRY_MOST_MS = 5_000

/** Unanswered offers of one peer, and of all together; what is over is declined. */
export const SEND_MAX_OFFERS_PER_PEER = 4
export const SEND_MAX_OFFERS = 64

/** Incoming files of one peer at once, those that wait for it to come back included: each holds an open file. */
export const SEND_MAX_INCOMING_PER_PEER = 16

/** Offers that one peer may take back unanswered within the window before its next ones are declined, and peers of whom that is counted. */
export const SEND_MAX_WITHDRAWN = 20
export const SEND_WITHDRAWN_WINDOW_MS = 60_000
export const SEND_WITHDRAWN_PEERS = 1_024

/** Transfers to one peer at once, below the other side's limits; more wait, up to the second number. */
export const SEND_CONCURRENT_PER_PEER = 3
export const SEND_QUEUED_PER_PEER = 256

/** Streams of file sending with one peer: those transfers, and as many again while the path changes. */
export const SEND_MAX_STREAMS_PER_PEER = 8

/** A running transfer tells of its progress at most this often. */
export const SEND_PROGRESS_INTERVAL_MS = 100

/** Ended transfers that stay in the list. */
export const SEND_HISTORY = 50

/** Unfinished transfers that are remembered, and for how long; partial files are kept as long. */
export const SEND_STORE_ENTRIES = 256
export const SEND_STORE_MS = 7 * 24 * 3_600_000

/** Longest file name in bytes of UTF-8: what common file systems take. */
export const MAX_FILE_NAME_BYTES = 255

// --- Direct paths (nat/) ---

/** Time for dialling a peer's own addresses before WebRTC is tried. Those that lead nowhere from here do not answer at all. */
export const UPGRADE_DIAL_MS = 1_500

/** Addresses of one peer that are tried so. */
export const MAX_UPGRADE_ADDRESSES = 8

/** Time for the first WebRTC attempt, and for later ones: it takes half a second on most networks, and some seconds on busy devices. */
export const UPGRADE_FIRST_MS = 5_000
export const UPGRADE_LATER_MS = 8_000

/** The side that does not begin tries by itself after so long, should the other one not be able to. It waits for one that is under way. */
export const UPGRADE_FALLBACK_MS = 7_000

/** Delays before the attempts after a failed one; the last one goes on for ever. Each attempt costs an RTCPeerConnection. */
export const UPGRADE_RETRY_MS: readonly number[] = [200, 2_000, 15_000, 60_000, 5 * 60_000, 15 * 60_000, 60 * 60_000, 4 * 60 * 60_000]

/** So many own attempts fail before it is said: the one who begins has one more, as the other one tries in between. */
export const UPGRADE_ATTEMPTS_OF_BEGINNER = 3
export const UPGRADE_ATTEMPTS_OF_OTHER = 2

/** How often it is looked whether the other side's attempt is over, and how long for: longer than libp2p lets one go on. */
export const INBOUND_ATTEMPT_POLL_MS = 50
export const INBOUND_ATTEMPT_WAIT_MS = 15_000

/**
 * A WebRTC connection that libp2p reports gets so long to be one: where the one who began gave up, the other side has a connection that
 * was never open.
 */
export const WEBRTC_CONNECTED_MS = 1_000
export const WEBRTC_CONNECTED_POLL_MS = 50

/** Time for each of two round trips that prove a direct path. */
export const PROOF_TIMEOUT_MS = 2_500

/** A circuit is closed when it was seen idle twice, with this time between, after the direct path was proven. */
export const CIRCUIT_IDLE_CHECK_MS = 1_000

/** Streams that do not move to the direct path by themselves are cut off after this time. */
export const CIRCUIT_DRAIN_MAX_MS = 2 * 60_000

/** Inbound WebRTC attempts of one peer within a minute. Each costs an RTCPeerConnection, of which a tab has 500 in its life. */
export const MAX_INBOUND_UPGRADES_PER_MINUTE = 10

/** How often it is looked whether identify has told by now what a peer speaks. */
export const IDENTIFY_POLL_MS = 1_000

/** Pings of one connection at once, each way: liveness and the proof of a path may meet. libp2p's own limit of one would fail the second. */
export const MAX_PING_STREAMS = 8

// --- DHT (discovery/dht/), in Node ---

/** Records of the DHT that are kept: provider records and values together, in memory. */
export const MAX_DHT_RECORDS = 8_192

/** Provider records of one peer. A GloFlow peer has one. */
export const MAX_DHT_RECORDS_PER_PEER = 64

/** Values (not provider records) that are kept. A GloFlow peer has one key. */
export const MAX_DHT_VALUES = 256

/** Greatest size of a stored record, and of a value that a validator takes. */
export const MAX_DHT_RECORD_BYTES = 2_048
export const MAX_DHT_VALUE_BYTES = 1_024

/** Greatest length of a key of the namespace /gf/. */
export const MAX_DHT_KEY_BYTES = 128

/** How long a record is kept that nobody renews. Go's peers renew theirs within hours, GloFlow's every 10 s. Source: libp2p/specs, kad-dht. */
export const DHT_RECORD_TTL_MS = 24 * 60 * 60 * 1000

/** Time until a peer announces itself in the DHT, and between announcements. */
export const DHT_FIRST_PROVIDE_MS = 2_000
export const DHT_PROVIDE_INTERVAL_MS = 5 * 60 * 1000

/** Time for one announcement. */
export const DHT_PROVIDE_TIMEOUT_MS = 60_000

/** DHT streams of one connection at once. */
export const MAX_DHT_STREAMS = 32

/**
 * Bytes of DHT messages that one connection may send at once, and a second after that: some 2,600 records, then 160 a second. kad-dht holds a
 * timer and more for each message for 10 s, whether or not its record is kept.
 */
export const DHT_INBOUND_BURST_BYTES = 256 * 1024
export const DHT_INBOUND_BYTES_PER_SECOND = 16 * 1024

/** Time until a peer looks for others in the DHT, and between two looks. GloFlow's peers look every 10 s. */
export const DHT_FIRST_FIND_MS = 4_000
export const DHT_FIND_INTERVAL_MS = 30_000

/** Providers that one look takes. */
export const MAX_DHT_PROVIDERS = 50

// --- Access: proofs and gates ---

/** Greatest frame of the proof protocol: a bundle (authz allows 16 KiB) and its kind. */
export const AUTH_MAX_FRAME_BYTES = 16 * 1024 + 1

/** Proofs that a peer may present on one connection, each replacing the one before for the same flow. */
export const AUTH_MAX_PROOFS_PER_CONNECTION = 64

/** Flows of which a connection's proofs are kept. */
export const AUTH_MAX_FLOWS_PER_CONNECTION = 32

/** Peers whose budget of signature checks is remembered. */
export const AUTH_MAX_BUDGETS = 1_024

/** Open streams are asked about again this often, so that a proof that has ended is noticed. */
export const AUTH_RECHECK_INTERVAL_MS = 30_000
