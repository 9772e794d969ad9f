package gfauthz

import (
	"errors"
	"fmt"
)

// Code says what is wrong; the same words as in @gloflow/authz (docs/errors.md has cause and fix of each).
type Code string

// The codes that this package gives.
const (
	AlreadyMember       Code = "ALREADY_MEMBER"
	AuthorRevoked       Code = "AUTHOR_REVOKED"
	BundleInvalid       Code = "BUNDLE_INVALID"
	BundleTooLarge      Code = "BUNDLE_TOO_LARGE"
	CardMismatch        Code = "CARD_MISMATCH"
	CborInvalid         Code = "CBOR_INVALID"
	CborTooDeep         Code = "CBOR_TOO_DEEP"
	CborTooMany         Code = "CBOR_TOO_MANY"
	ChainBroken         Code = "CHAIN_BROKEN"
	ChainDuplicate      Code = "CHAIN_DUPLICATE"
	ChainEmpty          Code = "CHAIN_EMPTY"
	ChainTooLong        Code = "CHAIN_TOO_LONG"
	CheckpointBehind    Code = "CHECKPOINT_BEHIND"
	CheckpointOld       Code = "CHECKPOINT_OLD"
	CheckpointTooLarge  Code = "CHECKPOINT_TOO_LARGE"
	ClockInvalid        Code = "CLOCK_INVALID"
	CommandInvalid      Code = "COMMAND_INVALID"
	CommandWidened      Code = "COMMAND_WIDENED"
	DependencyMissing   Code = "DEPENDENCY_MISSING"
	DidInvalid          Code = "DID_INVALID"
	EnvelopeInvalid     Code = "ENVELOPE_INVALID"
	EpochUnknown        Code = "EPOCH_UNKNOWN"
	Expired             Code = "EXPIRED"
	FieldMissing        Code = "FIELD_MISSING"
	FieldType           Code = "FIELD_TYPE"
	FieldUnknown        Code = "FIELD_UNKNOWN"
	FlowFrozen          Code = "FLOW_FROZEN"
	FlowMismatch        Code = "FLOW_MISMATCH"
	GrantMismatch       Code = "GRANT_MISMATCH"
	InviteDead          Code = "INVITE_DEAD"
	InviteExhausted     Code = "INVITE_EXHAUSTED"
	KeyType             Code = "KEY_TYPE"
	KeyWeak             Code = "KEY_WEAK"
	LinkEnded           Code = "LINK_ENDED"
	LinkUnknown         Code = "LINK_UNKNOWN"
	LinkVoid            Code = "LINK_VOID"
	MayNotDelegate      Code = "MAY_NOT_DELEGATE"
	MetaInvalid         Code = "META_INVALID"
	NonceLength         Code = "NONCE_LENGTH"
	NotAMember          Code = "NOT_A_MEMBER"
	NotYetValid         Code = "NOT_YET_VALID"
	NoProof             Code = "NO_PROOF"
	NoResource          Code = "NO_RESOURCE"
	OperationChain      Code = "OPERATION_CHAIN"
	OperationTooLarge   Code = "OPERATION_TOO_LARGE"
	OperationUnknown    Code = "OPERATION_UNKNOWN"
	OwnerIrremovable    Code = "OWNER_IRREMOVABLE"
	PolicyNotEmpty      Code = "POLICY_NOT_EMPTY"
	PossessionMismatch  Code = "POP_MISMATCH"
	RecipientNotAllowed Code = "RECIPIENT_NOT_ALLOWED"
	RecoveryInvalid     Code = "RECOVERY_INVALID"
	RevocationForked    Code = "REVOCATION_FORKED"
	RevocationTooWide   Code = "REVOCATION_TOO_WIDE"
	RoleTooLow          Code = "ROLE_TOO_LOW"
	RootInvalid         Code = "ROOT_INVALID"
	SeenMismatch        Code = "SEEN_MISMATCH"
	SelfDelegation      Code = "SELF_DELEGATION"
	SignatureInvalid    Code = "SIGNATURE_INVALID"
	SignatureMalformed  Code = "SIGNATURE_MALFORMED"
	SubjectChanged      Code = "SUBJECT_CHANGED"
	SubjectNull         Code = "SUBJECT_NULL"
	TagUnknown          Code = "TAG_UNKNOWN"
	TargetUnknown       Code = "TARGET_UNKNOWN"
	TimeInvalid         Code = "TIME_INVALID"
	TokenTooLarge       Code = "TOKEN_TOO_LARGE"
	VarsigUnknown       Code = "VARSIG_UNKNOWN"
	WrongAudience       Code = "WRONG_AUDIENCE"
)

// NoLink is the Link of an error that is not about one link of a chain.
const NoLink = -1

// Error is every error of this package.
type Error struct {
	Code    Code
	Message string
	// Link is the index of the delegation at fault, the root being 0, or NoLink.
	Link int
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Retryable says whether the same request may succeed once more has arrived or time has passed.
func (e *Error) Retryable() bool {
	return e.Code == LinkUnknown || e.Code == NotYetValid || e.Code == CheckpointOld || e.Code == DependencyMissing
}

// CodeOf is the code of an error of this package, and "" for any other.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func errorf(code Code, format string, args ...interface{}) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Link: NoLink}
}

func atLink(err error, link int) error {
	var e *Error
	if errors.As(err, &e) {
		return &Error{Code: e.Code, Message: e.Message, Link: link}
	}
	return err
}
