import { encodeBundle } from '../../src/bundle.ts'
import { sha256, utf8 } from '../../src/bytes.ts'
import { type CheckpointOptions, createCheckpoint } from '../../src/checkpoint.ts'
import { createDelegation, createRoot } from '../../src/delegation.ts'
import { createPossession } from '../../src/possession.ts'
import type { Verdict } from '../../testing/index.ts'
import type { Cases } from './cases.ts'
import * as w from './writer.ts'

const NOW = 1_800_000_000
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

/** Checkpoints for verifiers outside (SPEC AZ21). */
export async function checkpointCases(cases: Cases): Promise<void> {
  const { crypto } = cases
  const [genesis, owner, ann, bob] = [await cases.people('genesis'), await cases.people('owner'), await cases.people('ann'), await cases.people('bob')]
  const { root, flow } = await createRoot(genesis, owner.did, crypto.random(12))
  const admin = await createDelegation(owner, { aud: ann.did, sub: root.sub, cmd: '/gf/flow', nonce: crypto.random(12) })
  const editor = await createDelegation(ann, { aud: bob.did, sub: root.sub, cmd: '/gf/flow/edit', nonce: crypto.random(12) })
  const head = 'cd'.repeat(32)
  const plain: CheckpointOptions = { flow, iat: NOW, head, voidLinks: [], keptLinks: [], publicView: false }
  const make = (options: Partial<CheckpointOptions>, signer = ann) => createCheckpoint(signer, { ...plain, ...options })

  interface Policy { readonly now?: number; readonly chain?: Uint8Array; readonly floor?: Readonly<Record<string, unknown>>; readonly flow?: string; readonly maxAgeS?: number }
  const add = (id: string, input: Uint8Array, expect: Verdict | string, policy: Policy = {}): void => {
    const context = { flow: policy.flow ?? flow, chain: base64(policy.chain ?? encodeBundle([root, admin])), maxAgeS: policy.maxAgeS ?? 3600, floor: policy.floor ?? null }
    cases.add('checkpoint', `AZ21-${id}`, policy.now ?? NOW, input, context, typeof expect === 'string' ? { code: expect } : expect)
  }
  const good = await make({})
  const ok: Verdict = { ok: { id: good.id, iat: NOW, public: false } }
  const floor = (options: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({ id: 'ab'.repeat(32), iat: NOW - 10, void: [], kept: [], ...options })
  add('plain', good.bytes, ok)
  add('above-floor', good.bytes, ok, { floor: floor() })
  add('the-floor-again', good.bytes, ok, { floor: floor({ id: good.id, iat: NOW }) })
  const open = await make({ publicView: true })
  add('public', open.bytes, { ok: { id: open.id, iat: NOW, public: true } })
  const byOwner = await make({ voidLinks: [admin.id] }, owner)
  add('by-the-owner-without-the-admin', byOwner.bytes, { ok: { id: byOwner.id, iat: NOW, public: false } }, { chain: encodeBundle([root]) })
  add('too-old', good.bytes, 'CHECKPOINT_OLD', { now: NOW + 3601 })
  add('as-old-as-allowed', good.bytes, ok, { now: NOW + 3600 })
  add('from-the-future', good.bytes, 'NOT_YET_VALID', { now: NOW - 61 })
  add('from-within-the-skew', good.bytes, ok, { now: NOW - 60 })
  add('behind-the-floor', good.bytes, 'CHECKPOINT_BEHIND', { floor: floor({ iat: NOW + 1 }) })
  add('beside-the-floor', good.bytes, 'CHECKPOINT_BEHIND', { floor: floor({ iat: NOW }) })
  add('signer-void-at-the-floor', good.bytes, 'LINK_VOID', { floor: floor({ void: [admin.id] }) })
  add('signer-void-in-itself', (await make({ voidLinks: [admin.id] })).bytes, 'LINK_VOID')
  add('by-an-editor', (await make({}, bob)).bytes, 'ROLE_TOO_LOW', { chain: encodeBundle([root, admin, editor]) })
  add('with-a-stolen-chain', (await make({}, bob)).bytes, 'WRONG_AUDIENCE')
  add('of-another-flow', good.bytes, 'FLOW_MISMATCH', { flow: 'ab'.repeat(32) })
  const other = await createRoot(await cases.people('other genesis'), ann.did, crypto.random(12))
  add('with-another-flows-chain', good.bytes, 'FLOW_MISMATCH', { chain: encodeBundle([other.root]) })
  const forged = good.bytes.slice()
  forged[10] = (forged[10] ?? 0) ^ 1
  add('forged', forged, 'SIGNATURE_INVALID')
  const body = (fields: Readonly<Record<string, w.Item>>): Promise<Uint8Array> => {
    const all: Readonly<Record<string, w.Item>> = { iat: w.uint(NOW), iss: w.text(ann.did), flow: w.bytes(Buffer.from(flow, 'hex')), head: w.bytes(Buffer.from(head, 'hex')), kept: w.list(), void: w.list(), public: Uint8Array.of(0xf4), ...fields }
    return w.sealed(ann, w.payloadOf(w.map(...Object.entries(all).sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1))), 'gf/checkpoint@1'))
  }
  const [one, two] = [w.bytes(new Uint8Array(32).fill(1)), w.bytes(new Uint8Array(32).fill(2))]
  add('void-not-ascending', await body({ void: w.list(two, one) }), 'FIELD_TYPE')
  add('void-twice', await body({ void: w.list(one, one) }), 'FIELD_TYPE')
  add('void-short-id', await body({ void: w.list(w.bytes(new Uint8Array(31))) }), 'FIELD_TYPE')
  add('public-as-number', await body({ public: w.uint(1) }), 'FIELD_TYPE')
  add('extra-field', await body({ x: w.NULL }), 'FIELD_UNKNOWN')
  add('a-delegation', admin.bytes, 'TAG_UNKNOWN')
}

