import { type Card, parseCard } from './card.ts'
import type { Cbor } from './cbor.ts'
import { type Delegation, type DelegationKind, parseDelegation } from './delegation.ts'
import { type Did, parseDid } from './did.ts'
import { AuthzError } from './errors.ts'
import { assertAscending, type Fields, isMap, readBoolean, readBytes, readDid, readFields, readId, readInteger, readList, readText } from './fields.ts'
import { MAX_DEPENDENCIES, MAX_INVITE_USES, MAX_RECIPIENTS } from './limits.ts'
import { EDITOR, type Level, levelOf } from './roles.ts'
import { fromHex, toHex } from './bytes.ts'

/** The latest operation of a device that a revoker knew; undefined for "none of it counts", which is the owner's alone to say. */
export interface Tip {
  readonly did: Did
  readonly seen: string | undefined
}

/** An epoch's key for one recipient. */
export interface Wrap {
  readonly did: Did
  readonly enc: Uint8Array
  readonly ciphertext: Uint8Array
}

/** The key of an earlier epoch under the key of the new one: nonce ‖ ciphertext. */
export interface EarlierKey {
  readonly epoch: string
  readonly box: Uint8Array
}

export type ContentNeed = 'tag' | 'edit' | 'flow'
export type RevokeScope = 'person' | 'device' | 'link'

/** What an operation does (WIRE.md). */
export type Action =
  | { readonly t: 'create'; readonly root: Delegation; readonly card: Card }
  | { readonly t: 'grant'; readonly dlg: Delegation; readonly card: Card; readonly tips: readonly Tip[]; readonly via: Delegation | undefined }
  | { readonly t: 'revoke'; readonly who: Did; readonly scope: RevokeScope; readonly tips: readonly Tip[]; readonly cascade: boolean; readonly links: readonly Did[] }
  | { readonly t: 'device' | 'recovery'; readonly dlg: Delegation; readonly card: Card }
  | { readonly t: 'confirm' | 'adopt'; readonly op: string }
  | { readonly t: 'transfer'; readonly dlg: Delegation }
  | { readonly t: 'invite'; readonly dlg: Delegation; readonly card: Card; readonly level: Level; readonly cmd: string; readonly uses: number }
  | { readonly t: 'epoch'; readonly commit: Uint8Array; readonly wraps: readonly Wrap[]; readonly prev: readonly EarlierKey[] }
  | { readonly t: 'share'; readonly epoch: string; readonly wraps: readonly Wrap[] }
  | { readonly t: 'public'; readonly key: Uint8Array | undefined }
  | { readonly t: 'content'; readonly need: ContentNeed; readonly epoch: string; readonly body: Uint8Array }

/** What parsing an action needs to know of the operation around it. */
export interface ActionContext {
  readonly flow: string
  readonly iss: Did
}

export const MAX_SEQUENCE = 2 ** 31 - 1
/** AES-256-GCM of a 32-byte key: nonce, ciphertext, tag. */
const EARLIER_KEY_BYTES = 12 + 48

type Reader = (value: unknown, context: ActionContext) => Action

