import { decodeCbor, encodeCbor } from './cbor.ts'
import { type Delegation, parseDelegation } from './delegation.ts'
import { atLink, AuthzError } from './errors.ts'
import { isMap } from './fields.ts'
import { CLOCK_SKEW_S, MAX_BUNDLE_BYTES, MAX_CHAIN_LINKS } from './limits.ts'
import { ADMIN, covers, type Level, OWNER } from './roles.ts'
import type { Verifier, VerifyBudget } from './verify.ts'

const TAG = 'gf/bundle@1'

/** A chain whose structure holds; signatures are not yet verified. */
export interface Bundle {
  /** The root first; at least one. */
  readonly links: readonly Delegation[]
  readonly root: Delegation
  readonly last: Delegation
  /** The flow that the root commits to, hex. */
  readonly flow: string
  /** The level that the chain gives its last audience. */
  readonly level: Level
}

declare const verified: unique symbol

/** A chain whose structure and signatures hold. Only {@link verifyBundle} makes one. */
export interface VerifiedBundle extends Bundle {
  readonly [verified]: true
}

/** The encoding of a chain, the root first. */
export function encodeBundle(links: readonly Delegation[]): Uint8Array {
  return encodeCbor({ [TAG]: links.map((link) => link.bytes) })
}

/**
 * Parses a chain and checks all of its structure; no signature is touched.
 * @throws AuthzError BUNDLE_*, CHAIN_*, ROOT_INVALID, … with the link at fault (SPEC AZ11 to AZ13)
 */
export function parseBundle(bytes: Uint8Array): Bundle {
  return bundleOf(splitBundle(bytes).map((token, i) => linkAt(i, () => parseDelegation(token))))
}

/** The tokens of a bundle, not yet parsed. @throws AuthzError BUNDLE_TOO_LARGE, BUNDLE_INVALID, CHAIN_TOO_LONG, CBOR_* */
export function splitBundle(bytes: Uint8Array): readonly Uint8Array[] {
  if (bytes.length > MAX_BUNDLE_BYTES) throw new AuthzError('BUNDLE_TOO_LARGE', `A bundle has at most ${MAX_BUNDLE_BYTES} bytes, not ${bytes.length}`)
  const outer = decodeCbor(bytes)
  const tokens = isMap(outer) && Object.keys(outer).length === 1 ? outer[TAG] : undefined
  if (!isByteList(tokens)) throw new AuthzError('BUNDLE_INVALID', 'Not a bundle of delegations; ask for it again')
  if (tokens.length > MAX_CHAIN_LINKS) throw new AuthzError('CHAIN_TOO_LONG', `A chain has at most ${MAX_CHAIN_LINKS} links, not ${tokens.length}`)
  return tokens
}

/** Checks the structure of a chain of parsed delegations. */
export function bundleOf(links: readonly Delegation[]): Bundle {
  const root = links[0]
  const last = links.at(-1)
  if (root === undefined || last === undefined) throw new AuthzError('CHAIN_EMPTY', 'A bundle without delegations proves nothing')
  if (links.length > MAX_CHAIN_LINKS) throw new AuthzError('CHAIN_TOO_LONG', `A chain has at most ${MAX_CHAIN_LINKS} links, not ${links.length}`)
  linkAt(0, () => assertRoot(root))
  let level: Level = OWNER
  const ids = new Set([root.id])
  for (let i = 1; i < links.length; i++) {
    const [parent, child] = [links[i - 1] ?? root, links[i] ?? root]
    level = linkAt(i, () => {
      assertStep(parent, child, ids)
      return delegate(level, parent, child)
    })
    ids.add(child.id)
  }
  return { links, root, last, flow: root.id, level }
}

/** SPEC AZ11. */
export function assertRoot(root: Delegation): void {
  const whole = root.iss === root.sub && root.cmd === '/gf/flow' && root.kind === 'grant'
  if (!whole || root.exp !== undefined || root.nbf !== undefined) {
    throw new AuthzError('ROOT_INVALID', 'A root is signed by the key of its flow and gives all of it, without an end')
  }
}

/** SPEC AZ12. */
function assertStep(parent: Delegation, child: Delegation, ids: ReadonlySet<string>): void {
  if (child.sub !== parent.sub) throw new AuthzError('SUBJECT_CHANGED', 'The chain changes to another flow')
  if (child.iss !== parent.aud) throw new AuthzError('CHAIN_BROKEN', 'The delegation is not by the one before it')
  if (!covers(parent.cmd, child.cmd)) throw new AuthzError('COMMAND_WIDENED', 'The delegation gives more than its issuer has')
  if (ids.has(child.id)) throw new AuthzError('CHAIN_DUPLICATE', 'The same delegation twice')
}

