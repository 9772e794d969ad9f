import { ed25519 } from '@noble/curves/ed25519.js'
import { createHash } from 'node:crypto'
import { encodeBundle } from '../../src/bundle.ts'
import { concatBytes } from '../../src/bytes.ts'
import { encodeCbor } from '../../src/cbor.ts'
import type { Signer } from '../../src/crypto.ts'
import { createDelegation, createRoot, type Delegation, type DelegationKind, parseDelegation } from '../../src/delegation.ts'
import { OPERATIONS } from '../../src/roles.ts'
import { seedOf, type Verdict } from '../../testing/index.ts'
import type { Cases } from './cases.ts'

const NOW = 1_800_000_000
const VIEW = '/gf/flow/edit/tag/view'
const TAG = '/gf/flow/edit/tag'
const EDIT = '/gf/flow/edit'
const ALL = '/gf/flow'

/** What each role may ask for, by GloFlow's operations; also the whole table for the decision. */
const ALLOWED: Readonly<Record<string, number>> = {
  flow_get: 0, flow_add_tag: 1, flow_remove_tag: 1, flow_add_img_tag: 1, flow_remove_img_tag: 1, flow_add_img_note: 1, flow_remove_img_note: 1, flow_add_img: 2, flow_remove_img: 2, flow_delete: 3, membership: 3
}