const READERS: Readonly<Record<Action['t'], Reader>> = {
  create(value, { flow, iss }) {
    const fields = read(value, 'root', 'card')
    const root = parseDelegation(readBlob(fields, 'root'))
    const card = parseCard(readBlob(fields, 'card'))
    const whole = root.iss === root.sub && root.cmd === '/gf/flow' && root.kind === 'grant' && root.exp === undefined && root.nbf === undefined
    if (!whole || root.aud !== iss) throw new AuthzError('ROOT_INVALID', 'A flow begins with a root that is signed by its own key for the author')
    if (root.id !== flow) throw new AuthzError('FLOW_MISMATCH', 'The root is of another flow: a flow has one root')
    assertCard(card, iss, undefined)
    return { t: 'create', root, card }
  },
  grant(value, { iss }) {
    const fields = read(value, 'dlg', 'card', 'tips', 'via')
    const dlg = readDelegation(fields, 'grant', iss)
    const card = parseCard(readBlob(fields, 'card'))
    const tips = readTips(fields)
    const via = fields.get('via') === null ? undefined : parseDelegation(readBlob(fields, 'via'))
    assertCard(card, dlg.aud, undefined)
    if (via !== undefined && (via.kind !== 'guest' || via.aud !== dlg.aud)) throw new AuthzError('GRANT_MISMATCH', 'The proof that the person opened the link is for someone else')
    if (via !== undefined && via.sub !== dlg.sub) throw new AuthzError('SUBJECT_CHANGED', 'The link is of another flow')
    return { t: 'grant', dlg, card, tips, via }
  },
  revoke(value) {
    const fields = read(value, 'who', 'scope', 'tips', 'cascade', 'links')
    const who = readDid(fields, 'who')
    const scope = readText(fields, 'scope')
    if (scope !== 'person' && scope !== 'device' && scope !== 'link') throw new AuthzError('FIELD_TYPE', 'A revocation is of a person, a device or a link')
    const tips = readTips(fields)
    const cascade = readBoolean(fields, 'cascade')
    const links = readList(fields, 'links', MAX_RECIPIENTS).map(didOf)
    assertAscending(links, 'links')
    return { t: 'revoke', who, scope, tips, cascade, links }
  },
  device: (value, { iss }) => readLink(value, 'device', iss),
  recovery: (value, { iss }) => readLink(value, 'recovery', iss),
  confirm: (value) => ({ t: 'confirm', op: readId(read(value, 'op'), 'op') }),
  adopt: (value) => ({ t: 'adopt', op: readId(read(value, 'op'), 'op') }),
  transfer: (value, { iss }) => ({ t: 'transfer', dlg: readDelegation(read(value, 'dlg'), 'owner', iss) }),
  invite(value, { iss }) {
    const fields = read(value, 'dlg', 'card', 'cmd', 'uses')
    const dlg = readDelegation(fields, 'invite', iss)
    const card = parseCard(readBlob(fields, 'card'))
    const cmd = readText(fields, 'cmd')
    const level = levelOf(cmd)
    if (level > EDITOR) throw new AuthzError('COMMAND_INVALID', 'A link leads to editor at most')
    const uses = readInteger(fields, 'uses', 1, MAX_INVITE_USES)
    assertCard(card, dlg.aud, undefined)
    return { t: 'invite', dlg, card, level, cmd, uses }
  },
  epoch(value) {
    const fields = read(value, 'commit', 'wraps', 'prev')
    const commit = readBytes(fields, 'commit', 32)
    const wraps = readWraps(fields)
    const prev = readList(fields, 'prev', MAX_DEPENDENCIES).map((entry) => {
      const [epoch, box] = tuple(entry, 2)
      return { epoch: toHex(bytesOf(epoch, 32)), box: bytesOf(box, EARLIER_KEY_BYTES) }
    })
    assertAscending(prev.map((entry) => entry.epoch), 'prev')
    return { t: 'epoch', commit, wraps, prev }
  },
  share(value) {
    const fields = read(value, 'epoch', 'wraps')
    return { t: 'share', epoch: readId(fields, 'epoch'), wraps: readWraps(fields) }
  },
  public(value) {
    const fields = read(value, 'key')
    return { t: 'public', key: fields.get('key') === null ? undefined : readBytes(fields, 'key', 32) }
  },
  content(value) {
    const fields = read(value, 'need', 'epoch', 'body')
    const need = readText(fields, 'need')
    if (need !== 'tag' && need !== 'edit' && need !== 'flow') throw new AuthzError('FIELD_TYPE', 'Content needs tag, edit or flow')
    return { t: 'content', need, epoch: readId(fields, 'epoch'), body: readBlob(fields, 'body') }
  }
}

/** @throws AuthzError OPERATION_UNKNOWN, FIELD_*, GRANT_MISMATCH, CARD_MISMATCH, and those of what the action carries */
export function parseAction(value: unknown, context: ActionContext): Action {
  const t = isMap(value) ? value['t'] : undefined
  if (typeof t !== 'string') throw new AuthzError('FIELD_TYPE', '"act" must be a map with a text "t"')
  if (!isActionName(t)) throw new AuthzError('OPERATION_UNKNOWN', 'An operation of a kind that this version does not know; update the application')
  return READERS[t](value, context)
}

function isActionName(t: string): t is Action['t'] {
  return Object.hasOwn(READERS, t)
}

function read(value: unknown, ...keys: readonly string[]): Fields {
  return readFields(value, '"act"', ['t', ...keys])
}

/** Bytes that something else parses or that stay opaque; the operation around them is bounded. */
function readBlob(fields: Fields, key: string): Uint8Array {
  return readBytes(fields, key, 0, Number.MAX_SAFE_INTEGER)
}

