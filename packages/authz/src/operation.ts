import { type Action, encodeAction, idBytes, MAX_SEQUENCE, parseAction } from './actions.ts'
import { decodeCbor, encodeCbor } from './cbor.ts'
import type { Signer } from './crypto.ts'
import { createEnvelope, parseEnvelope, type Signed } from './envelope.ts'
import { AuthzError } from './errors.ts'
import { isMap, readDid, readFields, readId, readIds, readInteger } from './fields.ts'
import { MAX_DEPENDENCIES, MAX_OPERATION_BYTES } from './limits.ts'
import type { Verifier, VerifyBudget } from './verify.ts'

const TAG = 'gf/op@1'
const SET_TAG = 'gf/ops@1'

/** A parsed operation: one node of a flow's history. Parsing verifies no signature. */
export interface Operation extends Signed {
  readonly bytes: Uint8Array
  readonly flow: string
  /** Place in the author's own chain, from 0. */
  readonly seq: number
  /** The author's operation before; undefined at the first. */
  readonly prev: string | undefined
  /** Other heads that the author knew, ascending. */
  readonly deps: readonly string[]
  readonly act: Action
}

declare const verified: unique symbol

/** An operation whose signatures, and those of what it carries, hold. Only {@link verifyOperation} makes one. */
export interface VerifiedOperation extends Operation {
  readonly [verified]: true
}

/** Where a new operation stands in the history. */
export interface Place {
  readonly flow: string
  /** The author's own last operation. */
  readonly last: Pick<Operation, 'id' | 'seq'> | undefined
  /** Ids of the heads that the author knows; its own last operation may be among them. */
  readonly heads: readonly string[]
}

/** Signs an operation. @throws AuthzError as {@link parseOperation} */
export async function createOperation(signer: Signer, place: Place, act: Action): Promise<Operation> {
  const deps = [...new Set(place.heads)].filter((id) => id !== place.last?.id).sort()
  return parseOperation(
    await createEnvelope(signer, TAG, {
      flow: idBytes(place.flow),
      iss: signer.did,
      seq: place.last === undefined ? 0 : place.last.seq + 1,
      prev: place.last === undefined ? null : idBytes(place.last.id),
      deps: deps.map(idBytes),
      act: encodeAction(act)
    })
  )
}

/** @throws AuthzError OPERATION_TOO_LARGE, OPERATION_CHAIN, OPERATION_UNKNOWN, CBOR_*, ENVELOPE_*, FIELD_*, … (WIRE.md) */
export function parseOperation(bytes: Uint8Array): Operation {
  const { body, ...envelope } = parseEnvelope(bytes, TAG, MAX_OPERATION_BYTES, 'OPERATION_TOO_LARGE')
  const fields = readFields(body, 'an operation', ['flow', 'iss', 'seq', 'prev', 'deps', 'act'])
  const flow = readId(fields, 'flow')
  const iss = readDid(fields, 'iss')
  const seq = readInteger(fields, 'seq', 0, MAX_SEQUENCE)
  const prev = fields.get('prev') === null ? undefined : readId(fields, 'prev')
  const deps = readIds(fields, 'deps', MAX_DEPENDENCIES)
  if ((seq === 0) !== (prev === undefined)) throw new AuthzError('OPERATION_CHAIN', 'The first operation of an author has no predecessor, every other one has')
  if (prev !== undefined && deps.includes(prev)) throw new AuthzError('OPERATION_CHAIN', 'The predecessor is named once, not among the other heads')
  const act = parseAction(fields.get('act'), { flow, iss })
  const first = prev === undefined && deps.length === 0
  if (first !== (act.t === 'create')) throw new AuthzError('OPERATION_CHAIN', 'A flow begins with its creation, and nothing else begins it')
  return { ...envelope, bytes, flow, iss, seq, prev, deps, act }
}

/** The signed things that an operation carries, besides itself. */
export function carried(act: Action): readonly Signed[] {
  switch (act.t) {
    case 'create':
      return [act.root, act.card]
    case 'grant':
      return act.via === undefined ? [act.dlg, act.card] : [act.dlg, act.card, act.via]
    case 'device':
    case 'recovery':
    case 'invite':
      return [act.dlg, act.card]
    case 'transfer':
      return [act.dlg]
    default:
      return []
  }
}

/**
 * At most 4 signatures: the operation's, then those of what it carries.
 * @throws AuthzError as {@link parseOperation}, and FLOW_MISMATCH, SIGNATURE_INVALID, VERIFY_BUDGET
 */
export async function verifyOperation(input: Uint8Array | Operation, flow: string, verifier: Verifier, budget?: VerifyBudget): Promise<VerifiedOperation> {
  const operation = parseOperation(input instanceof Uint8Array ? input : input.bytes)
  if (operation.flow !== flow) throw new AuthzError('FLOW_MISMATCH', 'The operation is of another flow')
  for (const signed of [operation, ...carried(operation.act)]) await verifier.check(signed, budget)
  return markVerified(operation)
}

/** The brand exists for the compiler only: no other place makes a VerifiedOperation. */
function markVerified(operation: Operation): VerifiedOperation {
  return operation as VerifiedOperation
}

/** A set of operations as one file or message. */
export function encodeOperations(operations: readonly Operation[]): Uint8Array {
  return encodeCbor({ [SET_TAG]: operations.map((operation) => operation.bytes) })
}

/** The parts of {@link encodeOperations}, each to be parsed on its own. @throws AuthzError CBOR_*, ENVELOPE_INVALID */
export function splitOperations(bytes: Uint8Array): readonly Uint8Array[] {
  const outer = decodeCbor(bytes)
  const list = isMap(outer) && Object.keys(outer).length === 1 ? outer[SET_TAG] : undefined
  if (!Array.isArray(list) || !list.every((item) => item instanceof Uint8Array)) throw new AuthzError('ENVELOPE_INVALID', 'Not a set of operations')
  return list
}
