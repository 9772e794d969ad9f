import { compareText } from '../bytes.ts'
import type { Tip } from '../actions.ts'
import type { Did } from '../did.ts'
import { MAX_RECIPIENTS, MAX_REGISTRATIONS } from '../limits.ts'
import type { VerifiedOperation } from '../operation.ts'
import { type Graph, listAt, type Scope } from './graph.ts'

/** How a revocation claims its power. */
export type RevokeMode = 'manager' | 'recovery' | 'self'

/** A registration of a recovery key, judged by the shape of the history alone (CONVERGENCE §6). */
export interface Registration {
  readonly at: number
  readonly key: Did
  readonly person: Did
  /** The first registration that it goes back to; its own index where it is one. */
  readonly first: number
}

/** Whom an operation reaches: what it says, and what the history in its past adds, whether or not that turns out to count. */
export interface Reach {
  readonly mode: RevokeMode
  /** Devices whose operations beyond what was seen are void, and whose links end. */
  readonly devices: ReadonlySet<Did>
  /** Devices of persons whom the target had let in, where the revocation says cascade, with the grants that say so: it reaches them if one of those holds. */
  readonly cascaded: ReadonlyMap<Did, readonly number[]>
  /** Invitation links that die with it. */
  readonly links: ReadonlySet<Did>
}

/** What follows from the history's shape, before anything is judged. None of it depends on what is valid. */
export interface Facts {
  readonly graph: Graph
  /** Key of the flow that every delegation must name. */
  readonly subject: Did
  /** The person whom the flow was made for: the root's audience. */
  readonly founder: Did
  inScope(at: number, scope: Scope): boolean
  /** Operations that let `did` in: creation, grants, links; ascending. */
  admissions(did: Did): readonly number[]
  /** Every DID that something lets in. */
  everybody(): Iterable<Did>
  grantsTo(person: Did): readonly number[]
  /** The person that a device first came in as, within `scope`. */
  personOf(did: Did, scope: Scope): Did | undefined
  /** A person's devices ever linked within `scope`, by links from its first device on, recovery keys included. */
  devicesOf(person: Did, scope: Scope): ReadonlySet<Did>
  invitesOf(link: Did): readonly number[]
  /** Grants that say they admit through a link. */
  admissionsVia(link: Did): readonly number[]
  registrations(person: Did): readonly Registration[]
  registrationAt(at: number): Registration | undefined
  /**
   * The person whose recovery key `key` is and whose device `who` is. Asked of the key, not of the device: what somebody else grants to that device does
   * not take it out of the key's reach.
   */
  recoveredBy(key: Did, who: Did, at: number): Did | undefined
  confirmations(): readonly number[]
  reach(at: number): Reach
  /** Revocations and role changes that reach a device, in order. */
  reaching(did: Did): readonly number[]
  /** Revocations of a person. */
  removing(person: Did): readonly number[]
  /** Revocations that say cascade. */
  cascades(): readonly number[]
  /** Revocations that end a link. */
  ending(link: Did): readonly number[]
  /** A device and those linked from it, not through a recovery key. */
  linkedBelow(device: Did, scope: Scope): ReadonlySet<Did>
  /** The latest that a scope has of each device: its last operation, else the one that let it in. Sorted; at most as many as an operation carries. */
  tips(devices: ReadonlySet<Did>, scope: Scope): readonly Tip[]
}

/** Whom an operation lets in. */
export function admittedBy(op: VerifiedOperation): Did | undefined {
  switch (op.act.t) {
    case 'create':
      return op.act.root.aud
    case 'grant':
    case 'device':
    case 'recovery':
      return op.act.dlg.aud
    default:
      return undefined
  }
}

const NOBODY: Reach = { mode: 'manager', devices: new Set(), cascaded: new Map(), links: new Set() }

