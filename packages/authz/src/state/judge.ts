import type { Action } from '../actions.ts'
import type { Did } from '../did.ts'
import type { AuthzErrorCode } from '../errors.ts'
import type { VerifiedOperation } from '../operation.ts'
import { ADMIN, EDITOR, type Level, OWNER, TAGGER } from '../roles.ts'
import { holds, inviteIn, ownerIn, personLevel, type Standing, type World } from './world.ts'

/** The level that an operation asks of its author (CONVERGENCE §2). */
export function needOf(world: World, op: VerifiedOperation): Level {
  const { act } = op
  switch (act.t) {
    case 'create':
    case 'device':
    case 'recovery':
    case 'confirm':
      return 0
    case 'epoch':
    case 'share':
      return TAGGER
    case 'content':
      return CONTENT_LEVELS[act.need]
    case 'adopt': {
      const target = world.facts.graph.ops[world.facts.graph.index.get(act.op) ?? -1]?.act
      return target?.t === 'content' ? CONTENT_LEVELS[target.need] : EDITOR
    }
    case 'grant':
    case 'invite':
    case 'public':
      return ADMIN
    case 'revoke':
      return act.scope === 'device' && act.links.length === 0 ? 0 : ADMIN
    case 'transfer':
      return OWNER
  }
}

const CONTENT_LEVELS = { tag: TAGGER, edit: EDITOR, flow: ADMIN } as const

/** Why an operation does not hold, given what its author may do at it; undefined where it holds (CONVERGENCE §7). */
export function judge(world: World, at: number, author: Standing): AuthzErrorCode | undefined {
  const op = world.facts.graph.ops[at]
  if (op === undefined) return 'DEPENDENCY_MISSING'
  if (needOf(world, op) > author.level) return 'ROLE_TOO_LOW'
  const { act } = op
  switch (act.t) {
    case 'grant':
      return judgeGrant(world, at, act, author)
    case 'revoke':
      return judgeRevoke(world, at, op.iss, act, author)
    case 'device':
    case 'recovery':
      if (act.dlg.sub !== world.facts.subject) return 'SUBJECT_CHANGED'
      if (act.dlg.level > author.level) return 'ROLE_TOO_LOW'
      return act.t === 'recovery' && world.facts.registrationAt(at) === undefined ? 'RECOVERY_INVALID' : undefined
    case 'confirm':
      return judgeConfirm(world, at, op, act.op, author)
    case 'transfer':
      if (act.dlg.sub !== world.facts.subject) return 'SUBJECT_CHANGED'
      if (!wasGranted(world, act.dlg.aud, at)) return 'TARGET_UNKNOWN'
      return act.dlg.aud === author.person ? 'ALREADY_MEMBER' : undefined
    case 'invite':
      return act.dlg.sub === world.facts.subject ? undefined : 'SUBJECT_CHANGED'
    case 'adopt':
      return knownAs(world, at, act.op, 'content') ? undefined : 'TARGET_UNKNOWN'
    default:
      return undefined
  }
}

function wasGranted(world: World, person: Did, at: number): boolean {
  return world.facts.grantsTo(person).some((grant) => world.facts.inScope(grant, at))
}

/** True where `id` is an operation of kind `t` in the past of `at`. */
function knownAs(world: World, at: number, id: string, t: Action['t']): boolean {
  const target = world.facts.graph.index.get(id)
  return target !== undefined && world.facts.inScope(target, at) && world.facts.graph.ops[target]?.act.t === t
}

function judgeGrant(world: World, at: number, act: Extract<Action, { t: 'grant' }>, author: Standing): AuthzErrorCode | undefined {
  const { dlg, via } = act
  if (dlg.sub !== world.facts.subject) return 'SUBJECT_CHANGED'
  if (dlg.level >= author.level) return 'ROLE_TOO_LOW'
  const above = aboveReach(world, dlg.aud, at, author)
  if (above !== undefined) return above
  if (!sawAll(world, at, act.tips, false)) return 'SEEN_MISMATCH'
  if (via === undefined) return undefined
  const invite = inviteIn(world, via.iss, at)
  const offer = invite === undefined ? undefined : world.facts.graph.ops[invite]?.act
  if (offer?.t !== 'invite') return 'INVITE_DEAD'
  if (dlg.level > offer.level) return 'ROLE_TOO_LOW'
  const admitted = admittedThrough(world, via.iss, (grant) => world.facts.inScope(grant, at))
  return admitted.has(dlg.aud) || admitted.size < offer.uses ? undefined : 'INVITE_EXHAUSTED'
}