/** Proofs of possession for servers off libp2p (SPEC AZ22). */
export async function possessionCases(cases: Cases): Promise<void> {
  const { crypto } = cases
  const [ann, server, eve] = [await cases.people('ann'), await cases.people('server'), await cases.people('eve')]
  const nonce = crypto.random(16)
  const request = sha256(utf8('POST /v1/images/flows/add_img {"flow":"…"}'))
  const plain = { aud: server.did, nonce, request, exp: NOW + 60 }
  const add = (id: string, input: Uint8Array, expect: Verdict | string, now = NOW): void =>
    cases.add('pop', `AZ22-${id}`, now, input, { server: server.did, nonce: base64(nonce), request: base64(request) }, typeof expect === 'string' ? { code: expect } : expect)
  const ok: Verdict = { ok: { iss: ann.did } }
  const good = await createPossession(ann, plain)
  add('plain', good, ok)
  add('at-the-end-of-the-skew', good, ok, NOW + 120)
  add('over', good, 'EXPIRED', NOW + 121)
  add('replayed-with-another-nonce', await createPossession(ann, { ...plain, nonce: crypto.random(16) }), 'POP_MISMATCH')
  add('longer-nonce', await createPossession(ann, { ...plain, nonce: new Uint8Array(32) }), 'POP_MISMATCH')
  add('for-another-server', await createPossession(ann, { ...plain, aud: eve.did }), 'POP_MISMATCH')
  add('for-another-request', await createPossession(ann, { ...plain, request: sha256(utf8('DELETE')) }), 'POP_MISMATCH')
  add('for-too-long', await createPossession(ann, { ...plain, exp: NOW + 361 }), 'TIME_INVALID')
  add('for-as-long-as-allowed', await createPossession(ann, { ...plain, exp: NOW + 360 }), ok)
  const forged = good.slice()
  forged[12] = (forged[12] ?? 0) ^ 4
  add('forged', forged, 'SIGNATURE_INVALID')
  const body = (fields: Readonly<Record<string, w.Item>>): Promise<Uint8Array> => {
    const all: Readonly<Record<string, w.Item>> = { aud: w.text(server.did), exp: w.uint(NOW + 60), iss: w.text(ann.did), req: w.bytes(request), nonce: w.bytes(nonce), ...fields }
    return w.sealed(ann, w.payloadOf(w.map(...Object.entries(all).sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1))), 'gf/pop@1'))
  }
  add('exp-null', await body({ exp: w.NULL }), 'FIELD_TYPE')
  add('short-nonce', await body({ nonce: w.bytes(new Uint8Array(11)) }), 'NONCE_LENGTH')
  add('short-request', await body({ req: w.bytes(new Uint8Array(31)) }), 'FIELD_TYPE')
  add('extra-field', await body({ x: w.NULL }), 'FIELD_UNKNOWN')
  add('signed-by-another', await w.sealed(eve, await payloadOf(good)), 'SIGNATURE_INVALID')
}

async function payloadOf(envelope: Uint8Array): Promise<Uint8Array> {
  return envelope.slice(67)
}
