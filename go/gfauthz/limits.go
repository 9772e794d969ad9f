package gfauthz

// Bounds, in bytes of the encoded form unless said otherwise. Each is checked before anything is parsed or verified.
const (
	maxTokenBytes      = 2_048
	maxBundleBytes     = 16_384
	maxChainLinks      = 8
	maxOperationBytes  = 65_536
	maxCheckpointBytes = 65_536
	// maxCheckpointIDs is how many ids one list of a checkpoint may have.
	maxCheckpointIDs = 1_900
	maxCborDepth     = 8
	// maxCborItems counts keys too.
	maxCborItems  = 8_192
	minNonceBytes = 12
	maxNonceBytes = 32
	// maxDependencies is how many heads an operation names besides its author's own last one.
	maxDependencies = 32
	// maxRecipients is how many devices and links one list of an operation may name.
	maxRecipients = 400
	maxInviteUses = 1_000
	maxSequence   = 1<<31 - 1
	// maxVoidedByAdmin is how many operations that others built on an admin's revocation may void.
	maxVoidedByAdmin        = 100
	maxQuarantinedPerAuthor = 256
	// maxTransfers is how many hand-overs of one flow are followed.
	maxTransfers = 64
	// maxRegistrations is how many recovery keys of a person are looked at.
	maxRegistrations = 32
	// clockSkewSeconds is how far two honest clocks may be apart.
	clockSkewSeconds = 60
	// maxPossessionSeconds is how long a proof of possession may be valid.
	maxPossessionSeconds = 300
	// maxSafeInteger is 2^53−1: what every language reads as the same integer.
	maxSafeInteger = 1<<53 - 1
)
