export { type AccessRequest, type AccessView, type Allowed, authorize, type CheckpointView, type Denied, type LinkRecord, type LinkStatus, type MemberView } from './authorize.ts'
export { type Bundle, encodeBundle, parseBundle, resolveBundle, type VerifiedBundle, verifyBundle } from './bundle.ts'
export {
  type AcceptedCheckpoint,
  type Checkpoint,
  type CheckpointOptions,
  type CheckpointPolicy,
  createCheckpoint,
  parseCheckpoint,
  verifyCheckpoint
} from './checkpoint.ts'
export { type AeadPort, createSigner, type CryptoPort, type HpkeKeyPair, type HpkePort, type HpkeSealed, type Signer } from './crypto.ts'
export { createDelegation, createRoot, type Delegation, type DelegationKind, type DelegationOptions, type NewFlow, parseDelegation } from './delegation.ts'
export { type Did, didOfKey, isSignatureShape, isWeakKey, keyOfDid, parseDid } from './did.ts'
export type { Signed } from './envelope.ts'
export { AuthzError, type AuthzErrorCode, type AuthzErrorInit, isRetryable } from './errors.ts'
export * as authzLimits from './limits.ts'
export { createPossession, parsePossession, type Possession, type PossessionPolicy, verifyPossession } from './possession.ts'
export { explain } from './reasons.ts'
export { commandOf, COMMANDS, covers, type Level, OPERATIONS, type Role, roleOf, ROLES } from './roles.ts'
export { createCachingVerifier, createVerifier, createVerifyBudget, type Verifier, type VerifyBudget } from './verify.ts'
