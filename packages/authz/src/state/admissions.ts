import { compareText } from '../bytes.ts'
import type { Did } from '../did.ts'
import { holds, type World } from './world.ts'

/**
 * Grants beyond what their link allows, where concurrent members admitted too many (CONVERGENCE §8). The order is the size of an admission's past,
 * then its author's DID, then its place in the author's chain: none of it can be ground the way a hash can.
 */
export function overAdmitted(world: World): readonly number[] {
  const { graph } = world.facts
  const links = new Set<Did>()
  for (const { act } of graph.ops) if (act.t === 'grant' && act.via !== undefined) links.add(act.via.iss)
  return [...links].flatMap((link) => overAdmittedBy(world, link))
}

function overAdmittedBy(world: World, link: Did): readonly number[] {
  const { facts } = world
  const { graph } = facts
  const offers = facts.invitesOf(link).flatMap((at) => {
    const act = graph.ops[at]?.act
    return act?.t === 'invite' && holds(world, at) ? [act.uses] : []
  })
  const uses = Math.min(...offers)
  const order = (at: number): readonly [number, string, number] => [graph.depth[at] ?? 0, graph.ops[at]?.iss ?? '', graph.ops[at]?.seq ?? 0]
  const admissions = facts.admissionsVia(link).filter((at) => holds(world, at))
  const sorted = admissions.sort((a, b) => compareOrder(order(a), order(b)) || a - b)
  const admitted = new Set<Did>()
  return sorted.filter((at) => {
    const act = graph.ops[at]?.act
    if (act?.t !== 'grant' || admitted.has(act.dlg.aud)) return false
    if (admitted.size >= uses) return true
    admitted.add(act.dlg.aud)
    return false
  })
}

function compareOrder(a: readonly [number, string, number], b: readonly [number, string, number]): number {
  return a[0] - b[0] || compareText(a[1], b[1]) || a[2] - b[2]
}
