import type { Action, ContentNeed } from './actions.ts'
import { type Card, createCard } from './card.ts'
import type { CryptoPort, Signer } from './crypto.ts'
import { createDelegation, createRoot, type Delegation, type DelegationKind } from './delegation.ts'
import { createSigner } from './crypto.ts'
import type { Did } from './did.ts'
import { AuthzError } from './errors.ts'
import { INVITE_LIFETIME_S, MAX_DEPENDENCIES, MAX_RECIPIENTS, MIN_NONCE_BYTES } from './limits.ts'
import { createOperation, type Operation } from './operation.ts'
import { ADMIN, COMMANDS, commandOfLevel, type Level, type Role, ROLES } from './roles.ts'
import type { FlowState } from './state/state.ts'

/** Who writes, what it knows, and where randomness comes from. */
export interface Author {
  readonly signer: Signer
  readonly crypto: CryptoPort
  readonly state: FlowState
}

/** Makes a flow: its root, by a key that is forgotten at once, and its first operation. `x` is the owner's X25519 public key. */
export async function createFlow(crypto: CryptoPort, owner: Signer, x: Uint8Array): Promise<{ readonly flow: string; readonly operation: Operation }> {
  const genesis = await createSigner(crypto, crypto.random(32))
  const { root, flow } = await createRoot(genesis, owner.did, crypto.random(MIN_NONCE_BYTES))
  const operation = await createOperation(owner, { flow, last: undefined, heads: [] }, { t: 'create', root, card: await createCard(owner, x) })
  return { flow, operation }
}

/** Signs an action as the author's next operation, on top of everything that the state knows. */
export async function append({ signer, state }: Author, act: Action): Promise<Operation> {
  const last = state.history.last(signer.did)
  const heads = state.heads.filter((id) => id !== last?.id).slice(0, MAX_DEPENDENCIES)
  return createOperation(signer, { flow: state.flow, last, heads }, act)
}

/** Makes a person a member, or changes its role. `via` is what the person proves of having opened a link. */
export async function grantMember(author: Author, card: Card, role: Exclude<Role, 'owner'>, options: { readonly via?: Delegation; readonly exp?: number } = {}): Promise<Operation> {
  const { state } = author
  if (state.readers.size >= MAX_RECIPIENTS && !state.members.has(card.iss)) {
    throw new AuthzError('FLOW_FULL', `A flow has at most ${MAX_RECIPIENTS} devices and links; remove one first`)
  }
  const dlg = await delegate(author, card.iss, COMMANDS[role], 'grant', options.exp)
  const tips = state.history.wasGranted(card.iss) ? state.history.personTips(card.iss) : []
  return append(author, { t: 'grant', dlg, card, tips, via: options.via })
}

/** Removes a person with all its devices; by default every live link dies too, since a link is a bearer key that the person may have kept. */
export function removePerson(author: Author, who: Did, options: { readonly cascade?: boolean; readonly keepLinks?: readonly Did[]; readonly erase?: boolean } = {}): Promise<Operation> {
  const { state } = author
  const kept = new Set(options.keepLinks)
  const links = [...state.invites.values()].flatMap(({ link, live }) => (live && !kept.has(link) ? [link] : [])).sort()
  const tips = state.history.personTips(who).map((tip) => (options.erase === true ? { did: tip.did, seen: undefined } : tip))
  return append(author, { t: 'revoke', who, scope: 'person', tips, cascade: options.cascade ?? false, links })
}

/** Revokes one device and those linked from it; a device that revokes itself leaves alone. */
export function revokeDevice(author: Author, who: Did): Promise<Operation> {
  const tips = who === author.signer.did ? [] : author.state.history.deviceTips(who)
  return append(author, { t: 'revoke', who, scope: 'device', tips, cascade: false, links: [] })
}

export function revokeLink(author: Author, link: Did): Promise<Operation> {
  return append(author, { t: 'revoke', who: link, scope: 'link', tips: [], cascade: false, links: [] })
}

/** Makes the holder of `card`, who consents in it, a device of the author's person, with the author's role or less. */
export async function linkDevice(author: Author, card: Card, role?: Exclude<Role, 'owner'>): Promise<Operation> {
  return append(author, { t: 'device', dlg: await delegate(author, card.iss, role === undefined ? ownCommand(author) : COMMANDS[role], 'device'), card })
}

/** Registers the recovery key whose card consents to the author's person. */
export async function registerRecovery(author: Author, card: Card): Promise<Operation> {
  return append(author, { t: 'recovery', dlg: await delegate(author, card.iss, ownCommand(author), 'device'), card })
}

export function confirmRecovery(author: Author, registration: string): Promise<Operation> {
  return append(author, { t: 'confirm', op: registration })
}

export async function transferFlow(author: Author, to: Did): Promise<Operation> {
  return append(author, { t: 'transfer', dlg: await delegate(author, to, COMMANDS.admin, 'owner') })
}

/** Makes a link: whoever has its seed sees the flow while it lives, and may be admitted with `role`. `now` in UNIX seconds. */
export async function inviteBy(author: Author, link: Card, options: { readonly role: 'viewer' | 'tagger' | 'editor'; readonly uses: number; readonly now: number; readonly lifetimeS?: number }): Promise<Operation> {
  const dlg = await delegate(author, link.iss, COMMANDS.viewer, 'invite', options.now + (options.lifetimeS ?? INVITE_LIFETIME_S))
  const level: Level = ROLES.indexOf(options.role) === 2 ? 2 : ROLES.indexOf(options.role) === 1 ? 1 : 0
  return append(author, { t: 'invite', dlg, card: link, cmd: COMMANDS[options.role], level, uses: options.uses })
}

/** Makes the flow public with a key of its own, or private again. */
export function setPublic(author: Author, key: Uint8Array | undefined): Promise<Operation> {
  return append(author, { t: 'public', key })
}

/** Adds opaque, encrypted content under an epoch. */
export function addContent(author: Author, need: ContentNeed, epoch: string, body: Uint8Array): Promise<Operation> {
  return append(author, { t: 'content', need, epoch, body })
}

/** Takes responsibility for content that a revocation set aside. */
export function adoptContent(author: Author, op: string): Promise<Operation> {
  return append(author, { t: 'adopt', op })
}

function delegate({ signer, crypto, state }: Author, aud: Did, cmd: string, kind: DelegationKind, exp?: number): Promise<Delegation> {
  const { subject } = state.history
  if (subject === undefined) throw new AuthzError('NO_RESOURCE', 'The flow has not begun here; fetch its first operation')
  return createDelegation(signer, { aud, sub: subject, cmd, kind, nonce: crypto.random(MIN_NONCE_BYTES), exp })
}

function ownCommand({ signer, state }: Author): string {
  let level: Level | undefined
  for (const link of state.links.values()) {
    if (link.delegation.aud === signer.did && link.status === 'live' && (level === undefined || link.level > level)) level = link.level
  }
  if (level === undefined) throw new AuthzError('NOT_A_MEMBER', 'This device has no role in the flow to hand on')
  return commandOfLevel(level > ADMIN ? ADMIN : level)
}
