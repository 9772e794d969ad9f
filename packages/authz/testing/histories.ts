import {
  addContent,
  adoptContent,
  applyOperations,
  type Author,
  authorize,
  AuthzError,
  chainOf,
  confirmRecovery,
  type Did,
  type FlowState,
  grantMember,
  inviteBy,
  linkDevice,
  linkKeys,
  openLink,
  type Operation,
  registerRecovery,
  removePerson,
  revokeDevice,
  revokeLink,
  rotateEpoch,
  setPublic,
  stateHash,
  transferFlow,
  type VerifiedBundle,
  type VerifiedOperation,
  type Verifier
} from '../src/index.ts'
import { bundleOf } from '../src/bundle.ts'
import type { CryptoPort } from '../src/crypto.ts'
import { createDeterministicCrypto } from './deterministic.ts'
import { createScene, createUnsignedCrypto, type Scene } from './scene.ts'

/** One step of a history, as four numbers that a generator can shrink. What they mean is settled when the step is taken. */
export interface Step {
  readonly actor: number
  readonly act: number
  readonly target: number
  /** What the actor knows: everything, what it happens to have, or what it had at some earlier time. */
  readonly knowledge: number
}

/** A history, and how much of it is what a generator easily misses. */
export interface TestHistory {
  readonly scene: Scene
  readonly operations: readonly VerifiedOperation[]
  /** Operations written from an earlier knowledge than their author had. */
  readonly backDated: number
}

const PEOPLE = ['owner', 'ann', 'bob', 'cid', 'dan', 'eve'] as const
const DEVICES = ['ann-2', 'bob-2', 'cid-2', 'owner-2', 'bob-rescue', 'owner-rescue', 'cid-rescue'] as const
const EVERYBODY = [...PEOPLE, ...DEVICES]
/** Who may manage acts more often: what others do is mostly refused. */
const ACTORS = [...EVERYBODY, 'owner', 'ann', 'bob', 'ann', 'bob']
const ROLES = ['viewer', 'tagger', 'editor', 'admin'] as const
/** Links are of the flow, not of a person. */
const LINKS = 2

const unsigned = createUnsignedCrypto(createDeterministicCrypto('histories'))
const believing: Verifier = { check: async () => undefined }

/**
 * Plays the steps: six people, their second devices and recovery keys, two links. Steps that an author could not even sign are left out. Signatures are
 * not real unless `crypto` makes real ones, for a judge that checks them.
 */
export async function playHistory(steps: readonly Step[], crypto: CryptoPort = unsigned): Promise<TestHistory> {
  const scene = await createScene(crypto, 'owner', believing)
  const earlier = new Map<string, VerifiedOperation[][]>()
  let backDated = 0
  const write = async (name: string, act: (author: Author) => Promise<Operation>, knowing?: readonly VerifiedOperation[]): Promise<void> => {
    const known = [...(await scene.actor(name)).known.values()]
    earlier.set(name, [...(earlier.get(name) ?? []), known])
    try {
      await scene.write(name, act, knowing)
    } catch (error) {
      if (!(error instanceof AuthzError)) throw error
    }
  }
  for (const name of EVERYBODY) await scene.actor(name)
  for (const [name, role] of [['ann', 'admin'], ['bob', 'admin'], ['cid', 'editor'], ['dan', 'tagger']] as const) {
    const { card } = await scene.actor(name)
    await write('owner', (author) => grantMember(author, card, role))
  }
  await write('owner', async (author) => (await rotateEpoch(author, new Map(), [])).operation)
  const link = await linkOf(crypto, 0)
  await write('owner', (author) => inviteBy(author, link.card, { role: 'editor', uses: 1, now: 1_800_000_000 }))
  await scene.meet()
  for (const step of steps) {
    const name = ACTORS[step.actor % ACTORS.length] ?? 'owner'
    const past = earlier.get(name) ?? []
    const old = step.knowledge % 4 === 3 ? past[step.knowledge % Math.max(1, past.length)] : undefined
    if (step.knowledge % 4 === 0) await scene.meet()
    if (old !== undefined) backDated++
    await write(name, (author) => takeStep(crypto, scene, author, name, step), old)
  }
  return { scene, operations: scene.everything(), backDated }
}

/** Draws acts from a bag in which removals and role changes are the most. */
const BAG = ['remove', 'remove', 'remove', 'grant', 'grant', 'grant', 'grant', 'content', 'content', 'content', 'device', 'device', 'recovery', 'revoke', 'revoke', 'confirm', 'transfer', 'invite', 'admit', 'admit', 'admit', 'admit', 'unlink', 'epoch', 'public', 'adopt'] as const

