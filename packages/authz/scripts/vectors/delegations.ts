import { base58btc } from 'multiformats/bases/base58'
import { concatBytes } from '../../src/bytes.ts'
import { createDelegation } from '../../src/delegation.ts'
import type { Cases } from './cases.ts'
import * as w from './writer.ts'

const NOW = 1_800_000_000

/** Single tokens: what a parser must take, and each way to be wrong alone. */
export async function delegationCases(cases: Cases): Promise<void> {
  const { people } = cases
  const [genesis, ann, bob] = [await people('genesis'), await people('ann'), await people('bob')]
  const nonce = Uint8Array.from({ length: 12 }, (_, i) => i)
  const good = { iss: w.text(ann.did), aud: w.text(bob.did), sub: w.text(genesis.did), cmd: w.text('/gf/flow/edit'), pol: w.list(), nonce: w.bytes(nonce), exp: w.NULL }

  const accepted = async (name: string, options: Partial<Parameters<typeof createDelegation>[1]>, now = NOW): Promise<void> => {
    const made = await createDelegation(ann, { aud: bob.did, sub: genesis.did, cmd: '/gf/flow/edit', nonce, ...options })
    const { id, iss, aud, sub, cmd, kind, exp, nbf } = made
    cases.add('delegation', name, now, made.bytes, {}, { ok: { id, iss, aud, sub, cmd, kind, exp: exp ?? null, nbf: nbf ?? null } })
  }
  const refused = async (name: string, code: string, bytes: Uint8Array | Promise<Uint8Array>, now = NOW): Promise<void> => cases.add('delegation', name, now, await bytes, {}, { code })
  const body = (name: string, code: string, fields: Readonly<Record<string, w.Item | undefined>>): Promise<void> => refused(name, code, w.sealed(ann, w.payloadOf(w.delegationBody({ ...good, ...fields }))))
  const timed = async (name: string, code: string, options: Partial<Parameters<typeof createDelegation>[1]>, now = NOW): Promise<void> =>
    refused(name, code, (await createDelegation(ann, { aud: bob.did, sub: genesis.did, cmd: '/gf/flow/edit', nonce, ...options })).bytes, now)

  await accepted('AZ3-plain', {})
  for (const cmd of ['/gf/flow', '/gf/flow/edit/tag', '/gf/flow/edit/tag/view']) await accepted(`AZ10-role-${cmd.split('/').length}`, { cmd })
  await accepted('AZ9-nonce-32', { nonce: new Uint8Array(32).fill(9) })
  await accepted('AZ9-device', { kind: 'device' })
  await accepted('AZ9-owner', { kind: 'owner', cmd: '/gf/flow' })
  await accepted('AZ9-guest', { kind: 'guest', cmd: '/gf/flow/edit/tag/view' })
  await accepted('AZ9-invite', { kind: 'invite', cmd: '/gf/flow/edit/tag/view', exp: NOW + 1 })
  await accepted('AZ9-t08-exp-largest', { exp: Number.MAX_SAFE_INTEGER })
  for (const past of [59, 60]) await accepted(`AZ14-t07-exp-${past}-ago`, { exp: NOW - past })
  for (const ahead of [59, 60]) await accepted(`AZ14-t07-nbf-in-${ahead}`, { nbf: NOW + ahead })
  await timed('AZ14-t07-exp-61-ago', 'EXPIRED', { exp: NOW - 61 })
  await timed('AZ14-t07-nbf-in-61', 'NOT_YET_VALID', { nbf: NOW + 61 })
  await timed('AZ14-t07-clock-an-hour-behind', 'NOT_YET_VALID', { nbf: NOW }, NOW - 3600)
  await timed('AZ14-t07-clock-an-hour-ahead', 'EXPIRED', { exp: NOW }, NOW + 3600)
  await timed('AZ14-negative-now', 'CLOCK_INVALID', {}, -1)

  await body('AZ9-t06-null-sub', 'SUBJECT_NULL', { sub: w.NULL })
  await body('AZ9-t08-exp-2-53', 'CBOR_INVALID', { exp: concatBytes(Uint8Array.of(0x1b), w.bigEndian(2n ** 53n, 8)) })
  await body('AZ9-t08-exp-2-64-minus-1', 'CBOR_INVALID', { exp: concatBytes(Uint8Array.of(0x1b), w.bigEndian(2n ** 64n - 1n, 8)) })
  await body('AZ9-t08-exp-float', 'CBOR_INVALID', { exp: Uint8Array.of(0xfb, 0x41, 0xda, 0xd2, 0x74, 0x80, 0, 0, 0) })
  await body('AZ9-t08-exp-nan', 'CBOR_INVALID', { exp: Uint8Array.of(0xf9, 0x7e, 0) })
  await body('AZ9-t08-exp-undefined', 'CBOR_INVALID', { exp: Uint8Array.of(0xf7) })
  await body('AZ9-t08-exp-negative', 'TIME_INVALID', { exp: Uint8Array.of(0x20) })
  await body('AZ9-t08-exp-missing', 'FIELD_MISSING', { exp: undefined })
  await body('AZ9-t08-exp-text', 'FIELD_TYPE', { exp: w.text('1900000000') })
  await body('AZ9-t08-nbf-null', 'FIELD_TYPE', { nbf: w.NULL })
  await body('AZ9-t08-nbf-negative', 'TIME_INVALID', { nbf: Uint8Array.of(0x20) })
  await body('AZ9-t09-self', 'SELF_DELEGATION', { aud: w.text(ann.did) })
  for (const field of ['iss', 'aud', 'sub', 'cmd', 'pol', 'nonce']) await body(`AZ4-t12-missing-${field}`, 'FIELD_MISSING', { [field]: undefined })
  await body('AZ4-t12-unknown-field', 'FIELD_UNKNOWN', { fct: w.list() })
  await body('AZ4-t22-proto-field', 'FIELD_UNKNOWN', { ['__proto__']: w.map() })
  await body('AZ4-t22-constructor-field', 'FIELD_UNKNOWN', { constructor: w.NULL })
  await body('AZ4-cmd-bytes', 'FIELD_TYPE', { cmd: w.bytes(nonce) })
  await body('AZ4-iss-null', 'FIELD_TYPE', { iss: w.NULL })
  await body('AZ9-t13-policy', 'POLICY_NOT_EMPTY', { pol: w.list(w.list(w.text('=='), w.text('.a'), w.uint(1))) })
  await body('AZ9-t13-policy-null', 'FIELD_TYPE', { pol: w.NULL })
  await body('AZ9-nonce-empty', 'NONCE_LENGTH', { nonce: w.bytes(new Uint8Array()) })
  await body('AZ9-nonce-11', 'NONCE_LENGTH', { nonce: w.bytes(new Uint8Array(11)) })
  await body('AZ9-nonce-33', 'NONCE_LENGTH', { nonce: w.bytes(new Uint8Array(33)) })
  await body('AZ9-meta-empty', 'META_INVALID', { meta: w.map() })
  await body('AZ9-meta-more', 'META_INVALID', { meta: w.map(['a', w.NULL], ['gf', w.text('device')]) })
  await body('AZ9-meta-grant', 'META_INVALID', { meta: w.map(['gf', w.text('grant')]) })
  await body('AZ9-meta-other', 'META_INVALID', { meta: w.map(['gf', w.text('admin')]) })
  await body('AZ9-meta-null', 'META_INVALID', { meta: w.NULL })
  await body('AZ9-invite-as-editor', 'META_INVALID', { meta: w.map(['gf', w.text('invite')]), exp: w.uint(NOW) })
  await body('AZ9-invite-for-ever', 'META_INVALID', { meta: w.map(['gf', w.text('invite')]), cmd: w.text('/gf/flow/edit/tag/view') })
  await body('AZ9-guest-as-tagger', 'META_INVALID', { meta: w.map(['gf', w.text('guest')]), cmd: w.text('/gf/flow/edit/tag') })
  await body('AZ9-owner-of-less', 'META_INVALID', { meta: w.map(['gf', w.text('owner')]) })

  const commands = {
    upper: '/gf/Flow/edit', 'double-slash': '/gf//flow/edit', dots: '/gf/flow/../flow/edit', unicode: '/gf/flow/ed\u0131t', nul: '/gf/flow/edit\0', newline: '/gf/flow/edit\n',
    trailing: '/gf/flow/edit/', relative: 'gf/flow/edit', empty: '', root: '/', prefix: '/gf/flow/edi', longer: '/gf/flow/edit/tags', star: '/gf/flow/*', 'other-tree': '/gf/images/flow_add_img', 'combining': '/gf/flow/edit\u0301'
  }
  for (const [name, cmd] of Object.entries(commands)) await body(`AZ10-t21-cmd-${name}`, 'COMMAND_INVALID', { cmd: w.text(cmd) })

  const did = (...prefix: readonly number[]): string => `did:key:${base58btc.encode(concatBytes(Uint8Array.from(prefix), new Uint8Array(33).fill(3)))}`
  await body('AZ5-t20-secp256k1', 'KEY_TYPE', { aud: w.text(did(0xe7, 0x01)) })
  await body('AZ5-t20-p256', 'KEY_TYPE', { aud: w.text(did(0x80, 0x24)) })
  await body('AZ5-t20-x25519', 'KEY_TYPE', { aud: w.text(`did:key:${base58btc.encode(concatBytes(Uint8Array.of(0xec, 0x01), new Uint8Array(32).fill(3)))}`) })
  await body('AZ5-t20-ed25519-33-bytes', 'DID_INVALID', { aud: w.text(did(0xed, 0x01)) })
  await body('AZ5-did-web', 'DID_INVALID', { aud: w.text('did:web:example.org') })
  await body('AZ5-did-fragment', 'DID_INVALID', { aud: w.text(`${bob.did}#${bob.did.slice(8)}`) })
  await body('AZ5-did-leading-one', 'DID_INVALID', { aud: w.text(bob.did.replace('did:key:z', 'did:key:z1')) })
  await body('AZ5-did-not-base58', 'DID_INVALID', { aud: w.text(`${bob.did.slice(0, -1)}0`) })
  await body('AZ5-did-upper-scheme', 'DID_INVALID', { aud: w.text(bob.did.replace('did:', 'DID:')) })

  const full = w.payloadOf(w.delegationBody(good))
  const token = await w.sealed(ann, full)
  const signature = token.slice(3, 67)
  await refused('AZ1-empty', 'CBOR_INVALID', new Uint8Array())
  await refused('AZ1-truncated', 'CBOR_INVALID', token.slice(0, -1))
  await refused('AZ1-t15-trailing-byte', 'CBOR_INVALID', concatBytes(token, Uint8Array.of(0)))
  await refused('AZ1-t15-twice', 'CBOR_INVALID', concatBytes(token, token))
  await refused('AZ1-t15-tagged', 'CBOR_INVALID', concatBytes(Uint8Array.of(0xd9, 0xd9, 0xf7), token))
  await refused('AZ1-t15-indefinite-list', 'CBOR_INVALID', concatBytes(Uint8Array.of(0x9f), token.slice(1), Uint8Array.of(0xff)))
  await refused('AZ1-t15-long-head', 'CBOR_INVALID', concatBytes(Uint8Array.of(0x98, 0x02), token.slice(1)))
  await refused('AZ1-t15-long-length', 'CBOR_INVALID', w.sealed(ann, w.payloadOf(w.delegationBody({ ...good, nonce: concatBytes(Uint8Array.of(0x58, 12), nonce) }))))
  await refused('AZ2-t15-keys-out-of-order', 'CBOR_INVALID', w.sealed(ann, w.payloadOf(w.map(['nonce', good.nonce], ['aud', good.aud], ['cmd', good.cmd], ['exp', good.exp], ['iss', good.iss], ['pol', good.pol], ['sub', good.sub]))))
  await refused('AZ2-t15-duplicate-key', 'CBOR_INVALID', w.sealed(ann, w.payloadOf(w.map(['aud', good.aud], ['aud', good.aud], ['cmd', good.cmd], ['exp', good.exp], ['iss', good.iss], ['pol', good.pol], ['sub', good.sub], ['nonce', good.nonce]))))
  await refused('AZ2-t15-bad-utf8', 'CBOR_INVALID', w.sealed(ann, w.payloadOf(w.delegationBody({ ...good, cmd: Uint8Array.of(0x62, 0xc3, 0x28) }))))
  await refused('AZ1-t15-key-not-text', 'CBOR_INVALID', w.sealed(ann, w.payloadOf(concatBytes(w.head(5, 1), w.uint(1), w.uint(1)))))
  await refused('AZ1-t16-depth-9', 'CBOR_TOO_DEEP', w.sealed(ann, w.payloadOf(w.delegationBody({ ...good, pol: nested(6) }))))
  await refused('AZ9-t16-depth-8', 'POLICY_NOT_EMPTY', w.sealed(ann, w.payloadOf(w.delegationBody({ ...good, pol: nested(5) }))))
  await refused('AZ1-t16-depth-1500', 'CBOR_TOO_DEEP', concatBytes(new Uint8Array(1500).fill(0x81), Uint8Array.of(0)))
  await refused('AZ1-huge-length', 'CBOR_INVALID', Uint8Array.of(0x82, 0x5b, 0, 0, 0, 1, 0, 0, 0, 0))
  await refused('AZ1-huge-count', 'CBOR_TOO_MANY', Uint8Array.of(0x9b, 0, 0, 0, 1, 0, 0, 0, 0))
  await refused('AZ3-t14-third-element', 'ENVELOPE_INVALID', concatBytes(Uint8Array.of(0x83), token.slice(1), w.NULL))
  await refused('AZ3-t14-one-element', 'ENVELOPE_INVALID', concatBytes(Uint8Array.of(0x81), token.slice(67)))
  await refused('AZ3-t14-extra-key', 'ENVELOPE_INVALID', w.sealed(ann, w.map(['h', w.bytes(w.VARSIG)], ['x', w.NULL], ['ucan/dlg@1.0.0-rc.1', w.delegationBody(good)])))
  await refused('AZ3-t14-not-a-list', 'ENVELOPE_INVALID', w.map(['a', w.NULL]))
  await refused('AZ3-t12-version', 'TAG_UNKNOWN', w.sealed(ann, w.payloadOf(w.delegationBody(good), 'ucan/dlg@1.0.0-rc.2')))
  await refused('AZ3-t12-invocation', 'TAG_UNKNOWN', w.sealed(ann, w.payloadOf(w.delegationBody(good), 'ucan/inv@1.0.0-rc.1')))
  await refused('AZ3-t12-operation-tag', 'TAG_UNKNOWN', w.sealed(ann, w.payloadOf(w.delegationBody(good), 'gf/op@1')))
  await refused('AZ3-t12-varsig-0', 'VARSIG_UNKNOWN', w.sealed(ann, w.payloadOf(w.delegationBody(good), undefined, Uint8Array.of(0x34, 0xed, 0x01, 0x71))))
  await refused('AZ3-t12-varsig-dag-json', 'VARSIG_UNKNOWN', w.sealed(ann, w.payloadOf(w.delegationBody(good), undefined, Uint8Array.of(0x34, 0x01, 0xed, 0x01, 0xed, 0x01, 0x13, 0xa9, 0x02))))
  await refused('AZ3-t12-varsig-text', 'ENVELOPE_INVALID', w.sealed(ann, w.map(['h', w.text('EdDSA')], ['ucan/dlg@1.0.0-rc.1', w.delegationBody(good)])))
  await refused('AZ3-body-is-a-list', 'FIELD_TYPE', w.sealed(ann, w.payloadOf(w.list())))
  await refused('AZ3-signature-63-bytes', 'SIGNATURE_MALFORMED', concatBytes(Uint8Array.of(0x82, 0x58, 63), signature.slice(1), full))
  await refused('AZ3-too-large', 'TOKEN_TOO_LARGE', w.sealed(ann, w.payloadOf(w.delegationBody({ ...good, meta: w.map(['gf', w.text('x'.repeat(1800))]) }))))
  await refused('AZ7-other-signer', 'SIGNATURE_INVALID', w.sealed(bob, full))
  await refused('AZ7-bit-of-signature', 'SIGNATURE_INVALID', flip(token, 20))
  await refused('AZ7-bit-of-payload', 'SIGNATURE_INVALID', flip(token, token.length - 5))
  await refused('AZ7-signature-of-body-only', 'SIGNATURE_INVALID', concatBytes(Uint8Array.of(0x82, 0x58, 0x40), await ann.sign(w.delegationBody(good)), full))
}

function nested(depth: number): w.Item {
  return concatBytes(new Uint8Array(depth - 1).fill(0x81), Uint8Array.of(0x80))
}

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const changed = bytes.slice()
  changed[at] = (changed[at] ?? 0) ^ 1
  return changed
}