/** Chains of proofs, and the decision on them. */
export async function bundleCases(cases: Cases): Promise<void> {
  const { crypto } = cases
  const [genesis, owner, ann, bob, cid, eve, owner2] = await Promise.all(['genesis', 'owner', 'ann', 'bob', 'cid', 'eve', 'owner2'].map((name) => cases.people(name)))
  if (!genesis || !owner || !ann || !bob || !cid || !eve || !owner2) throw new RangeError('no people')
  const { root, flow } = await createRoot(genesis, owner.did, crypto.random(12))
  const give = (from: Signer, to: Pick<Signer, 'did'>, cmd: string, kind: DelegationKind = 'grant', options: { exp?: number; nbf?: number; sub?: typeof root.sub } = {}): Promise<Delegation> =>
    createDelegation(from, { aud: to.did, sub: root.sub, cmd, kind, nonce: crypto.random(12), ...options })
  const admin = await give(owner, ann, ALL)
  const editor = await give(ann, bob, EDIT)

  interface Ask { readonly operation?: string; readonly remote?: Pick<Signer, 'did'>; readonly now?: number; readonly flows?: readonly string[]; readonly view?: Readonly<Record<string, unknown>>; readonly flow?: string }
  const open = { kind: 'checkpoint', void: [], kept: [], public: false }
  const add = (id: string, input: readonly Delegation[] | Uint8Array, expect: Verdict | string | number, ask: Ask = {}): void => {
    const bytes = input instanceof Uint8Array ? input : encodeBundle(input)
    const last = input instanceof Uint8Array ? bob : input.at(-1)
    const remote = ask.remote?.did ?? (last !== undefined && 'aud' in last ? last.aud : bob.did)
    const request = { flows: ask.flows ?? [ask.flow ?? flow], operation: ask.operation ?? 'flow_get', remote }
    const verdict: Verdict = typeof expect === 'string' ? { code: expect } : typeof expect === 'number' ? { ok: { level: expect } } : expect
    cases.add('bundle', id, ask.now ?? NOW, bytes, { flow: ask.flow ?? flow, request, view: ask.view ?? open }, verdict)
  }

  // Roles: each operation by each role.
  const chains: readonly (readonly Delegation[])[] = [
    [root, admin, await give(ann, cid, VIEW)], [root, admin, await give(ann, cid, TAG)], [root, admin, await give(ann, cid, EDIT)], [root, admin]
  ]
  for (const [level, chain] of chains.entries()) {
    for (const operation of OPERATIONS) add(`AZ17-role-${level}-${operation}`, chain, level >= (ALLOWED[operation] ?? 9) ? level : 'ROLE_TOO_LOW', { operation })
  }
  add('AZ17-owner-deletes', [root], 4, { operation: 'flow_delete' })
  add('AZ17-t01-tagger-adds-no-image', chains[1] ?? [], 'ROLE_TOO_LOW', { operation: 'flow_add_img' })
  for (const operation of ['flow_add_img_', 'flow_add', 'flow_add_im', 'FLOW_GET', 'gf:images:flow_get', '', '__proto__', 'constructor', 'toString', 'flow_get ']) add(`AZ20-unknown-operation-${operation || 'empty'}`, [root], 'OPERATION_UNKNOWN', { operation })
  add('AZ20-t25-no-flow', [root], 'NO_RESOURCE', { flows: [] })
  add('AZ17-other-flow-asked', [root], 'FLOW_MISMATCH', { flows: ['ab'.repeat(32)] })
  add('AZ17-one-of-two-flows-is-other', [root], 'FLOW_MISMATCH', { flows: [flow, 'ab'.repeat(32)] })
  add('AZ17-t05-stolen-chain', [root, admin, editor], 'WRONG_AUDIENCE', { remote: eve })
  add('AZ17-t05-middle-of-chain', [root, admin, editor], 'WRONG_AUDIENCE', { remote: ann })
  add('AZ17-no-proof', new Uint8Array(), 'NO_PROOF')
  const publicView = { ...open, public: true }
  add('AZ17-public-view', new Uint8Array(), 0, { view: publicView })
  add('AZ17-public-view-is-no-edit', new Uint8Array(), 'NO_PROOF', { view: publicView, operation: 'flow_add_tag' })

  // Structure of chains.
  const other = await createRoot(await cases.people('other genesis'), owner.did, crypto.random(12))
  add('AZ11-second-root', [(await createRoot(genesis, eve.did, crypto.random(12))).root], 'FLOW_MISMATCH')
  add('AZ11-other-flows-root', [other.root], 'FLOW_MISMATCH')
  add('AZ11-root-with-exp', [await createDelegation(genesis, { aud: owner.did, sub: genesis.did, cmd: ALL, nonce: crypto.random(12), exp: NOW + 9 })], 'ROOT_INVALID')
  add('AZ11-root-with-nbf', [await createDelegation(genesis, { aud: owner.did, sub: genesis.did, cmd: ALL, nonce: crypto.random(12), nbf: 1 })], 'ROOT_INVALID')
  add('AZ11-root-of-less', [await createDelegation(genesis, { aud: owner.did, sub: genesis.did, cmd: EDIT, nonce: crypto.random(12) })], 'ROOT_INVALID')
  add('AZ11-root-as-device', [await createDelegation(genesis, { aud: owner.did, sub: genesis.did, cmd: ALL, kind: 'device', nonce: crypto.random(12) })], 'ROOT_INVALID')
  add('AZ11-root-by-other', [await createDelegation(owner, { aud: ann.did, sub: genesis.did, cmd: ALL, nonce: crypto.random(12) })], 'ROOT_INVALID')
  add('AZ11-without-root', [admin, editor], 'ROOT_INVALID')
  add('AZ12-t02-wider', [root, admin, editor, await give(bob, cid, ALL, 'device')], 'COMMAND_WIDENED')
  add('AZ12-t03-other-sub', [root, admin, await give(ann, bob, EDIT, 'grant', { sub: other.root.sub })], 'SUBJECT_CHANGED')
  add('AZ12-t04-misaligned', [root, admin, await give(eve, bob, EDIT)], 'CHAIN_BROKEN')
  add('AZ12-t04-out-of-order', [root, editor, admin], 'CHAIN_BROKEN')
  add('AZ12-t09-duplicate', [root, root], 'CHAIN_BROKEN')
  const back = await give(owner, owner2, ALL, 'device')
  const forth = await give(owner2, owner, ALL, 'device')
  add('AZ12-t09-duplicate-in-a-circle', [root, back, forth, back], 'CHAIN_DUPLICATE')
  add('AZ12-a-key-twice', [root, back, forth], 4, { operation: 'flow_delete' })
  add('AZ13-editor-redelegates', [root, admin, editor, await give(bob, cid, TAG)], 'MAY_NOT_DELEGATE')
  add('AZ13-editor-redelegates-view', [root, admin, editor, await give(bob, cid, VIEW)], 'MAY_NOT_DELEGATE')
  add('AZ13-admin-makes-admin', [root, admin, await give(ann, cid, ALL)], 'MAY_NOT_DELEGATE')
  add('AZ13-admin-hands-over', [root, admin, await give(ann, cid, ALL, 'owner')], 'MAY_NOT_DELEGATE')
  add('AZ13-editor-invites', [root, admin, editor, await give(bob, cid, VIEW, 'invite', { exp: NOW + 9 })], 'MAY_NOT_DELEGATE')
  add('AZ13-device-of-editor', [root, admin, editor, await give(bob, cid, EDIT, 'device')], 2, { operation: 'flow_add_img' })
  add('AZ13-lesser-device-of-editor', [root, admin, editor, await give(bob, cid, TAG, 'device')], 'ROLE_TOO_LOW', { operation: 'flow_add_img' })
  const ownersPhone = await give(owner, cid, ALL, 'device')
  add('AZ13-owners-device-makes-admin', [root, ownersPhone, await give(cid, eve, ALL)], 3, { operation: 'flow_delete' })
  const annsPhone = await give(ann, cid, ALL, 'device')
  add('AZ13-admins-device-makes-no-admin', [root, admin, annsPhone, await give(cid, eve, ALL)], 'MAY_NOT_DELEGATE')
  add('AZ13-admins-device-makes-editor', [root, admin, annsPhone, await give(cid, eve, EDIT)], 2, { operation: 'flow_add_img' })
  add('AZ13-owners-lesser-device-makes-no-admin', [root, await give(owner, cid, EDIT, 'device'), await give(cid, eve, VIEW)], 'MAY_NOT_DELEGATE')
  const handed = await give(owner, eve, ALL, 'owner')
  add('AZ13-hand-over', [root, handed, await give(eve, bob, ALL)], 3, { operation: 'flow_delete' })
  const invite = await give(ann, cid, VIEW, 'invite', { exp: NOW + 100 })
  const guest = await give(cid, eve, VIEW, 'guest', { exp: NOW + 100 })
  add('AZ13-guest-views', [root, admin, invite, guest], 0)
  add('AZ20-guest-writes-nothing', [root, admin, invite, guest], 'ROLE_TOO_LOW', { operation: 'flow_add_tag' })
  add('AZ13-guest-passes-nothing-on', [root, admin, invite, guest, await give(eve, bob, VIEW, 'device')], 'MAY_NOT_DELEGATE')
  add('AZ13-invite-grants-nothing', [root, admin, invite, await give(cid, eve, VIEW)], 'MAY_NOT_DELEGATE')
  add('AZ13-guest-without-invite', [root, admin, editor, await give(bob, eve, VIEW, 'guest')], 'MAY_NOT_DELEGATE')
  add('AZ14-link-expired', [root, admin, invite, guest], 'EXPIRED', { now: NOW + 161 })
  add('AZ14-middle-link-expired', [root, await give(owner, ann, ALL, 'grant', { exp: NOW - 61 }), editor], 'EXPIRED')

  // Bounds and encodings.
  const long: Delegation[] = [root]
  const devices = await Promise.all(Array.from({ length: 9 }, (_, i) => cases.people(`device ${i}`)))
  for (const [i, device] of devices.entries()) long.push(await give(devices[i - 1] ?? owner, device, ALL, 'device'))
  add('AZ12-eight-links', long.slice(0, 8), 4, { operation: 'flow_delete' })
  add('AZ12-t10-nine-links', long.slice(0, 9), 'CHAIN_TOO_LONG')
  add('AZ8-t10-1001-proofs', encodeCbor({ 'gf/bundle@1': Array.from({ length: 1001 }, () => root.bytes) }), 'BUNDLE_TOO_LARGE')
  add('AZ8-t10-1001-tiny-proofs', encodeCbor({ 'gf/bundle@1': Array.from({ length: 1001 }, () => Uint8Array.of(0)) }), 'CHAIN_TOO_LONG')
  add('AZ8-t11-diamond', [root, admin, await give(owner, cid, ALL), await give(ann, bob, EDIT), await give(cid, bob, EDIT)], 'CHAIN_BROKEN')
  add('AZ12-empty', encodeCbor({ 'gf/bundle@1': [] }), 'CHAIN_EMPTY')
  add('AZ12-other-tag', encodeCbor({ 'gf/bundle@2': [root.bytes] }), 'BUNDLE_INVALID')
  add('AZ12-more-keys', encodeCbor({ 'gf/bundle@1': [root.bytes], x: null }), 'BUNDLE_INVALID')
  add('AZ12-not-bytes', encodeCbor({ 'gf/bundle@1': ['root'] }), 'BUNDLE_INVALID')
  add('AZ12-a-bare-token', root.bytes, 'BUNDLE_INVALID')
  add('AZ12-trailing-byte', concatBytes(encodeBundle([root]), Uint8Array.of(0)), 'CBOR_INVALID')

  // Signatures in chains.
  const forged = parseDelegation(concatBytes(admin.bytes.slice(0, 3), editor.bytes.slice(3, 67), admin.bytes.slice(67)))
  add('AZ15-signature-of-another-link', [root, forged, editor], 'SIGNATURE_INVALID')
  add('AZ15-forged-last', [root, admin, parseDelegation(concatBytes(editor.bytes.slice(0, 3), admin.bytes.slice(3, 67), editor.bytes.slice(67)))], 'SIGNATURE_INVALID')

  // What a checkpoint or a state says of the links.
  const voidAt = (...links: readonly Delegation[]): Readonly<Record<string, unknown>> => ({ ...open, void: links.map(({ id }) => id) })
  add('AZ19-void-last', [root, admin, editor], 'LINK_VOID', { view: voidAt(editor) })
  add('AZ19-void-middle', [root, admin, editor], 'LINK_VOID', { view: voidAt(admin) })
  add('AZ19-void-but-kept', [root, admin, editor], 2, { view: { ...voidAt(admin), kept: [editor.id] }, operation: 'flow_add_img' })
  add('AZ19-kept-is-for-the-link-before', [root, admin, editor], 'LINK_VOID', { view: { ...voidAt(editor), kept: [editor.id] } })
  const again = resigned(admin)
  add('AZ19-t19-resigned-is-the-same-link', [root, again, editor], 'LINK_VOID', { view: voidAt(admin) })
  add('AZ3-t19-resigned-holds', [root, again, editor], 2, { operation: 'flow_add_img' })
  const known = (records: Readonly<Record<string, readonly [string, number]>>): Readonly<Record<string, unknown>> => ({
    kind: 'state', public: false, links: Object.fromEntries(Object.entries(records).map(([id, [status, level]]) => [id, { status, level }]))
  })
  const live = { [root.id]: ['live', 4], [admin.id]: ['live', 3], [editor.id]: ['live', 2] } as const
  add('AZ18-live', [root, admin, editor], 2, { view: known(live), operation: 'flow_add_img' })
  add('AZ18-unknown-last', [root, admin, editor], 'LINK_UNKNOWN', { view: known({ [root.id]: ['live', 4], [admin.id]: ['live', 3] }) })
  add('AZ18-unknown-middle', [root, admin, editor], 'LINK_UNKNOWN', { view: known({ [root.id]: ['live', 4], [editor.id]: ['live', 2] }) })
  add('AZ18-void-middle', [root, admin, editor], 'LINK_VOID', { view: known({ ...live, [admin.id]: ['void', 0] }) })
  add('AZ18-ended-middle', [root, admin, editor], 2, { view: known({ ...live, [admin.id]: ['ended', 0] }), operation: 'flow_add_img' })
  add('AZ18-ended-last', [root, admin, editor], 'LINK_ENDED', { view: known({ ...live, [editor.id]: ['ended', 0] }) })
  add('AZ18-demoted-by-state', [root, admin, editor], 'ROLE_TOO_LOW', { view: known({ ...live, [editor.id]: ['live', 1] }), operation: 'flow_add_img' })
  add('AZ18-state-does-not-raise', [root, admin, editor], 'ROLE_TOO_LOW', { view: known({ ...live, [editor.id]: ['live', 3] }), operation: 'flow_delete' })
  add('AZ18-guest-of-live-link', [root, admin, invite, guest], 0, { view: known({ ...live, [invite.id]: ['live', 0] }) })
  add('AZ18-guest-of-ended-link', [root, admin, invite, guest], 'LINK_ENDED', { view: known({ ...live, [invite.id]: ['ended', 0] }) })
}

/** Another valid signature over the same payload, as a randomised signer would make. */
function resigned(link: Delegation): Delegation {
  const { head, scalar } = ed25519.utils.getExtendedPublicKey(seedOf('owner'))
  const { Point } = ed25519
  const r = littleEndian(createHash('sha512').update(head).update('another nonce').digest()) % Point.Fn.ORDER
  const R = Point.BASE.multiply(r).toBytes()
  const A = Point.BASE.multiply(scalar).toBytes()
  const k = littleEndian(createHash('sha512').update(R).update(A).update(link.payload).digest()) % Point.Fn.ORDER
  const S = (r + k * scalar) % Point.Fn.ORDER
  const bytes = Uint8Array.from({ length: 32 }, (_, i) => Number((S >> BigInt(8 * i)) & 255n))
  return parseDelegation(concatBytes(link.bytes.slice(0, 3), R, bytes, link.payload))
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}
