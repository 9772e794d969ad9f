export type { Action, ContentNeed, EarlierKey, RevokeScope, Tip, Wrap } from './actions.ts'
export {
  addContent,
  adoptContent,
  append,
  type Author,
  confirmRecovery,
  createFlow,
  grantMember,
  inviteBy,
  linkDevice,
  registerRecovery,
  removePerson,
  revokeDevice,
  revokeLink,
  setPublic,
  transferFlow
} from './authoring.ts'
export {
  type AccessRequest,
  type AccessView,
  type Allowed,
  authorize,
  type CheckpointView,
  type Denied,
  type LinkRecord,
  type LinkStatus,
  type MemberView
} from './authorize.ts'
export { type Bundle, encodeBundle, parseBundle, resolveBundle, type VerifiedBundle, verifyBundle } from './bundle.ts'
export { type Card, createCard, parseCard } from './card.ts'
export {
  type AcceptedCheckpoint,
  type Checkpoint,
  checkpointOf,
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
export {
  type EpochKeys,
  isRotationDue,
  missingRecipients,
  openEpochs,
  openUnderEpoch,
  type Recipient,
  recipientsOf,
  rendezvousNamespace,
  rotateEpoch,
  sealUnderEpoch,
  shareEpoch,
  unwrapKey,
  wrapKey
} from './epoch-keys.ts'
export { AuthzError, type AuthzErrorCode, type AuthzErrorInit, isRetryable } from './errors.ts'
export { type LinkKeys, linkKeys, openLink } from './invitation.ts'
export * as authzLimits from './limits.ts'
export { type Arrival, createOperationLog, type LogLimits, type OperationLog } from './log.ts'
export { createOperation, encodeOperations, type Operation, parseOperation, type Place, splitOperations, type VerifiedOperation, verifyOperation } from './operation.ts'
export { createPossession, parsePossession, type Possession, type PossessionPolicy, verifyPossession } from './possession.ts'
export { explain } from './reasons.ts'
export { entropyOf, openRecoveryFile, type RecoveryKeys, recoveryKeys, sealRecoveryFile, wordsOf } from './recovery-key.ts'
export { commandOf, COMMANDS, covers, type Level, OPERATIONS, type Role, roleOf, ROLES } from './roles.ts'
export type { EpochRecord } from './state/epochs.ts'
export { stateHash } from './state/hash.ts'
export type { History } from './state/history.ts'
export type { InviteRecord } from './state/links.ts'
export { applyOperations, chainOf, type Equivocation, type FlowState, type Member, type OperationSet, type StateLink } from './state/state.ts'
export { createCachingVerifier, createVerifier, createVerifyBudget, isSignatureBy, type Verifier, type VerifyBudget } from './verify.ts'
