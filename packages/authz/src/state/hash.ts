import { idBytes } from '../actions.ts'
import { compareText, sha256, toHex } from '../bytes.ts'
import { type Cbor, encodeCbor } from '../cbor.ts'
import type { FlowState } from './state.ts'

/** One hash of all that a state says, hex: equal for two peers that have the same operations (CONVERGENCE §10). */
export function stateHash(state: FlowState): string {
  return toHex(sha256(encodeCbor(summaryOf(state))))
}

/** A state as plain sorted data: what the hash is over, and what vectors compare. */
export function summaryOf(state: FlowState): { readonly [key: string]: Cbor } {
  return {
    flow: idBytes(state.flow),
    owner: state.owner ?? null,
    frozen: state.frozen,
    public: state.publicKey ?? null,
    members: rows(state.members, ([person, { role, devices, recoveryFrozen }]) => [person, role, rows(devices, ([did, own]) => [did, own]), recoveryFrozen]),
    links: rows(state.links, ([id, { status, level }]) => [idBytes(id), status, level]),
    invites: rows(state.invites, ([link, { role, uses, used, live, exp }]) => [link, role, uses, used, live, exp]),
    epochs: state.epochs.map(({ id, usable, latest, recipients }) => [idBytes(id), usable, latest, [...recipients].sort(compareText)]),
    content: rows(state.content, ([id, person]) => [idBytes(id), person]),
    quarantine: rows(state.quarantine, ([id, author]) => [idBytes(id), author]),
    void: rows(state.voidOperations, ([id, code]) => [idBytes(id), code]),
    equivocations: [...state.equivocations].sort((a, b) => compareText(a.author, b.author) || a.seq - b.seq).map(({ author, seq, operations }) => [author, seq, operations.map(idBytes)]),
    heads: state.heads.map(idBytes)
  }
}

function rows<V>(map: ReadonlyMap<string, V>, row: (entry: readonly [string, V]) => Cbor): readonly Cbor[] {
  return [...map].sort(([a], [b]) => compareText(a, b)).map(row)
}
