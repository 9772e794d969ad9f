import type { Tip } from '../actions.ts'
import type { Card } from '../card.ts'
import type { Did } from '../did.ts'
import type { Operation } from '../operation.ts'
import type { Facts } from './facts.ts'

/** What the author of the next operation must know of those before. */
export interface History {
  /** The flow's key, which every delegation names. */
  readonly subject: Did | undefined
  /** The last operation of an author: what its next one follows. */
  last(did: Did): Pick<Operation, 'id' | 'seq'> | undefined
  wasGranted(person: Did): boolean
  personOf(did: Did): Did | undefined
  /** The key card with which a device or link came in last. */
  cardOf(did: Did): Card | undefined
  /** What a removal or role change of a person must have seen. */
  personTips(person: Did): readonly Tip[]
  /** What the revocation of a device must have seen. */
  deviceTips(did: Did): readonly Tip[]
}

export function historyOf(facts: Facts): History {
  const { graph } = facts
  return {
    subject: facts.subject,
    last(did) {
      const own = graph.byAuthor.get(did) ?? []
      const ops = own.flatMap((at) => graph.ops[at] ?? [])
      return ops.sort((a, b) => b.seq - a.seq || (a.id < b.id ? -1 : 1))[0]
    },
    wasGranted: (person) => facts.grantsTo(person).length > 0,
    personOf: (did) => facts.personOf(did, graph.all),
    cardOf(did) {
      const at = [...facts.admissions(did), ...facts.invitesOf(did)].at(-1)
      const act = at === undefined ? undefined : graph.ops[at]?.act
      return act !== undefined && 'card' in act ? act.card : undefined
    },
    personTips: (person) => facts.tips(facts.devicesOf(person, graph.all), graph.all),
    deviceTips: (did) => facts.tips(facts.linkedBelow(did, graph.all), graph.all)
  }
}

export const NO_HISTORY: History = {
  subject: undefined,
  last: () => undefined,
  wasGranted: () => false,
  personOf: () => undefined,
  cardOf: () => undefined,
  personTips: () => [],
  deviceTips: () => []
}
