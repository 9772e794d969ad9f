/** Every bound of this package. Bytes are of the encoded form; a bound is checked before anything is parsed or verified. */

/** A delegation, key card or proof of possession. The largest honest one is below 400 bytes. */
export const MAX_TOKEN_BYTES = 2_048
/** A chain of proofs as presented once a connection. */
export const MAX_BUNDLE_BYTES = 16_384
/** Links of a chain: root, owner's device, admin, device, member, device, and room for a hand-over. */
export const MAX_CHAIN_LINKS = 8
/** An operation; an epoch with wraps for {@link MAX_RECIPIENTS} keys fits. */
export const MAX_OPERATION_BYTES = 65_536
/** Heads of the history that one operation names besides its author's own last operation. */
export const MAX_DEPENDENCIES = 32
/** A checkpoint: room for about 1,900 void links. */
export const MAX_CHECKPOINT_BYTES = 65_536
/** Nesting of arrays and maps; the deepest honest thing has 6. */
export const MAX_CBOR_DEPTH = 8
/** Items of one CBOR thing, keys counted. */
export const MAX_CBOR_ITEMS = 8_192
/** Nonces, in bytes. */
export const MIN_NONCE_BYTES = 12
export const MAX_NONCE_BYTES = 32
/** How far two honest clocks may be apart. */
export const CLOCK_SKEW_S = 60
/** How long a proof of possession may be valid. */
export const MAX_POP_LIFETIME_S = 300
/** A link's life where its maker names none: 7 days. */
export const INVITE_LIFETIME_S = 604_800
/** Admissions that one link may ask for. */
export const MAX_INVITE_USES = 1_000
/** Devices and links that can read one flow: what one epoch operation has room for. */
export const MAX_RECIPIENTS = 400
/** Operations that an admin's revocation may void, of those that another member with the membership right built on. */
export const MAX_VOIDED_BY_ADMIN = 100
/** Operations kept aside for each author after a revocation that they did not know of. */
export const MAX_QUARANTINED_PER_AUTHOR = 256
/** Hand-overs of one flow that are followed. */
export const MAX_TRANSFERS = 64
/** Registrations of recovery keys that are looked at for one person. */
export const MAX_REGISTRATIONS = 32
/** Operations that wait for ones they build on: in all, in bytes, and of one author. */
export const MAX_PENDING_OPERATIONS = 1_024
export const MAX_PENDING_BYTES = 4_194_304
export const MAX_PENDING_PER_AUTHOR = 256
/** Good signatures remembered by a verifier. */
export const MAX_CACHED_VERDICTS = 4_096
/** Names whose keys are remembered, so that a chain seen before parses faster: below 1 MB. */
export const MAX_REMEMBERED_DIDS = 4_096
/** Signatures that one peer may make a verifier check: a burst, and what comes back each second. */
export const VERIFY_BUDGET_BURST = 64
export const VERIFY_BUDGET_PER_S = 16
/** Rounds of PBKDF2-SHA-256 for a recovery file: OWASP's figure of 2023 at least; a cap, so that a hostile file cannot stall a page. */
export const MIN_PBKDF2_ROUNDS = 600_000
export const MAX_PBKDF2_ROUNDS = 10_000_000
