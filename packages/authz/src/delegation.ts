import type { Cbor } from './cbor.ts'
import type { Signer } from './crypto.ts'
import { type Did, parseDid } from './did.ts'
import { createEnvelope, parseEnvelope, type Signed } from './envelope.ts'
import { AuthzError } from './errors.ts'
import { type Fields, readBytes, readDid, readFields, readList, readText, readTime } from './fields.ts'
import { MAX_NONCE_BYTES, MAX_TOKEN_BYTES, MIN_NONCE_BYTES } from './limits.ts'
import { ADMIN, type Level, levelOf } from './roles.ts'

/** What a delegation makes of its audience (SPEC, table of kinds). */
export type DelegationKind = 'grant' | 'device' | 'owner' | 'invite' | 'guest'

/** A parsed delegation: UCAN 1.0 in the strict profile. Its signature is not verified by parsing. */
export interface Delegation extends Signed {
  readonly bytes: Uint8Array
  readonly aud: Did
  /** The flow's genesis key. */
  readonly sub: Did
  readonly cmd: string
  /** Level of `cmd`, 0 to 3. */
  readonly level: Level
  readonly kind: DelegationKind
  readonly nonce: Uint8Array
  /** UNIX seconds; undefined where it does not end. */
  readonly exp: number | undefined
  /** UNIX seconds; undefined where it begins at once. */
  readonly nbf: number | undefined
}

/** What a new delegation says; its issuer is the signer. */
export interface DelegationOptions {
  readonly aud: Did
  readonly sub: Did
  readonly cmd: string
  readonly kind?: DelegationKind
  /** 12 to 32 random bytes. */
  readonly nonce: Uint8Array
  readonly exp?: number | undefined
  readonly nbf?: number | undefined
}

const KINDS: ReadonlySet<unknown> = new Set(['device', 'owner', 'invite', 'guest'])
const TAG = 'ucan/dlg@1.0.0-rc.1'

/**
 * Signs a delegation and parses it back, so that nothing is made which a verifier would refuse.
 * @throws AuthzError as {@link parseDelegation}
 */
export async function createDelegation(signer: Signer, options: DelegationOptions): Promise<Delegation> {
  const body: Record<string, Cbor> = {
    iss: signer.did,
    aud: options.aud,
    sub: options.sub,
    cmd: options.cmd,
    pol: [],
    nonce: options.nonce,
    exp: options.exp ?? null
  }
  if (options.nbf !== undefined) body['nbf'] = options.nbf
  if (options.kind !== undefined && options.kind !== 'grant') body['meta'] = { gf: options.kind }
  return parseDelegation(await createEnvelope(signer, TAG, body))
}

/**
 * @throws AuthzError TOKEN_TOO_LARGE, CBOR_*, ENVELOPE_INVALID, … (SPEC AZ1 to AZ10)
 */
export function parseDelegation(bytes: Uint8Array): Delegation {
  const { body, ...envelope } = parseEnvelope(bytes, TAG, MAX_TOKEN_BYTES, 'TOKEN_TOO_LARGE')
  const fields = readFields(body, 'a delegation', ['iss', 'aud', 'sub', 'cmd', 'pol', 'nonce', 'exp'], ['nbf', 'meta'])
  if (fields.get('sub') === null) throw new AuthzError('SUBJECT_NULL', 'A delegation names its flow; one for every flow of the issuer is refused')
  const sub = readDid(fields, 'sub')
  const iss = readDid(fields, 'iss')
  const aud = readDid(fields, 'aud')
  const cmd = readText(fields, 'cmd')
  const level = levelOf(cmd)
  if (readList(fields, 'pol', Number.MAX_SAFE_INTEGER).length > 0) throw new AuthzError('POLICY_NOT_EMPTY', 'Conditions on arguments are not used here; pol must be []')
  const nonce = readBytes(fields, 'nonce', MIN_NONCE_BYTES, MAX_NONCE_BYTES, 'NONCE_LENGTH')
  const exp = fields.get('exp') === null ? undefined : readTime(fields, 'exp')
  const nbf = fields.has('nbf') ? readTime(fields, 'nbf') : undefined
  const kind = readKind(fields, level, exp)
  if (iss === aud) throw new AuthzError('SELF_DELEGATION', 'A delegation to its own issuer says nothing')
  return { ...envelope, bytes, iss, aud, sub, cmd, level, kind, nonce, exp, nbf }
}

function readKind(fields: Fields, level: Level, exp: number | undefined): DelegationKind {
  if (!fields.has('meta')) return 'grant'
  let kind: unknown
  try {
    kind = readFields(fields.get('meta'), 'meta', ['gf']).get('gf')
  } catch (cause) {
    throw new AuthzError('META_INVALID', 'meta is absent or {"gf": kind}', { cause })
  }
  if (!isKind(kind)) throw new AuthzError('META_INVALID', 'A delegation is for a device, an owner, an invite or a guest, or has no meta')
  if ((kind === 'invite' || kind === 'guest') && level !== 0) throw new AuthzError('META_INVALID', 'A link lets people view; more begins at admission')
  if (kind === 'owner' && level !== ADMIN) throw new AuthzError('META_INVALID', 'A hand-over gives the whole flow')
  if (kind === 'invite' && exp === undefined) throw new AuthzError('META_INVALID', 'A link must expire')
  return kind
}

function isKind(value: unknown): value is DelegationKind {
  return KINDS.has(value)
}

/** What a flow starts from: its root delegation, made by a key that is then forgotten. */
export interface NewFlow {
  readonly root: Delegation
  /** The flow's id: hex of the root's payload hash. */
  readonly flow: string
}

/** Makes a root: `genesis` signs the whole flow over to its owner's device, and should then be thrown away (SPEC AZ11). */
export async function createRoot(genesis: Signer, owner: Did, nonce: Uint8Array): Promise<NewFlow> {
  const root = await createDelegation(genesis, { aud: parseDid(owner), sub: genesis.did, cmd: '/gf/flow', nonce })
  return { root, flow: root.id }
}
