import { compareText } from '../bytes.ts'
import type { Did } from '../did.ts'
import type { AuthzErrorCode } from '../errors.ts'
import type { VerifiedOperation } from '../operation.ts'

/** A point to look back from: the past of one operation, or everything ({@link Graph.all}). */
export type Scope = number

/**
 * The retained operations in one order that everybody computes alike: by the size of their past, then by id (CONVERGENCE §1). Operations are
 * named by their index in that order.
 */
export interface Graph {
  readonly ops: readonly VerifiedOperation[]
  readonly all: Scope
  readonly index: ReadonlyMap<string, number>
  /** Number of operations in the past of each. */
  readonly depth: readonly number[]
  /** True where `a` is in the past of `b` (strictly), or `b` is {@link all}. */
  before(a: number, b: Scope): boolean
  concurrent(a: number, b: number): boolean
  /** Operations by each author, in order. */
  readonly byAuthor: ReadonlyMap<Did, readonly number[]>
}

export interface Sorted {
  readonly graph: Graph
  /** Operations left out, with the reason. */
  readonly refused: ReadonlyMap<string, AuthzErrorCode>
}

/** An operation while its place is being worked out. */
interface Node {
  readonly op: VerifiedOperation
  readonly parents: readonly string[]
  depth: number
  /** For each run of an author's operations: how many of them are in the past, itself included. */
  known: number[]
  run: number
  place: number
}

/**
 * Retains what can be judged: all dependencies present, an unbroken chain, and an author whom something in the past lets in. The rest is refused
 * (DEPENDENCY_MISSING, OPERATION_CHAIN, NOT_A_MEMBER), with whatever builds on it.
 */
export function sortOperations(operations: Iterable<VerifiedOperation>, admits: (op: VerifiedOperation) => Did | undefined): Sorted {
  const waiting = new Map<string, VerifiedOperation>()
  for (const op of operations) waiting.set(op.id, op)
  const refused = new Map<string, AuthzErrorCode>()
  const nodes = new Map<string, Node>()
  const runs = createRuns(admits)
  for (const op of parentsFirst(waiting)) {
    const parents = op.prev === undefined ? op.deps : [op.prev, ...op.deps]
    const known = parents.flatMap((id) => nodes.get(id) ?? [])
    const node: Node = { op, parents, depth: 0, known: [], run: 0, place: 0 }
    const problem = known.length < parents.length ? 'DEPENDENCY_MISSING' : runs.place(node, known, nodes)
    if (problem === undefined) nodes.set(op.id, node)
    else refused.set(op.id, problem)
  }
  for (const op of waiting.values()) if (!nodes.has(op.id) && !refused.has(op.id)) refused.set(op.id, 'DEPENDENCY_MISSING')
  return { graph: buildGraph([...nodes.values()]), refused }
}

/** Operations whose parents came before them; those in or behind a cycle (which hashes forbid) never come. */
function* parentsFirst(waiting: ReadonlyMap<string, VerifiedOperation>): Generator<VerifiedOperation> {
  const children = new Map<string, string[]>()
  const missing = new Map<string, number>()
  const ready: string[] = []
  for (const op of waiting.values()) {
    const parents = (op.prev === undefined ? op.deps : [op.prev, ...op.deps]).filter((id) => waiting.has(id))
    for (const id of parents) listAt(children, id).push(op.id)
    missing.set(op.id, parents.length)
    if (parents.length === 0) ready.push(op.id)
  }
  for (const id of ready) {
    const op = waiting.get(id)
    if (op !== undefined) yield op
    for (const child of children.get(id) ?? []) {
      const left = (missing.get(child) ?? 1) - 1
      missing.set(child, left)
      if (left === 0) ready.push(child)
    }
  }
}

/** Gives each node its run, its past and its depth. A run is an author's operations in a row; a fork begins another. */
function createRuns(admits: (op: VerifiedOperation) => Did | undefined) {
  const lengths: number[] = []
  const tips = new Map<string, number>()
  /** Who is let in by the first k operations of a run. */
  const admittedBy: Map<Did, { run: number; place: number }[]> = new Map()
  return {
    place(node: Node, parents: readonly Node[], nodes: ReadonlyMap<string, Node>): AuthzErrorCode | undefined {
      const { op } = node
      const before = op.prev === undefined ? undefined : nodes.get(op.prev)
      if (before !== undefined && (before.op.iss !== op.iss || before.op.seq + 1 !== op.seq)) return 'OPERATION_CHAIN'
      for (const parent of parents) node.known = merged(node.known, parent.known)
      const letIn = op.act.t === 'create' || (admittedBy.get(op.iss) ?? []).some(({ run, place }) => (node.known[run] ?? 0) > place)
      if (!letIn) return 'NOT_A_MEMBER'
      for (const count of node.known) node.depth += count
      const continued = before === undefined ? undefined : tips.get(before.op.id)
      node.run = continued ?? lengths.push(0) - 1
      if (before !== undefined) tips.delete(before.op.id)
      tips.set(op.id, node.run)
      node.place = lengths[node.run] ?? 0
      lengths[node.run] = node.place + 1
      while (node.known.length < node.run) node.known.push(0)
      node.known[node.run] = node.place + 1
      const admitted = admits(op)
      if (admitted !== undefined) listAt(admittedBy, admitted).push({ run: node.run, place: node.place })
      return undefined
    }
  }
}

/** For each run the longer of two beginnings; a new list. */
function merged(a: readonly number[], b: readonly number[]): number[] {
  const [long, short] = a.length < b.length ? [b, a] : [a, b]
  const all = long.slice()
  for (let run = 0; run < short.length; run++) {
    const count = short[run] ?? 0
    if (count > (all[run] ?? 0)) all[run] = count
  }
  return all
}

/** The list at a key, made where it is missing. */
export function listAt<K, V>(map: Map<K, V[]>, key: K): V[] {
  let list = map.get(key)
  if (list === undefined) map.set(key, (list = []))
  return list
}

function buildGraph(nodes: readonly Node[]): Graph {
  const sorted = [...nodes].sort((a, b) => a.depth - b.depth || compareText(a.op.id, b.op.id))
  const all = sorted.length
  const byAuthor = new Map<Did, number[]>()
  for (const [i, { op }] of sorted.entries()) {
    listAt(byAuthor, op.iss).push(i)
  }
  const before = (a: number, b: Scope): boolean => {
    const [x, y] = [sorted[a], sorted[b]]
    if (x === undefined || b === a) return false
    return y === undefined ? b === all : (y.known[x.run] ?? 0) > x.place
  }
  return {
    ops: sorted.map((node) => node.op),
    all,
    index: new Map(sorted.map((node, i) => [node.op.id, i])),
    depth: sorted.map((node) => node.depth),
    before,
    concurrent: (a, b) => a !== b && !before(a, b) && !before(b, a),
    byAuthor
  }
}