function readDelegation(fields: Fields, kind: DelegationKind, iss: Did): Delegation {
  const dlg = parseDelegation(readBlob(fields, 'dlg'))
  if (dlg.kind !== kind || dlg.iss !== iss) throw new AuthzError('GRANT_MISMATCH', `The operation must carry a delegation (${kind}) by its own author`)
  return dlg
}

function readLink(value: unknown, t: 'device' | 'recovery', iss: Did): Action {
  const fields = read(value, 'dlg', 'card')
  const dlg = readDelegation(fields, 'device', iss)
  const card = parseCard(readBlob(fields, 'card'))
  assertCard(card, dlg.aud, iss)
  return { t, dlg, card }
}

function assertCard(card: Card, iss: Did, by: Did | undefined): void {
  if (card.iss !== iss || card.by !== by) throw new AuthzError('CARD_MISMATCH', 'The key card is not by the device that is added, or does not consent to this person')
}

function readTips(fields: Fields): readonly Tip[] {
  const tips = readList(fields, 'tips', MAX_RECIPIENTS).map((entry) => {
    const [did, seen] = tuple(entry, 2)
    return { did: didOf(did), seen: seen === null ? undefined : toHex(bytesOf(seen, 32)) }
  })
  assertAscending(tips.map((tip) => tip.did), 'tips')
  return tips
}

function readWraps(fields: Fields): readonly Wrap[] {
  const wraps = readList(fields, 'wraps', MAX_RECIPIENTS).map((entry) => {
    const [did, enc, ciphertext] = tuple(entry, 3)
    return { did: didOf(did), enc: bytesOf(enc, 32), ciphertext: bytesOf(ciphertext, 48) }
  })
  assertAscending(wraps.map((wrap) => wrap.did), 'wraps')
  return wraps
}

function tuple(value: unknown, length: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length !== length) throw new AuthzError('FIELD_TYPE', `An entry of a list must have ${length} parts`)
  return value
}

function didOf(value: unknown): Did {
  if (typeof value !== 'string') throw new AuthzError('FIELD_TYPE', 'An entry of a list must name a DID')
  return parseDid(value)
}

function bytesOf(value: unknown, length: number): Uint8Array {
  return readBytes(new Map([['entry', value]]), 'entry', length)
}

/** The encoding of an action. */
export function encodeAction(action: Action): Cbor {
  switch (action.t) {
    case 'create':
      return { t: action.t, root: action.root.bytes, card: action.card.bytes }
    case 'grant':
      return { t: action.t, dlg: action.dlg.bytes, card: action.card.bytes, tips: encodeTips(action.tips), via: action.via?.bytes ?? null }
    case 'revoke':
      return { t: action.t, who: action.who, scope: action.scope, tips: encodeTips(action.tips), cascade: action.cascade, links: action.links }
    case 'device':
    case 'recovery':
      return { t: action.t, dlg: action.dlg.bytes, card: action.card.bytes }
    case 'confirm':
    case 'adopt':
      return { t: action.t, op: idBytes(action.op) }
    case 'transfer':
      return { t: action.t, dlg: action.dlg.bytes }
    case 'invite':
      return { t: action.t, dlg: action.dlg.bytes, card: action.card.bytes, cmd: action.cmd, uses: action.uses }
    case 'epoch':
      return { t: action.t, commit: action.commit, wraps: encodeWraps(action.wraps), prev: action.prev.map(({ epoch, box }) => [idBytes(epoch), box]) }
    case 'share':
      return { t: action.t, epoch: idBytes(action.epoch), wraps: encodeWraps(action.wraps) }
    case 'public':
      return { t: action.t, key: action.key ?? null }
    case 'content':
      return { t: action.t, need: action.need, epoch: idBytes(action.epoch), body: action.body }
  }
}

function encodeTips(tips: readonly Tip[]): Cbor {
  return tips.map(({ did, seen }) => [did, seen === undefined ? null : idBytes(seen)])
}

function encodeWraps(wraps: readonly Wrap[]): Cbor {
  return wraps.map(({ did, enc, ciphertext }) => [did, enc, ciphertext])
}

/** The bytes of an id in hex. @throws AuthzError FIELD_TYPE */
export function idBytes(id: string): Uint8Array {
  const bytes = fromHex(id)
  if (bytes?.length !== 32) throw new AuthzError('FIELD_TYPE', 'An id has 64 lower-case hex digits')
  return bytes
}
