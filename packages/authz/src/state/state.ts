import type { LinkRecord, MemberView } from '../authorize.ts'
import type { Delegation } from '../delegation.ts'
import type { Did } from '../did.ts'
import type { AuthzErrorCode } from '../errors.ts'
import { MAX_QUARANTINED_PER_AUTHOR } from '../limits.ts'
import type { VerifiedOperation } from '../operation.ts'
import { type Role, roleOf } from '../roles.ts'
import { decideEpochs, type EpochRecord, epochRecords, epochToWrite } from './epochs.ts'
import { admittedBy, collectFacts } from './facts.ts'
import { listAt, sortOperations } from './graph.ts'
import { invitesIn, type InviteRecord, linksIn } from './links.ts'
import { type History, historyOf, NO_HISTORY } from './history.ts'
import { isSeniorityFrozen } from './recovery.ts'
import { decideAll } from './stages.ts'
import { createWorld, holds, ownerIn, personLevel, standingOf, type World } from './world.ts'

/** The operations that are known of a flow, in any order; later ones may be missing. */
export interface OperationSet {
  readonly flow: string
  readonly operations: Iterable<VerifiedOperation>
}

export interface Member {
  /** The DID of the device that the person came in with. */
  readonly person: Did
  readonly role: Role
  /** Devices in force, with what each may do; recovery keys among them. */
  readonly devices: ReadonlyMap<Did, Role>
  /** True where two first recovery keys were registered side by side, so that neither outranks the devices. */
  readonly recoveryFrozen: boolean
}

/** Two operations at one place of an author's chain. Proof against the author's key; without automatic consequence. */
export interface Equivocation {
  readonly author: Did
  readonly seq: number
  readonly operations: readonly string[]
}

export interface StateLink extends LinkRecord {
  readonly delegation: Delegation
  /** Id of the delegation by which the issuer acted; undefined for the root. */
  readonly parent: string | undefined
}

/** What a set of operations amounts to. A pure function of the set: no clock, no order of arrival (CONVERGENCE). */
export interface FlowState extends MemberView {
  /** The owner's person; undefined where the flow has not begun, or two concurrent hand-overs froze it. */
  readonly owner: Did | undefined
  /** True where two concurrent hand-overs made the owner unknowable: nobody has the owner's power. */
  readonly frozen: boolean
  readonly members: ReadonlyMap<Did, Member>
  readonly links: ReadonlyMap<string, StateLink>
  readonly invites: ReadonlyMap<Did, InviteRecord>
  /** The key that opens what is public; undefined for a private flow. */
  readonly publicKey: Uint8Array | undefined
  readonly epochs: readonly EpochRecord[]
  /** The epoch to write under; undefined where one must be made first. */
  readonly writeEpoch: EpochRecord | undefined
  /** Devices and links that may read now. */
  readonly readers: ReadonlySet<Did>
  /** Content that counts, in an order that respects what builds on what, with the person who answers for it. */
  readonly content: ReadonlyMap<string, Did>
  /** Content that a revocation made void though its author may not have known; an editor can adopt it. */
  readonly quarantine: ReadonlyMap<string, Did>
  /** Every operation that does not hold, and why. */
  readonly voidOperations: ReadonlyMap<string, AuthzErrorCode>
  /** Operations that could not be placed, and why. They are no part of the state. */
  readonly refused: ReadonlyMap<string, AuthzErrorCode>
  readonly equivocations: readonly Equivocation[]
  /** Operations on which no other builds, ascending: what a new one names. */
  readonly heads: readonly string[]
  /** What whoever writes the next operation must say about those before. */
  readonly history: History
}

/** The state of a set of operations. Operations of other flows are refused with FLOW_MISMATCH. */
export function applyOperations({ flow, operations }: OperationSet): FlowState {
  const own: VerifiedOperation[] = []
  const foreign = new Map<string, AuthzErrorCode>()
  for (const op of operations) {
    if (op.flow === flow) own.push(op)
    else foreign.set(op.id, 'FLOW_MISMATCH')
  }
  const { graph, refused } = sortOperations(own, admittedBy)
  const start = graph.ops.findIndex((op) => op.act.t === 'create')
  const created = graph.ops[start]?.act
  if (created?.t !== 'create') return emptyState(flow, new Map([...foreign, ...refused]))
  const world = createWorld(collectFacts(graph, created.root.sub, created.root.aud))
  decideAll(world, start)
  decideEpochs(world)
  return readState(world, flow, new Map([...foreign, ...refused]))
}

function readState(world: World, flow: string, refused: ReadonlyMap<string, AuthzErrorCode>): FlowState {
  const { graph } = world.facts
  const links = linksIn(world)
  const invites = invitesIn(world)
  const { members, readers } = membersIn(world, invites)
  const epochs = epochRecords(world, readers)
  const publicKey = publicKeyIn(world)
  return {
    kind: 'state',
    flow,
    publicView: publicKey !== undefined,
    owner: ownerIn(world, graph.all),
    frozen: (world.tenures.at(-1)?.candidates.length ?? 0) > 1,
    members,
    links,
    invites,
    publicKey,
    epochs,
    writeEpoch: epochToWrite(epochs),
    readers,
    ...contentIn(world),
    voidOperations: new Map(graph.ops.flatMap((op, at) => (holds(world, at) ? [] : [[op.id, world.verdicts[at]?.code ?? 'NOT_A_MEMBER'] as const]))),
    refused,
    equivocations: equivocationsIn(world),
    heads: headsOf(graph.ops),
    history: historyOf(world.facts)
  }
}