async function takeStep(crypto: CryptoPort, scene: Scene, author: Author, name: string, step: Step): Promise<Operation> {
  const person = PEOPLE[step.target % PEOPLE.length] ?? 'owner'
  const anybody = EVERYBODY[step.target % EVERYBODY.length] ?? 'owner'
  const { did, card } = await scene.actor(person)
  const ids = [...author.state.content.keys(), ...author.state.quarantine.keys()]
  switch (BAG[step.act % BAG.length]) {
    case 'remove':
      return removePerson(author, did, { cascade: step.target % 5 === 0, erase: step.target % 7 === 0 })
    case 'grant':
      return grantMember(author, card, ROLES[step.target % 4] ?? 'viewer')
    case 'device':
      return linkDevice(author, await scene.consent(DEVICES[step.target % 4] ?? 'ann-2', name))
    case 'recovery':
      return registerRecovery(author, await scene.consent(DEVICES[4 + (step.target % 3)] ?? 'bob-rescue', name))
    case 'revoke':
      return revokeDevice(author, (await scene.actor(anybody)).did)
    case 'confirm': {
      const registrations = [...(await scene.actor(name)).known.values()].filter(({ act }) => act.t === 'recovery')
      return confirmRecovery(author, registrations[step.target % Math.max(1, registrations.length)]?.id ?? scene.root.id)
    }
    case 'transfer':
      return transferFlow(author, did)
    case 'invite':
      return inviteBy(author, (await linkOf(crypto, step.target)).card, { role: 'editor', uses: 1, now: 1_800_000_000 })
    case 'admit': {
      const visitor = await scene.actor(PEOPLE[3 + (step.target % 3)] ?? 'eve')
      const keys = await linkOf(crypto, step.target % 5 === 0 ? 1 : 0)
      const invite = [...(await scene.actor(name)).known.values()].find(({ act }) => act.t === 'invite' && act.dlg.aud === keys.signer.did)?.act
      if (invite?.t !== 'invite') return grantMember(author, visitor.card, 'editor')
      return grantMember(author, visitor.card, 'tagger', { via: await openLink(crypto, keys, invite.dlg, visitor.did, 1_900_000_000) })
    }
    case 'unlink':
      return revokeLink(author, (await linkOf(crypto, step.target)).signer.did)
    case 'epoch':
      return (await rotateEpoch(author, new Map(), [])).operation
    case 'public':
      return setPublic(author, step.target % 2 === 0 ? new Uint8Array(32).fill(step.target) : undefined)
    case 'adopt':
      return adoptContent(author, ids[step.target % Math.max(1, ids.length)] ?? scene.root.id)
    default:
      return addContent(author, step.target % 3 === 0 ? 'tag' : 'edit', author.state.epochs[0]?.id ?? scene.root.id, Uint8Array.of(step.target % 256))
  }
}

function linkOf(crypto: CryptoPort, target: number): ReturnType<typeof linkKeys> {
  return linkKeys(crypto, new Uint8Array(32).fill(1 + (target % LINKS)))
}

/** What is wrong with a history's state, by rules that look at the result alone; empty where nothing is. `shuffles` are orders of the operations. */
export function problemsOf({ scene, operations }: TestHistory, shuffles: readonly (readonly number[])[]): readonly string[] {
  const state = applyOperations({ flow: scene.flow, operations })
  const hash = stateHash(state)
  const problems: string[] = []
  for (const keys of shuffles) {
    const shuffled = operations.map((op, i) => [keys[i % Math.max(1, keys.length)] ?? 0, op] as const).sort(([a], [b]) => a - b)
    if (stateHash(applyOperations({ flow: scene.flow, operations: shuffled.map(([, op]) => op) })) !== hash) problems.push('another order gives another state')
  }
  return [...problems, ...problemsOfState(state, operations)]
}