/** Persons whom grants that hold admitted through a link. */
function admittedThrough(world: World, link: Did, counts: (grant: number) => boolean): Set<Did> {
  const admitted = new Set<Did>()
  for (const at of world.facts.admissionsVia(link)) {
    const act = world.facts.graph.ops[at]?.act
    if (act?.t === 'grant' && counts(at) && holds(world, at)) admitted.add(act.dlg.aud)
  }
  return admitted
}

/** The owner is out of reach of everybody, an admin out of reach of admins. */
function aboveReach(world: World, person: Did, at: number, author: Standing): AuthzErrorCode | undefined {
  if (ownerIn(world, at) === person) return 'OWNER_IRREMOVABLE'
  return author.level < OWNER && (personLevel(world, person, at)?.level ?? 0) >= ADMIN ? 'ROLE_TOO_LOW' : undefined
}

function judgeRevoke(world: World, at: number, iss: Did, act: Extract<Action, { t: 'revoke' }>, author: Standing): AuthzErrorCode | undefined {
  const { facts } = world
  const isInvite = (link: Did): boolean => facts.invitesOf(link).some((invite) => facts.inScope(invite, at))
  if (!act.links.every(isInvite)) return 'TARGET_UNKNOWN'
  if (act.scope === 'link') return isInvite(act.who) ? noTips(act) : 'TARGET_UNKNOWN'
  const { mode } = facts.reach(at)
  if (mode === 'self') return noTips(act)
  const person = act.scope === 'person' ? act.who : facts.personOf(act.who, at)
  if (person === undefined || (act.scope === 'person' && !wasGranted(world, person, at))) return 'TARGET_UNKNOWN'
  if (mode === 'recovery') return act.who === iss || !sawAll(world, at, act.tips, false) ? 'SEEN_MISMATCH' : undefined
  if (author.level < ADMIN || person === author.person) return ownerIn(world, at) === person && act.scope === 'person' ? 'OWNER_IRREMOVABLE' : 'ROLE_TOO_LOW'
  const above = aboveReach(world, person, at, author)
  if (above !== undefined) return above
  return sawAll(world, at, act.tips, author.level === OWNER) ? undefined : 'SEEN_MISMATCH'
}

function noTips(act: Extract<Action, { t: 'revoke' }>): AuthzErrorCode | undefined {
  return act.tips.length === 0 && !act.cascade ? undefined : 'SEEN_MISMATCH'
}

/** The tips must be the latest of each device in the revoker's past: an earlier one would erase what the revoker knew (CONVERGENCE §5). */
function sawAll(world: World, at: number, tips: Extract<Action, { t: 'revoke' }>['tips'], mayErase: boolean): boolean {
  const expected = world.facts.tips(world.facts.reach(at).devices, at)
  if (tips.length !== expected.length) return false
  return tips.every((tip, i) => tip.did === expected[i]?.did && (tip.seen === undefined ? mayErase : tip.seen === expected[i].seen))
}

function judgeConfirm(world: World, at: number, op: VerifiedOperation, target: string, author: Standing): AuthzErrorCode | undefined {
  const index = world.facts.graph.index.get(target)
  const registration = index === undefined ? undefined : world.facts.registrationAt(index)
  if (registration === undefined || !world.facts.inScope(registration.at, at)) return 'TARGET_UNKNOWN'
  const own = op.iss === registration.key || op.iss === world.facts.graph.ops[registration.at]?.iss
  if (own) return 'RECOVERY_INVALID'
  return author.person === registration.person || author.level >= ADMIN ? undefined : 'ROLE_TOO_LOW'
}