function headsOf(ops: readonly VerifiedOperation[]): readonly string[] {
  const heads = new Set(ops.map((op) => op.id))
  for (const { prev, deps } of ops) {
    if (prev !== undefined) heads.delete(prev)
    for (const id of deps) heads.delete(id)
  }
  return [...heads].sort()
}

function emptyState(flow: string, refused: ReadonlyMap<string, AuthzErrorCode>): FlowState {
  const none = new Map<never, never>()
  return {
    kind: 'state',
    flow,
    publicView: false,
    owner: undefined,
    frozen: false,
    members: none,
    links: none,
    invites: none,
    publicKey: undefined,
    epochs: [],
    writeEpoch: undefined,
    readers: new Set(),
    content: none,
    quarantine: none,
    voidOperations: none,
    refused,
    equivocations: [],
    heads: [],
    history: NO_HISTORY
  }
}

function membersIn(world: World, invites: ReadonlyMap<Did, InviteRecord>): { members: Map<Did, Member>; readers: Set<Did> } {
  const { facts } = world
  const { all } = facts.graph
  const devices = new Map<Did, Map<Did, Role>>()
  const readers = new Set<Did>()
  for (const did of facts.everybody()) {
    const standing = standingOf(world, did, all)
    if (standing === undefined) continue
    readers.add(did)
    const own = devices.get(standing.person) ?? new Map<Did, Role>()
    devices.set(standing.person, own.set(did, roleOf(standing.level)))
  }
  const members = new Map<Did, Member>()
  for (const [person, own] of devices) {
    const level = personLevel(world, person, all)?.level
    if (level !== undefined) members.set(person, { person, role: roleOf(level), devices: own, recoveryFrozen: isSeniorityFrozen(world, person) })
  }
  for (const [link, invite] of invites) if (invite.live) readers.add(link)
  return { members, readers }
}

/** Public where every latest decision says so, with the key of the smallest id: of two concurrent ones, private wins. */
function publicKeyIn(world: World): Uint8Array | undefined {
  const { graph } = world.facts
  const held = [...graph.ops.keys()].filter((at) => graph.ops[at]?.act.t === 'public' && holds(world, at))
  const latest = held.filter((at) => !held.some((other) => graph.before(at, other)))
  const keys = latest.map((at) => {
    const act = graph.ops[at]?.act
    return act?.t === 'public' ? act.key : undefined
  })
  return keys.includes(undefined) ? undefined : keys[0]
}

function contentIn(world: World): Pick<FlowState, 'content' | 'quarantine'> {
  const { graph } = world.facts
  const adopted = new Map<string, Did>()
  for (const [at, { act }] of graph.ops.entries()) {
    const person = world.verdicts[at]?.person
    if (act.t === 'adopt' && person !== undefined && holds(world, at) && !adopted.has(act.op)) adopted.set(act.op, person)
  }
  const content = new Map<string, Did>()
  const quarantine = new Map<string, Did>()
  const setAside = new Map<Did, number>()
  for (const [at, op] of graph.ops.entries()) {
    if (op.act.t !== 'content') continue
    const verdict = world.verdicts[at]
    const answers = holds(world, at) ? verdict?.person : adopted.get(op.id)
    if (answers !== undefined) content.set(op.id, answers)
    else if (verdict === undefined || verdict.code === 'AUTHOR_REVOKED') {
      const count = setAside.get(op.iss) ?? 0
      if (count < MAX_QUARANTINED_PER_AUTHOR) quarantine.set(op.id, op.iss)
      setAside.set(op.iss, count + 1)
    }
  }
  return { content, quarantine }
}

function equivocationsIn(world: World): readonly Equivocation[] {
  const found: Equivocation[] = []
  for (const [author, own] of world.facts.graph.byAuthor) {
    const places = new Map<number, string[]>()
    for (const at of own) {
      const op = world.facts.graph.ops[at]
      if (op !== undefined) listAt(places, op.seq).push(op.id)
    }
    for (const [seq, operations] of places) if (operations.length > 1) found.push({ author, seq, operations: operations.sort() })
  }
  return found
}

/** A chain that proves to others what `did` may do; undefined for who has no standing. The root first. */
export function chainOf(state: FlowState, did: Did): readonly Delegation[] | undefined {
  let best: StateLink | undefined
  for (const link of state.links.values()) {
    if (link.delegation.aud === did && link.status === 'live' && (best === undefined || link.level > best.level)) best = link
  }
  if (best === undefined) return undefined
  const chain: Delegation[] = []
  for (let link: StateLink | undefined = best; link !== undefined; link = link.parent === undefined ? undefined : state.links.get(link.parent)) {
    chain.unshift(link.delegation)
  }
  return chain
}
