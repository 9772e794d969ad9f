import { type CheckpointView, levelIn } from './authorize.ts'
import { type Bundle, bundleOf, timeProblem, verifyBundle } from './bundle.ts'
import { idBytes } from './actions.ts'
import type { Signer } from './crypto.ts'
import { createEnvelope, parseEnvelope, type Signed } from './envelope.ts'
import { AuthzError } from './errors.ts'
import { readBoolean, readDid, readFields, readId, readIds, readTime } from './fields.ts'
import { CLOCK_SKEW_S, MAX_CHECKPOINT_BYTES } from './limits.ts'
import { ADMIN } from './roles.ts'
import { stateHash } from './state/hash.ts'
import type { FlowState } from './state/state.ts'
import type { Verifier } from './verify.ts'

const TAG = 'gf/checkpoint@1'
/** Ids that fit into {@link MAX_CHECKPOINT_BYTES}, with room for the rest. */
const MAX_IDS = 1_900

/** A state told to a verifier that does not keep the operations, such as GloFlow's backend. */
export interface Checkpoint extends Signed {
  readonly bytes: Uint8Array
  readonly flow: string
  /** UNIX seconds at which it was made. */
  readonly iat: number
  /** Hash of the state that it tells. */
  readonly head: string
  readonly voidLinks: readonly string[]
  readonly keptLinks: readonly string[]
  readonly publicView: boolean
}

export interface CheckpointOptions {
  readonly flow: string
  readonly iat: number
  readonly head: string
  readonly voidLinks: readonly string[]
  readonly keptLinks: readonly string[]
  readonly publicView: boolean
}

/** Signs what a state says to the outside. */
export async function createCheckpoint(signer: Signer, options: CheckpointOptions): Promise<Checkpoint> {
  return parseCheckpoint(
    await createEnvelope(signer, TAG, {
      flow: idBytes(options.flow),
      iss: signer.did,
      iat: options.iat,
      head: idBytes(options.head),
      void: [...options.voidLinks].sort().map(idBytes),
      kept: [...options.keptLinks].sort().map(idBytes),
      public: options.publicView
    })
  )
}

/** @throws AuthzError CHECKPOINT_TOO_LARGE, CBOR_*, ENVELOPE_*, FIELD_* */
export function parseCheckpoint(bytes: Uint8Array): Checkpoint {
  const { body, ...envelope } = parseEnvelope(bytes, TAG, MAX_CHECKPOINT_BYTES, 'CHECKPOINT_TOO_LARGE')
  const fields = readFields(body, 'a checkpoint', ['flow', 'iss', 'iat', 'head', 'void', 'kept', 'public'])
  return {
    ...envelope,
    bytes,
    flow: readId(fields, 'flow'),
    iss: readDid(fields, 'iss'),
    iat: readTime(fields, 'iat'),
    head: readId(fields, 'head'),
    voidLinks: readIds(fields, 'void', MAX_IDS),
    keptLinks: readIds(fields, 'kept', MAX_IDS),
    publicView: readBoolean(fields, 'public')
  }
}

/** What a state says to an outside verifier: the links that count no more, and those that stand although what they follow from has ended. */
export function checkpointOf(state: FlowState, iat: number): CheckpointOptions {
  const voidLinks: string[] = []
  const keptLinks: string[] = []
  for (const [id, { status, parent }] of state.links) {
    if (status !== 'live') voidLinks.push(id)
    if (status !== 'void' && parent !== undefined && state.links.get(parent)?.status === 'ended') keptLinks.push(id)
  }
  return { flow: state.flow, iat, head: stateHash(state), voidLinks, keptLinks, publicView: state.publicView }
}

/** A checkpoint that a verifier accepted, which is the floor for the next. */
export interface AcceptedCheckpoint extends CheckpointView {
  readonly id: string
  readonly iat: number
}

export interface CheckpointPolicy {
  readonly flow: string
  /** UNIX seconds. */
  readonly now: number
  readonly maxAgeS: number
  /** The newest accepted one; undefined at the first, which is then trusted on its signer's chain alone. */
  readonly floor: AcceptedCheckpoint | undefined
}

/**
 * SPEC AZ21. The signer must have the membership right in the very state that the checkpoint tells, and in the one accepted before: a removed
 * admin can sign no news.
 * @throws AuthzError FLOW_MISMATCH, NOT_YET_VALID, CHECKPOINT_OLD, CHECKPOINT_BEHIND, WRONG_AUDIENCE, ROLE_TOO_LOW, LINK_VOID, SIGNATURE_INVALID
 */
export async function verifyCheckpoint(bytes: Uint8Array, signerChain: Uint8Array | Bundle, policy: CheckpointPolicy, verifier: Verifier): Promise<AcceptedCheckpoint> {
  const checkpoint = parseCheckpoint(bytes)
  const accepted: AcceptedCheckpoint = {
    kind: 'checkpoint',
    id: checkpoint.id,
    iat: checkpoint.iat,
    flow: checkpoint.flow,
    publicView: checkpoint.publicView,
    voidLinks: new Set(checkpoint.voidLinks),
    keptLinks: new Set(checkpoint.keptLinks)
  }
  assertFresh(accepted, policy)
  const chain = await verifyBundle(signerChain, verifier)
  assertSigner(checkpoint, chain, accepted, policy)
  await verifier.check(checkpoint)
  return accepted
}

function assertFresh(next: AcceptedCheckpoint, { flow, now, maxAgeS, floor }: CheckpointPolicy): void {
  if (next.flow !== flow) throw new AuthzError('FLOW_MISMATCH', 'The checkpoint is of another flow')
  if (!Number.isSafeInteger(now)) throw new AuthzError('CLOCK_INVALID', 'The clock gave no time; set it and try again')
  if (next.iat > now + CLOCK_SKEW_S) throw new AuthzError('NOT_YET_VALID', 'The checkpoint is from the future; check the clocks')
  if (next.iat < now - maxAgeS) throw new AuthzError('CHECKPOINT_OLD', `The checkpoint is older than ${maxAgeS} s; fetch a newer one`)
  if (floor === undefined) return
  const behind = next.iat < floor.iat || (next.iat === floor.iat && next.id !== floor.id)
  if (behind) throw new AuthzError('CHECKPOINT_BEHIND', 'A newer checkpoint was accepted already; fetch the newest')
}

function assertSigner(checkpoint: Checkpoint, chain: Bundle, accepted: AcceptedCheckpoint, { now, floor }: CheckpointPolicy): void {
  if (chain.flow !== checkpoint.flow) throw new AuthzError('FLOW_MISMATCH', 'The signer proves membership of another flow')
  if (chain.last.aud !== checkpoint.iss) throw new AuthzError('WRONG_AUDIENCE', 'The checkpoint was not signed by the holder of the chain')
  const time = timeProblem(chain.links, now)
  if (time !== undefined) throw time
  if (chain.level < ADMIN) throw new AuthzError('ROLE_TOO_LOW', 'A checkpoint is signed by who may manage membership')
  for (const view of floor === undefined ? [accepted] : [floor, accepted]) {
    const standing = levelIn(bundleOf(chain.links), view)
    if ('allowed' in standing) throw new AuthzError(standing.code, 'The signer had been removed', standing.link === undefined ? {} : { link: standing.link })
  }
}
