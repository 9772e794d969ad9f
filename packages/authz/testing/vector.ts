import { base58btc } from 'multiformats/bases/base58'
import { type AcceptedCheckpoint, type AccessView, type LinkRecord, authorize, AuthzError, applyOperations, didOfKey, type FlowState, parseDelegation, parseDid, splitOperations, stateHash, verifyBundle, verifyCheckpoint, type Verifier, verifyOperation, type VerifiedOperation, verifyPossession } from '../src/index.ts'
import { timeProblem } from '../src/bundle.ts'

/** One language-neutral case; `vectors/schema.json` is its shape, `vectors/README.md` says what a judge does. */
export interface VectorCase {
  readonly id: string
  readonly kind: 'delegation' | 'bundle' | 'operation-set' | 'checkpoint' | 'pop' | 'peer-id'
  /** UNIX seconds. */
  readonly now: number
  /** Base64. */
  readonly input: string
  readonly context: Readonly<Record<string, unknown>>
  readonly expect: Verdict
}

export type Verdict = { readonly ok: Readonly<Record<string, unknown>> } | { readonly code: string }

/** Judges a case as a verifier would meet it. Rejects only where the case itself is malformed. */
export async function judgeVector(vector: Pick<VectorCase, 'kind' | 'now' | 'input' | 'context'>, verifier: Verifier): Promise<Verdict> {
  try {
    return { ok: await JUDGES[vector.kind](bytesOf(vector.input), vector.context, vector.now, verifier) }
  } catch (error) {
    if (error instanceof AuthzError) return { code: error.code }
    throw error
  }
}

type Judge = (input: Uint8Array, context: VectorCase['context'], now: number, verifier: Verifier) => Promise<Readonly<Record<string, unknown>>>

const JUDGES: Readonly<Record<VectorCase['kind'], Judge>> = {
  async delegation(input, _context, now, verifier) {
    const delegation = parseDelegation(input)
    const time = timeProblem([delegation], now)
    if (time !== undefined) throw time
    await verifier.check(delegation)
    const { id, iss, aud, sub, cmd, kind, exp, nbf } = delegation
    return { id, iss, aud, sub, cmd, kind, exp: exp ?? null, nbf: nbf ?? null }
  },

  async bundle(input, context, now, verifier) {
    const bundle = input.length === 0 ? undefined : await verifyBundle(input, verifier)
    const request = record(context['request'])
    const view = viewOf(record(context['view']), text(context['flow']))
    const flows = list(request['flows']).map(text)
    const decision = authorize({ flows, operation: text(request['operation']), remote: parseDid(text(request['remote'])) }, bundle, view, now)
    if (!decision.allowed) throw new AuthzError(decision.code, decision.reason)
    return { level: decision.level }
  },

  async 'operation-set'(input, context, _now, verifier) {
    const flow = text(context['flow'])
    const operations: VerifiedOperation[] = []
    for (const bytes of splitOperations(input)) operations.push(await verifyOperation(bytes, flow, verifier))
    return summaryOfState(applyOperations({ flow, operations }))
  },

  async checkpoint(input, context, now, verifier) {
    const floor = context['floor'] === null ? undefined : floorOf(record(context['floor']), text(context['flow']))
    const maxAgeS = context['maxAgeS']
    if (typeof maxAgeS !== 'number') throw new TypeError('maxAgeS must be a number')
    const accepted = await verifyCheckpoint(input, bytesOf(text(context['chain'])), { flow: text(context['flow']), now, maxAgeS, floor }, verifier)
    return { id: accepted.id, iat: accepted.iat, public: accepted.publicView }
  },

  async pop(input, context, now, verifier) {
    const policy = { server: parseDid(text(context['server'])), nonce: bytesOf(text(context['nonce'])), request: bytesOf(text(context['request'])), now }
    return { iss: await verifyPossession(input, policy, verifier) }
  },

  async 'peer-id'(input) {
    const did = didOfKey(input)
    // libp2p: identity multihash (00 24) of the protobuf {Type: Ed25519 (08 01), Data (12 20 …)}.
    const peerId = base58btc.baseEncode(Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20, ...input))
    return { did, peerId }
  }
}

/** What two judges must agree on of a state. */
export function summaryOfState(state: FlowState): Readonly<Record<string, unknown>> {
  return {
    stateHash: stateHash(state),
    owner: state.owner ?? null,
    members: Object.fromEntries([...state.members].sort(([a], [b]) => (a < b ? -1 : 1)).map(([person, member]) => [person, member.role])),
    void: sorted(state.voidOperations),
    refused: sorted(state.refused)
  }
}

function sorted(map: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  return Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function viewOf(view: Readonly<Record<string, unknown>>, flow: string): AccessView {
  const publicView = view['public'] === true
  if (view['kind'] === 'checkpoint') {
    return { kind: 'checkpoint', flow, publicView, voidLinks: new Set(list(view['void']).map(text)), keptLinks: new Set(list(view['kept']).map(text)) }
  }
  const links = new Map(Object.entries(record(view['links'])).map(([id, link]) => [id, linkOf(record(link))]))
  return { kind: 'state', flow, publicView, links }
}

function linkOf(link: Readonly<Record<string, unknown>>): LinkRecord {
  const { status, level } = link
  if (status !== 'live' && status !== 'ended' && status !== 'void') throw new TypeError('status must be live, ended or void')
  if (level !== 0 && level !== 1 && level !== 2 && level !== 3 && level !== 4) throw new TypeError('level must be 0 to 4')
  return { status, level }
}

function floorOf(floor: Readonly<Record<string, unknown>>, flow: string): AcceptedCheckpoint {
  const iat = floor['iat']
  if (typeof iat !== 'number') throw new TypeError('iat must be a number')
  const [voidLinks, keptLinks] = [new Set(list(floor['void']).map(text)), new Set(list(floor['kept']).map(text))]
  return { kind: 'checkpoint', id: text(floor['id']), iat, flow, publicView: false, voidLinks, keptLinks }
}

/** Reads the JSON of a case. @throws TypeError */
export function parseVector(json: string): VectorCase {
  const value = record(JSON.parse(json))
  const { now } = value
  const kind = text(value['kind'])
  if (typeof now !== 'number') throw new TypeError('now must be a number')
  if (!isKind(kind)) throw new TypeError(`${kind} is judged elsewhere`)
  const expect = record(value['expect'])
  return {
    id: text(value['id']),
    kind,
    now,
    input: text(value['input']),
    context: record(value['context']),
    expect: 'ok' in expect ? { ok: record(expect['ok']) } : { code: text(expect['code']) }
  }
}

function isKind(kind: string): kind is VectorCase['kind'] {
  return Object.hasOwn(JUDGES, kind)
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('a text was expected')
  return value
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError('a list was expected')
  return value
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('an object was expected')
  return Object.fromEntries(Object.entries(value))
}
