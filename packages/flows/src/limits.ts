/** Every bound of this package. */

/** Operations kept of one flow; authz's state of as many is computed in a fraction of a second. */
export const MAX_OPERATIONS_PER_FLOW = 8_190
/** Flows kept by one device. */
export const MAX_FLOWS = 256
/** Characters of a flow's name, and of a tag. */
export const MAX_NAME_CHARACTERS = 200
export const MAX_TAG_CHARACTERS = 64

/** Authors' chains that one statement of heads names: authz's greatest number of devices, twice, since removed ones stay in the history. */
export const MAX_SYNC_HEADS = 1_024
/** Operations and bytes of one frame; an operation has at most 64 KiB, so that three of the largest fit. */
export const MAX_SYNC_BATCH = 64
export const MAX_SYNC_BATCH_BYTES = 196_608
/** A frame: its kind, and a batch with a length of 4 bytes before each operation. */
export const SYNC_MAX_FRAME_BYTES = 1 + MAX_SYNC_BATCH_BYTES + 4 * MAX_SYNC_BATCH
/** Missing operations that one frame asks for, and how many such frames one stream may carry. */
export const MAX_WANTED = 256
export const MAX_WANTS_PER_STREAM = 64
/** Operations of strangers after which a stream ends: whoever forwards so many is not mistaken. */
export const MAX_STRANGERS_PER_STREAM = 64
/** Streams of flow-sync with one peer: one for each shared flow. */
export const SYNC_STREAMS_PER_PEER = 32

/** Signatures that one member may make this device check: a burst, which is a long offline time, and what comes back each second. */
export const SYNC_VERIFY_BURST = 2_048
export const SYNC_VERIFY_PER_S = 256
/** How long a stream that has used its signatures up is not read. */
export const SYNC_VERIFY_PAUSE_MS = 250
/** Members whose budgets are remembered. */
export const MAX_SYNC_BUDGETS = 256

/** Waits between tries to reach a member who is connected: the first, and the longest. */
export const SYNC_RETRY_MS = 250
export const SYNC_RETRY_MAX_MS = 15_000
/** How long a change is given to reach those whose stream it ends, e.g. by another role. A removal waits for nothing. */
export const CHANGE_GRACE_MS = 250

/** A card or a bundle, with its kind. */
export const HELLO_MAX_FRAME_BYTES = 16_384 + 1
/** Offers of flows that wait for a person's answer: in all, and of one peer. */
export const MAX_OFFERS = 64
export const MAX_OFFERS_PER_PEER = 8