/** Collects the facts of a history. */
export function collectFacts(graph: Graph, subject: Did, founder: Did): Facts {
  const admissions = new Map<Did, number[]>()
  const grants = new Map<Did, number[]>()
  const grantsBy = new Map<Did, number[]>()
  const linksBy = new Map<Did, number[]>()
  /** The person whom the link at an index adds a device to. */
  const linkedInto = new Map<number, Did>()
  const invites = new Map<Did, number[]>()
  const via = new Map<Did, number[]>()
  const invitesBy = new Map<Did, number[]>()
  const confirmations: number[] = []
  const cascades: number[] = []
  const registrations = new Map<Did, Registration[]>()
  const registrationAt = new Map<number, Registration>()
  /** By key. */
  const registrationsOf = new Map<Did, Registration[]>()
  const reaches = new Map<number, Reach>()
  const reaching = new Map<Did, number[]>()
  const removing = new Map<Did, number[]>()
  const ending = new Map<Did, number[]>()

  const inScope = (at: number, scope: Scope): boolean => graph.before(at, scope)
  const within = (list: readonly number[] | undefined, scope: Scope): readonly number[] => (list ?? []).filter((at) => inScope(at, scope))

  const personOf = (did: Did, scope: Scope): Did | undefined => {
    const at = (admissions.get(did) ?? []).find((i) => inScope(i, scope))
    return at === undefined ? undefined : (linkedInto.get(at) ?? did)
  }
  /** A device and all that were linked from it, link by link. By who made each link, never by whom a device counts as: that others could muddle. */
  const linkedFrom = (device: Did, scope: Scope, throughRecovery: boolean): Set<Did> => {
    const devices = new Set([device])
    for (const did of devices) {
      for (const i of within(linksBy.get(did), scope)) {
        const act = graph.ops[i]?.act
        if (act?.t === 'device' || (throughRecovery && act?.t === 'recovery')) devices.add(act.dlg.aud)
      }
    }
    return devices
  }
  const devicesOf = (person: Did, scope: Scope): Set<Did> => linkedFrom(person, scope, true)
  const linkedBelow = (device: Did, scope: Scope): Set<Did> => linkedFrom(device, scope, false)

  const register = (at: number, op: VerifiedOperation): void => {
    if (op.act.t !== 'recovery') return
    const person = personOf(op.iss, at)
    if (person === undefined) return
    const key = op.act.dlg.aud
    const earlier = (registrations.get(person) ?? []).filter((other) => inScope(other.at, at))
    if (earlier.length >= MAX_REGISTRATIONS) return
    const replaced = (candidate: Registration): boolean => earlier.some((other) => other.key !== candidate.key && graph.ops[other.at]?.iss === candidate.key)
    const current = earlier.filter((other) => !replaced(other))
    const same = current.find((other) => other.key === key)
    const byOld = current.findLast((other) => other.key === op.iss)
    // Another key that counts already is there: only that key may put a new one beside it.
    if (same === undefined && byOld === undefined && current.some((other) => isOldEnough(other))) return
    const registration: Registration = { at, key, person, first: (same ?? byOld)?.first ?? at }
    registrationAt.set(at, registration)
    listAt(registrationsOf, key).push(registration)
    listAt(registrations, person).push(registration)
  }
  /** Made with the person's first device before there was a second. */
  const isOldEnough = ({ first, person }: Registration): boolean => graph.ops[first]?.iss === person && devicesOf(person, first).size === 1

  const recoveredBy = (key: Did, who: Did, at: number): Did | undefined =>
    (registrationsOf.get(key) ?? []).find((other) => inScope(other.at, at) && devicesOf(other.person, at).has(who))?.person

  const reachOf = (at: number, op: VerifiedOperation): Reach => {
    const { act } = op
    if (act.t === 'grant') {
      const known = within(grants.get(act.dlg.aud), at).length > 0
      return known ? { ...NOBODY, devices: devicesOf(act.dlg.aud, at) } : NOBODY
    }
    if (act.t !== 'revoke') return NOBODY
    const named = new Set(act.links)
    if (act.scope === 'link') return { ...NOBODY, links: named.add(act.who) }
    if (act.scope === 'device' && act.who === op.iss) return { ...NOBODY, mode: 'self', devices: new Set([act.who]), links: named }
    const recovered = act.scope === 'device' ? recoveredBy(op.iss, act.who, at) : undefined
    const person = act.scope === 'person' ? act.who : (recovered ?? personOf(act.who, at))
    if (person === undefined) return NOBODY
    const mode = recovered === undefined ? 'manager' : 'recovery'
    const devices = act.scope === 'person' ? devicesOf(person, at) : linkedBelow(act.who, at)
    const cascaded = new Map<Did, number[]>()
    for (const device of devices) {
      for (const i of within(invitesBy.get(device), at)) addInvite(named, i)
      if (!act.cascade) continue
      for (const i of within(grantsBy.get(device), at)) {
        const granted = graph.ops[i]?.act
        if (granted?.t === 'grant') for (const did of devicesOf(granted.dlg.aud, at)) if (!devices.has(did)) listAt(cascaded, did).push(i)
      }
    }
    if (act.scope === 'person') for (const i of within(grants.get(person), at)) addVia(named, i)
    return { mode, devices, cascaded, links: named }
  }
  const addInvite = (links: Set<Did>, i: number): void => {
    const act = graph.ops[i]?.act
    if (act?.t === 'invite') links.add(act.dlg.aud)
  }
  const addVia = (links: Set<Did>, i: number): void => {
    const act = graph.ops[i]?.act
    if (act?.t === 'grant' && act.via !== undefined) links.add(act.via.iss)
  }

  for (const [at, op] of graph.ops.entries()) {
    const reach = reachOf(at, op)
    if (reach !== NOBODY) {
      reaches.set(at, reach)
      for (const did of reach.devices) listAt(reaching, did).push(at)
      for (const did of reach.cascaded.keys()) listAt(reaching, did).push(at)
      for (const link of reach.links) listAt(ending, link).push(at)
    }
    const admitted = admittedBy(op)
    if (admitted !== undefined) listAt(admissions, admitted).push(at)
    const { act } = op
    if (act.t === 'create') listAt(grants, act.root.aud).push(at)
    if (act.t === 'grant') {
      listAt(grants, act.dlg.aud).push(at)
      listAt(grantsBy, op.iss).push(at)
      if (act.via !== undefined) listAt(via, act.via.iss).push(at)
    }
    if (act.t === 'confirm') confirmations.push(at)
    if (act.t === 'invite') {
      listAt(invites, act.dlg.aud).push(at)
      listAt(invitesBy, op.iss).push(at)
    }
    if (act.t === 'revoke' && act.cascade) cascades.push(at)
    if (act.t === 'revoke' && act.scope === 'person') listAt(removing, act.who).push(at)
    register(at, op)
    const person = act.t === 'device' || act.t === 'recovery' ? personOf(op.iss, at) : undefined
    if (person === undefined) continue
    listAt(linksBy, op.iss).push(at)
    linkedInto.set(at, person)
  }

  const tipOf = (did: Did, at: Scope): string | undefined => {
    const own = within(graph.byAuthor.get(did), at)
    let tip: VerifiedOperation | undefined
    for (const i of own) {
      const op = graph.ops[i]
      if (op !== undefined && (tip === undefined || op.seq > tip.seq || (op.seq === tip.seq && op.id < tip.id))) tip = op
    }
    return (tip ?? graph.ops[within(admissions.get(did), at).at(-1) ?? -1])?.id
  }

  return {
    graph,
    subject,
    founder,
    inScope,
    admissions: (did) => admissions.get(did) ?? [],
    everybody: () => admissions.keys(),
    grantsTo: (person) => grants.get(person) ?? [],
    personOf,
    devicesOf,
    invitesOf: (link) => invites.get(link) ?? [],
    admissionsVia: (link) => via.get(link) ?? [],
    registrations: (person) => registrations.get(person) ?? [],
    registrationAt: (at) => registrationAt.get(at),
    recoveredBy,
    confirmations: () => confirmations,
    reach: (at) => reaches.get(at) ?? NOBODY,
    reaching: (did) => reaching.get(did) ?? [],
    removing: (person) => removing.get(person) ?? [],
    cascades: () => cascades,
    ending: (link) => ending.get(link) ?? [],
    linkedBelow,
    tips: (devices, scope) =>
      [...devices]
        .sort(compareText)
        .slice(0, MAX_RECIPIENTS)
        .map((did) => ({ did, seen: tipOf(did, scope) }))
  }
}