function problemsOfState(state: FlowState, operations: readonly VerifiedOperation[]): readonly string[] {
  const problems: string[] = []
  const pasts = pastsOf(operations)
  const holds = (op: VerifiedOperation): boolean => !state.voidOperations.has(op.id) && !state.refused.has(op.id)
  const held = operations.filter(holds)
  if (state.owner === undefined && !state.frozen) problems.push('a flow without an owner that is not frozen')
  const left = held.some(({ act }) => act.t === 'revoke' && act.scope === 'device' && act.who === state.owner)
  if (state.owner !== undefined && !state.members.has(state.owner) && !left) problems.push('the owner is no member')
  for (const removal of held) {
    const { act } = removal
    if (act.t !== 'revoke' || act.scope !== 'person') continue
    const sinceThen = held.some((op) => op.act.t === 'grant' && op.act.dlg.aud === act.who && pasts.get(op.id)?.has(removal.id))
    const byRank = held.some((op) => op.act.t === 'grant' && op.act.dlg.aud === act.who && op.act.dlg.level === 3)
    const wasOwner = held.some((op) => op.act.t === 'transfer')
    if (state.members.has(act.who) && !sinceThen && !byRank && !wasOwner) problems.push('somebody who was removed, and not granted again since, is a member')
    if (act.who === state.owner && !wasOwner) problems.push('the owner was removed')
  }
  for (const op of held) {
    const cutBy = held.find(({ id, act }) => act.t === 'revoke' && act.tips.some(({ did }) => did === op.iss) && levelOfRole(state, id) && id !== op.id && isBeside(pasts, id, op.id))
    if (cutBy !== undefined && op.act.t === 'content') problems.push('content beside the owner’s revocation of its author counts')
  }
  for (const id of state.content.keys()) if (state.quarantine.has(id)) problems.push('content counts and is set aside')
  for (const did of state.writeEpoch?.recipients ?? []) if (!state.readers.has(did)) problems.push('an epoch to write under is read by somebody who may not')
  for (const invite of state.invites.values()) if (invite.used > invite.uses) problems.push('a link admitted too many')
  for (const member of state.members.values()) for (const [did, role] of member.devices) problems.push(...problemsOfChain(state, did, role))
  return problems

  /** True where the founder made the revocation, and never lost the flow: then nothing outranks it. */
  function levelOfRole(of: FlowState, id: string): boolean {
    const founder = operations.find(({ act }) => act.t === 'create')?.iss
    return of.owner === founder && operations.find((op) => op.id === id)?.iss === founder && operations.every(({ act }) => act.t !== 'transfer')
  }
}

/** The chain that the state gives a device must be one that a verifier takes, for the very role that the state says. */
function problemsOfChain(state: FlowState, did: Did, role: string): readonly string[] {
  const chain = chainOf(state, did)
  if (chain === undefined) return ['a member’s device has no chain']
  if (chain.length > 8) return []
  try {
    const bundle = bundleOf(chain)
    const decision = authorize({ flows: [state.flow], operation: 'flow_get', remote: did }, believe(bundle), { ...state, publicView: false }, 1_800_000_000)
    if (!decision.allowed) return [`a member’s chain is denied: ${decision.code}`]
    const level = ['viewer', 'tagger', 'editor', 'admin', 'owner'][decision.level]
    return level === role ? [] : [`a chain gives ${level} where the state says ${role}`]
  } catch (error) {
    return [`a member’s chain does not parse: ${error instanceof AuthzError ? error.code : String(error)}`]
  }
}

/** Signatures are not the question here. */
function believe(bundle: ReturnType<typeof bundleOf>): VerifiedBundle {
  return bundle as VerifiedBundle
}

/** The past of each operation, worked out the slow and obvious way. */
export function pastsOf(operations: readonly VerifiedOperation[]): ReadonlyMap<string, ReadonlySet<string>> {
  const pasts = new Map<string, Set<string>>()
  for (const op of operations) {
    const past = new Set<string>()
    for (const id of op.prev === undefined ? op.deps : [op.prev, ...op.deps]) {
      past.add(id)
      for (const before of pasts.get(id) ?? []) past.add(before)
    }
    pasts.set(op.id, past)
  }
  return pasts
}

function isBeside(pasts: ReadonlyMap<string, ReadonlySet<string>>, a: string, b: string): boolean {
  return pasts.get(a)?.has(b) !== true && pasts.get(b)?.has(a) !== true
}

/** Of all pairs of operations, how many are concurrent; of all operations, how many were back-dated. */
export function sharesOf({ operations, backDated }: TestHistory): { readonly pairs: number; readonly concurrent: number; readonly operations: number; readonly backDated: number } {
  const pasts = pastsOf(operations)
  let pairs = 0
  let concurrent = 0
  for (const [i, a] of operations.entries()) {
    for (const b of operations.slice(i + 1)) {
      pairs++
      if (isBeside(pasts, a.id, b.id)) concurrent++
    }
  }
  return { pairs, concurrent, operations: operations.length, backDated }
}
