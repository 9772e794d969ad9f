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

/** Bytes waiting in a WebSocket above which the sender is told to wait. */
export const WS_HIGH_WATER_BYTES = 4 * 1024 * 1024

/** Time between looks at a WebSocket that has more than that waiting. */
export const WS_DRAIN_POLL_MS = 10

/** Time for a WebSocket's closing handshake before it is cut. */
export const WS_CLOSE_TIMEOUT_MS = 2_000

/** Time for the whole relay to stop before it ends anyway. */
export const STOP_TIMEOUT_MS = 10_000
