import { type Did, type Operation } from '@gloflow/authz'

/** The end of an author's chain: what one side has of that author. Where an author signed two operations at one place, both ends are named. */
export interface ChainTip {
  readonly did: Did
  readonly seq: number
  readonly id: string
}

/** A set of operations, asked for what another side has of it. */
export interface Coverage {
  readonly tips: readonly ChainTip[]
  /** Everything that lies before those tips that are known here, themselves included. */
  past(tips: readonly ChainTip[]): Set<string>
  /**
   * What the other side probably has too although its tip is not known here: it is further along that author's chain. A guess that saves sending it
   * all again; it is corrected once the other side's operations are here.
   */
  assumed(tips: readonly ChainTip[]): Set<string>
}

/** Coverage of operations that are complete downwards: all that one builds on is among them. */
export function coverageOf(operations: readonly Operation[]): Coverage {
  const byId = new Map(operations.map((op) => [op.id, op]))
  const followed = new Set(operations.flatMap(({ prev }) => prev ?? []))
  const before = (start: readonly string[]): Set<string> => {
    const found = new Set<string>()
    const queue = [...start]
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      const op = byId.get(id)
      if (op === undefined || found.has(id)) continue
      found.add(id)
      queue.push(...op.deps)
      if (op.prev !== undefined) queue.push(op.prev)
    }
    return found
  }
  return {
    tips: operations.filter(({ id }) => !followed.has(id)).map(({ iss, seq, id }) => ({ did: iss, seq, id })),
    past: (tips) => before(tips.map(({ id }) => id)),
    assumed(tips) {
      const reach = new Map<Did, number>()
      for (const { did, seq, id } of tips) if (!byId.has(id)) reach.set(did, Math.max(seq, reach.get(did) ?? 0))
      return before(operations.filter(({ iss, seq }) => seq < (reach.get(iss) ?? -1)).map(({ id }) => id))
    }
  }
}
