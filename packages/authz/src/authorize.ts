import { type Bundle, timeProblem, type VerifiedBundle } from './bundle.ts'
import type { Did } from './did.ts'
import type { AuthzErrorCode } from './errors.ts'
import { explain } from './reasons.ts'
import { commandOf, commandOfLevel, covers, type Level } from './roles.ts'

/** What a delegation is worth in a state: in force; in force once, so that what it gave stands; never, or no more at all. */
export type LinkStatus = 'live' | 'ended' | 'void'

export interface LinkRecord {
  readonly status: LinkStatus
  /** The level that its audience has by it now. */
  readonly level: Level
}

/** What a member knows of a flow: the part of a state that decisions read. */
export interface MemberView {
  readonly kind: 'state'
  readonly flow: string
  readonly publicView: boolean
  /** By delegation id. */
  readonly links: ReadonlyMap<string, LinkRecord>
}

/** What an outside verifier knows of a flow: the newest checkpoint that it accepted. */
export interface CheckpointView {
  readonly kind: 'checkpoint'
  readonly flow: string
  readonly publicView: boolean
  readonly voidLinks: ReadonlySet<string>
  readonly keptLinks: ReadonlySet<string>
}

export type AccessView = MemberView | CheckpointView

export interface AccessRequest {
  /** Flow ids that the operation touches; an empty list is denied. */
  readonly flows: readonly string[]
  /** One of GloFlow's ten operations without their prefix, or `membership`. */
  readonly operation: string
  /** The key that the secure channel, or a proof of possession, authenticated. */
  readonly remote: Did
}

export interface Allowed {
  readonly allowed: true
  /** Level that was granted by the chain in this view; 0 for the public. */
  readonly level: Level
}

export interface Denied {
  readonly allowed: false
  readonly code: AuthzErrorCode
  /** For a person: what is missing, and what to do. */
  readonly reason: string
  /** Index of the link at fault, the root being 0. */
  readonly link: number | undefined
}

/** May `remote` do `operation` to `flows`, by what `bundle` proves and `view` knows, at `now` (UNIX seconds)? Pure; SPEC AZ17 to AZ20. */
export function authorize(request: AccessRequest, bundle: VerifiedBundle | undefined, view: AccessView, now: number): Allowed | Denied {
  const needed = commandOf(request.operation)
  if (needed === undefined) return denied('OPERATION_UNKNOWN')
  if (request.flows.length === 0) return denied('NO_RESOURCE')
  if (request.flows.some((flow) => flow !== view.flow)) return denied('FLOW_MISMATCH')
  if (view.publicView && request.operation === 'flow_get') return { allowed: true, level: 0 }
  if (bundle === undefined) return denied('NO_PROOF')
  if (bundle.flow !== view.flow) return denied('FLOW_MISMATCH', 0)
  if (bundle.last.aud !== request.remote) return denied('WRONG_AUDIENCE', bundle.links.length - 1)
  const time = timeProblem(bundle.links, now)
  if (time !== undefined) return denied(time.code, time.link)
  const standing = levelIn(bundle, view)
  if ('allowed' in standing) return standing
  if (!covers(commandOfLevel(standing.level), needed)) return denied('ROLE_TOO_LOW', bundle.links.length - 1)
  return { allowed: true, level: standing.level }
}

/** The level of a chain in a view, or why its links count for nothing there. */
export function levelIn(bundle: Bundle, view: AccessView): { readonly level: Level } | Denied {
  return view.kind === 'state' ? levelInState(bundle, view) : levelAtCheckpoint(bundle, view)
}

/** SPEC AZ18. A guest is in no state: the invite before it stands for it. */
function levelInState(bundle: Bundle, view: MemberView): { readonly level: Level } | Denied {
  const inState = bundle.last.kind === 'guest' ? bundle.links.slice(0, -1) : bundle.links
  let level = bundle.level
  for (const [i, link] of inState.entries()) {
    const record = view.links.get(link.id)
    if (record === undefined) return denied('LINK_UNKNOWN', i)
    if (record.status === 'void') return denied('LINK_VOID', i)
    if (i < inState.length - 1) continue
    if (record.status === 'ended') return denied('LINK_ENDED', i)
    if (record.level < level) level = record.level
  }
  return { level }
}

/** SPEC AZ19. */
function levelAtCheckpoint(bundle: Bundle, view: CheckpointView): { readonly level: Level } | Denied {
  for (const [i, link] of bundle.links.entries()) {
    const next = bundle.links[i + 1]
    const kept = next !== undefined && view.keptLinks.has(next.id)
    if (view.voidLinks.has(link.id) && !kept) return denied('LINK_VOID', i)
  }
  return { level: bundle.level }
}

function denied(code: AuthzErrorCode, link?: number): Denied {
  return { allowed: false, code, reason: explain(code), link }
}
