// Every number of this package, named and explained. Times in ms, sizes in bytes.

/** Time for one dial, all of its steps together. */
export const DIAL_TIMEOUT_MS = 15_000

/** Greatest size of one frame where a protocol does not say otherwise. */
export const DEFAULT_MAX_FRAME_BYTES = 64 * 1024

/** Time for negotiation and for the access decision where a protocol does not say otherwise. */
export const DEFAULT_OPEN_TIMEOUT_MS = 10_000