/** The level that `child` gives, where the holder of `parent` at `level` may give it (SPEC AZ13). */
export function delegate(level: Level, parent: Delegation, child: Delegation): Level {
  const afterInvite = parent.kind === 'invite'
  if (parent.kind === 'guest' || afterInvite !== (child.kind === 'guest')) throw mayNot('A link shows the flow to who opens it, and nothing more')
  switch (child.kind) {
    case 'guest':
      return 0
    case 'device':
      return level === OWNER && child.level === ADMIN ? OWNER : child.level < level ? child.level : level
    case 'owner':
      if (level === OWNER) return OWNER
      throw mayNot('Only the owner hands the flow over')
    case 'invite':
      if (level >= ADMIN) return 0
      throw mayNot('Links are made by who may manage membership')
    case 'grant':
      if (level >= ADMIN && level > child.level) return child.level
      throw mayNot('A role is given by who may manage membership at that role')
  }
}

function mayNot(message: string): AuthzError {
  return new AuthzError('MAY_NOT_DELEGATE', message)
}

/**
 * Structure first, then at most {@link MAX_CHAIN_LINKS} signatures, the root first.
 * @throws AuthzError as {@link parseBundle}, and SIGNATURE_INVALID, VERIFY_BUDGET
 */
export async function verifyBundle(bundle: Uint8Array | Bundle, verifier: Verifier, budget?: VerifyBudget): Promise<VerifiedBundle> {
  const parsed = bundle instanceof Uint8Array ? parseBundle(bundle) : bundleOf(bundle.links)
  for (const [i, link] of parsed.links.entries()) await checkLink(verifier, link, i, budget)
  return markVerified(parsed)
}

async function checkLink(verifier: Verifier, link: Delegation, i: number, budget: VerifyBudget | undefined): Promise<void> {
  try {
    await verifier.check(link, budget)
  } catch (error) {
    throw atLink(error, i)
  }
}

/** The brand exists for the compiler only: no other place makes a VerifiedBundle. */
function markVerified(bundle: Bundle): VerifiedBundle {
  return bundle as VerifiedBundle
}

/**
 * A chain from ids and a place to look them up. What comes back must be what was asked for (SPEC AZ16).
 * @throws AuthzError PROOF_MISMATCH, LINK_UNKNOWN
 */
export async function resolveBundle(ids: readonly string[], lookUp: (id: string) => Promise<Uint8Array | undefined>): Promise<Bundle> {
  if (ids.length > MAX_CHAIN_LINKS) throw new AuthzError('CHAIN_TOO_LONG', `A chain has at most ${MAX_CHAIN_LINKS} links, not ${ids.length}`)
  const links: Delegation[] = []
  for (const [i, id] of ids.entries()) {
    const bytes = await lookUp(id)
    if (bytes === undefined) throw new AuthzError('LINK_UNKNOWN', 'A proof that the chain names is not here; fetch it first', { link: i })
    const link = linkAt(i, () => parseDelegation(bytes))
    if (link.id !== id) throw new AuthzError('PROOF_MISMATCH', 'Another proof came back than was asked for', { link: i })
    links.push(link)
  }
  return bundleOf(links)
}

/** Each link's own times, with the skew that honest clocks may have (SPEC AZ14). Undefined where all are in force. */
export function timeProblem(links: readonly Delegation[], now: number): AuthzError | undefined {
  if (!Number.isSafeInteger(now) || now < 0) return new AuthzError('CLOCK_INVALID', 'The clock gave no time; set it and try again')
  for (const [i, link] of links.entries()) {
    if (link.exp !== undefined && now > link.exp + CLOCK_SKEW_S) return new AuthzError('EXPIRED', 'A delegation has ended; ask for a new one', { link: i })
    if (link.nbf !== undefined && now < link.nbf - CLOCK_SKEW_S) return new AuthzError('NOT_YET_VALID', 'A delegation has not begun; check the clock', { link: i })
  }
  return undefined
}

function linkAt<T>(i: number, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw atLink(error, i)
  }
}

function isByteList(value: unknown): value is readonly Uint8Array[] {
  return Array.isArray(value) && value.every((item) => item instanceof Uint8Array)
}
