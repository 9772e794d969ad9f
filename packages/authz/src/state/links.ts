import type { LinkStatus } from '../authorize.ts'
import type { Delegation } from '../delegation.ts'
import type { Did } from '../did.ts'
import { type Level, type Role, roleOf } from '../roles.ts'
import type { StateLink } from './state.ts'
import { holds, inviteIn, standingsOf, type World } from './world.ts'

/** An invitation as the state knows it. Whether it has expired depends on the clock and is asked at gates. */
export interface InviteRecord {
  readonly link: Did
  /** The X25519 key that epochs are wrapped for while it lives. */
  readonly x: Uint8Array
  readonly role: Role
  readonly uses: number
  readonly used: number
  /** True while it shows the flow and admits: not ended, not used up. */
  readonly live: boolean
  /** UNIX seconds. */
  readonly exp: number
  readonly by: Did
}

/** The delegation that an operation carries for somebody. */
export function delegationAt(world: World, at: number): Delegation | undefined {
  const act = world.facts.graph.ops[at]?.act
  switch (act?.t) {
    case 'create':
      return act.root
    case 'grant':
    case 'device':
    case 'recovery':
    case 'transfer':
    case 'invite':
      return act.dlg
    default:
      return undefined
  }
}

export function invitesIn(world: World): ReadonlyMap<Did, InviteRecord> {
  const { facts } = world
  const invites = new Map<Did, InviteRecord>()
  for (const [at, op] of facts.graph.ops.entries()) {
    const { act } = op
    if (act.t !== 'invite' || !holds(world, at)) continue
    const link = act.dlg.aud
    const inForce = inviteIn(world, link, facts.graph.all)
    if (invites.has(link) && inForce !== at) continue
    const used = usesOf(world, link)
    const live = inForce === at && used < act.uses
    invites.set(link, { link, x: act.card.x, role: roleOf(act.level), uses: act.uses, used, live, exp: act.dlg.exp ?? 0, by: world.verdicts[at]?.person ?? op.iss })
  }
  return invites
}

/** What every delegation that an operation carries is worth now, by its id. */
export function linksIn(world: World): ReadonlyMap<string, StateLink> {
  const { ops, all } = world.facts.graph
  const links = new Map<string, StateLink>()
  for (const at of ops.keys()) {
    const delegation = delegationAt(world, at)
    if (delegation === undefined || links.get(delegation.id)?.status === 'live') continue
    const own = world.verdicts[at]?.by
    const parent = own === undefined || own === at ? undefined : delegationAt(world, sourceOf(world, own, at))?.id
    links.set(delegation.id, { delegation, parent, ...worth(world, at, delegation, all) })
  }
  return links
}

/** The operation whose delegation an author acted by: a hand-over made its author an admin by what made it owner before. */
function sourceOf(world: World, by: number, at: number): number {
  const act = world.facts.graph.ops[by]?.act
  const person = world.verdicts[at]?.person
  if (act?.t !== 'transfer' || act.dlg.aud === person) return by
  return world.tenures.find((tenure) => tenure.candidates.includes(by))?.start ?? by
}

function worth(world: World, at: number, delegation: Delegation, all: number): { status: LinkStatus; level: Level } {
  const { facts } = world
  const act = facts.graph.ops[at]?.act
  if (!holds(world, at)) return { status: 'void', level: 0 }
  if (act?.t === 'invite') {
    const live = inviteIn(world, delegation.aud, all) === at && usesOf(world, delegation.aud) < act.uses
    return { status: live ? 'live' : 'ended', level: 0 }
  }
  const candidates = world.tenures.flatMap((tenure) => (tenure.start === at ? tenure.candidates : []))
  const by = [...standingsOf(world, delegation.aud, all)].find((standing) => standing.by === at || candidates.includes(standing.by))
  if (by === undefined) return { status: 'ended', level: 0 }
  return { status: 'live', level: by.level }
}

/** Persons admitted through a link. */
function usesOf(world: World, link: Did): number {
  const admitted = new Set<Did>()
  for (const grant of world.facts.admissionsVia(link)) {
    const act = world.facts.graph.ops[grant]?.act
    if (act?.t === 'grant' && holds(world, grant)) admitted.add(act.dlg.aud)
  }
  return admitted.size
}
