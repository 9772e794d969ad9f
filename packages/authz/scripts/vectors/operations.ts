import {
  addContent,
  adoptContent,
  append,
  applyOperations,
  type Author,
  confirmRecovery,
  encodeOperations,
  grantMember,
  inviteBy,
  linkDevice,
  linkKeys,
  openLink,
  type Operation,
  registerRecovery,
  removePerson,
  revokeDevice,
  revokeLink,
  type Role,
  rotateEpoch,
  setPublic,
  shareEpoch,
  transferFlow,
  type VerifiedOperation
} from '../../src/index.ts'
import { createScene, type Scene, summaryOfState } from '../../testing/index.ts'
import type { Cases } from './cases.ts'
import * as w from './writer.ts'

const NOW = 1_800_000_000
type Op = VerifiedOperation

/** One story: who writes what, knowing what; and which of it must turn out void. */
interface Story {
  readonly scene: Scene
  grant(by: string, name: string, role: Exclude<Role, 'owner'>): Promise<Op>
  remove(by: string, name: string, options?: Parameters<typeof removePerson>[2]): Promise<Op>
  edit(by: string, need?: 'tag' | 'edit' | 'flow', knowing?: Iterable<Op>): Promise<Op>
  rotate(by: string): Promise<Op>
  link(by: string, name: string): Promise<Op>
  register(by: string, name: string, knowing?: Iterable<Op>): Promise<Op>
  revoke(by: string, name: string): Promise<Op>
  write(by: string, act: (author: Author) => Promise<Operation>, knowing?: Iterable<Op>): Promise<Op>
  meet(): Promise<void>
  past(name: string): Promise<readonly Op[]>
}

async function tell(cases: Cases, people: Readonly<Record<string, Exclude<Role, 'owner'>>>): Promise<Story> {
  const scene = await createScene(cases.crypto)
  const story: Story = {
    scene,
    grant: async (by, name, role) => scene.write(by, async (author) => grantMember(author, (await scene.actor(name)).card, role)),
    remove: async (by, name, options = {}) => scene.write(by, async (author) => removePerson(author, (await scene.actor(name)).did, options)),
    edit: (by, need = 'edit', knowing) => scene.write(by, (author) => addContent(author, need, author.state.epochs[0]?.id ?? author.state.flow, author.crypto.random(8)), knowing),
    rotate: (by) => scene.write(by, async (author) => (await rotateEpoch(author, new Map())).operation),
    link: (by, name) => scene.write(by, async (author) => linkDevice(author, await scene.consent(name, by))),
    register: (by, name, knowing) => scene.write(by, async (author) => registerRecovery(author, await scene.consent(name, by)), knowing),
    revoke: (by, name) => scene.write(by, async (author) => revokeDevice(author, (await scene.actor(name)).did)),
    write: (by, act, knowing) => scene.write(by, act, knowing),
    meet: () => scene.meet(),
    past: async (name) => [...(await scene.actor(name)).known.values()]
  }
  await story.rotate('owner')
  for (const [name, role] of Object.entries(people)) await story.grant('owner', name, role)
  await scene.meet()
  return story
}

type Voids = ReadonlyMap<Op, string>

/** Histories, and what becomes of them. The void operations of each are named by hand; the rest of the expectation is then read off the state. */
export async function operationCases(cases: Cases): Promise<void> {
  const history = async (id: string, people: Readonly<Record<string, Exclude<Role, 'owner'>>>, run: (story: Story) => Promise<readonly (readonly [Op, string])[]>): Promise<void> => {
    const story = await tell(cases, people)
    const voids: Voids = new Map(await run(story))
    const operations = story.scene.everything()
    const summary = summaryOfState(applyOperations({ flow: story.scene.flow, operations }))
    const wanted = [...voids].map(([op, code]) => `${op.id} ${code}`).sort()
    const found = Object.entries(summary['void'] ?? {}).map(([op, code]) => `${op} ${String(code)}`).sort()
    if (wanted.join() !== found.join()) throw new RangeError(`${id}: expected void ${wanted.join(', ')}, found ${found.join(', ')}`)
    // Delivered backwards: the order in a set means nothing.
    cases.add('operation-set', id, NOW, encodeOperations([...operations].reverse()), { flow: story.scene.flow }, { ok: summary })
  }
  const ADMINS = { ann: 'admin', bob: 'editor', cid: 'tagger', vic: 'viewer' } as const

  await history('AZ23-roles', ADMINS, async (s) => [[await s.edit('vic', 'tag'), 'ROLE_TOO_LOW'], [await s.edit('cid', 'edit'), 'ROLE_TOO_LOW'], [await s.edit('bob', 'flow'), 'ROLE_TOO_LOW'], ...none(await s.edit('cid', 'tag'), await s.edit('ann', 'flow'))])
  await history('AZ25-t27-back-dated', ADMINS, async (s) => {
    const past = await s.past('bob')
    await s.remove('ann', 'bob')
    await s.meet()
    return [[await s.edit('bob', 'edit', past), 'AUTHOR_REVOKED']]
  })
  await history('AZ25-removed-who-knows-it', ADMINS, async (s) => {
    await s.remove('ann', 'bob')
    await s.meet()
    return [[await s.edit('bob'), 'NOT_A_MEMBER']]
  })
  await history('AZ25-seen-too-early', ADMINS, async (s) => {
    const first = await s.edit('bob')
    await s.edit('bob')
    await s.meet()
    const { did } = await s.scene.actor('bob')
    return [[await s.write('ann', (author) => append(author, { t: 'revoke', who: did, scope: 'person', tips: [{ did, seen: first.id }], cascade: false, links: [] })), 'SEEN_MISMATCH']]
  })
  await history('AZ26-erase-by-admin', ADMINS, async (s) => [[await s.remove('ann', 'bob', { erase: true }), 'SEEN_MISMATCH']])
  await history('AZ26-erase-by-owner', ADMINS, async (s) => {
    const early = await s.edit('bob')
    await s.meet()
    await s.remove('owner', 'bob', { erase: true })
    return [[early, 'AUTHOR_REVOKED']]
  })
  await history('AZ26-owner-built-on-it', ADMINS, async (s) => {
    await s.edit('bob')
    await s.scene.tell('bob', 'owner')
    await s.edit('owner')
    return [[await s.remove('ann', 'bob'), 'REVOCATION_TOO_WIDE']]
  })
  await history('AZ26-forked', ADMINS, async (s) => {
    const past = await s.past('ann')
    await s.edit('ann')
    const { did } = await s.scene.actor('bob')
    return [[await s.write('ann', (author) => removePerson(author, did), past), 'REVOCATION_FORKED']]
  })
  await history('AZ27-t31-mutual', { ann: 'admin', bob: 'admin' }, async (s) => [[await s.remove('ann', 'bob'), 'ROLE_TOO_LOW'], [await s.remove('bob', 'ann'), 'ROLE_TOO_LOW']])
  await history('AZ27-t31-promoted-meanwhile', ADMINS, async (s) => {
    await s.grant('owner', 'bob', 'admin')
    await s.remove('ann', 'bob')
    return []
  })
  await history('AZ27-t32-owner', ADMINS, async (s) => [[await s.remove('ann', 'owner'), 'OWNER_IRREMOVABLE'], [await s.grant('ann', 'owner', 'viewer'), 'OWNER_IRREMOVABLE']])
  await history('AZ27-t35-grant-by-removed', ADMINS, async (s) => {
    const granted = await s.grant('ann', 'eve', 'editor')
    await s.scene.tell('ann', 'eve')
    const edited = await s.edit('eve')
    await s.remove('owner', 'ann')
    return [[granted, 'AUTHOR_REVOKED'], [edited, 'NOT_A_MEMBER']]
  })
  await history('AZ27-editor-grants', ADMINS, async (s) => [[await s.grant('bob', 'eve', 'viewer'), 'ROLE_TOO_LOW']])
  await history('AZ27-admin-makes-admin', ADMINS, async (s) => [[await s.grant('ann', 'eve', 'admin'), 'ROLE_TOO_LOW']])
  await history('AZ27-race-of-grants', { ann: 'admin', bob: 'admin' }, async (s) => {
    await s.grant('ann', 'cid', 'viewer')
    await s.grant('owner', 'cid', 'editor')
    await s.grant('ann', 'dan', 'editor')
    await s.grant('bob', 'dan', 'tagger')
    return []
  })
  await history('AZ28-t30-remove-beside-re-add', { ann: 'admin', bob: 'admin', cid: 'editor' }, async (s) => {
    await s.remove('ann', 'cid')
    await s.grant('bob', 'cid', 'editor')
    return []
  })
  await history('AZ28-t30-re-add-after', { ann: 'admin', bob: 'admin', cid: 'editor' }, async (s) => {
    await s.remove('ann', 'cid')
    await s.meet()
    await s.grant('bob', 'cid', 'tagger')
    await s.meet()
    await s.edit('cid', 'tag')
    return [[await s.edit('cid', 'edit'), 'ROLE_TOO_LOW']]
  })
  await history('AZ29-t34-demoted-beside', ADMINS, async (s) => {
    await s.grant('owner', 'ann', 'editor')
    const granted = await s.grant('ann', 'eve', 'viewer')
    await s.edit('ann', 'edit')
    return [[granted, 'AUTHOR_REVOKED']]
  })
  await history('AZ30-outlives', ADMINS, async (s) => {
    await s.grant('ann', 'dan', 'editor')
    await s.meet()
    await s.remove('owner', 'ann')
    await s.edit('dan')
    return []
  })
  await history('AZ30-cascade', ADMINS, async (s) => {
    await s.grant('ann', 'dan', 'editor')
    await s.meet()
    await s.remove('owner', 'ann', { cascade: true })
    return [[await s.edit('dan'), 'AUTHOR_REVOKED']]
  })
  await history('AZ31-t29-adopted', ADMINS, async (s) => {
    await s.remove('ann', 'bob')
    const edited = await s.edit('bob')
    await s.meet()
    const byTagger = await s.write('cid', (author) => adoptContent(author, edited.id))
    await s.write('ann', (author) => adoptContent(author, edited.id))
    return [[edited, 'AUTHOR_REVOKED'], [byTagger, 'ROLE_TOO_LOW']]
  })
  await history('AZ32-t36-equivocation', ADMINS, async (s) => {
    const past = await s.past('bob')
    await s.edit('bob', 'edit', past)
    await s.edit('bob', 'edit', past)
    return []
  })
  await history('AZ32-hand-over', ADMINS, async (s) => {
    const past = await s.past('owner')
    const { did } = await s.scene.actor('ann')
    await s.write('owner', (author) => transferFlow(author, did))
    await s.meet()
    await s.grant('ann', 'bob', 'admin')
    return [[await s.write('owner', (author) => removePerson(author, did), past), 'ROLE_TOO_LOW']]
  })
  await history('AZ32-hand-over-twice', { ann: 'admin', bob: 'admin' }, async (s) => {
    for (const [by, to] of [['owner', 'ann'], ['ann', 'bob']] as const) {
      const { did } = await s.scene.actor(to)
      await s.write(by, (author) => transferFlow(author, did))
      await s.meet()
    }
    await s.grant('bob', 'owner', 'viewer')
    await s.meet()
    return [[await s.remove('ann', 'bob'), 'OWNER_IRREMOVABLE']]
  })
  await history('AZ32-frozen', { ann: 'admin', bob: 'admin' }, async (s) => {
    const past = await s.past('owner')
    const ops: Op[] = []
    for (const name of ['ann', 'bob']) {
      const { did } = await s.scene.actor(name)
      ops.push(await s.write('owner', (author) => transferFlow(author, did), past))
    }
    return ops.map((op) => [op, 'FLOW_FROZEN'] as const)
  })
  await history('AZ32-hand-over-by-admin', ADMINS, async (s) => [[await s.write('ann', async (author) => transferFlow(author, (await s.scene.actor('bob')).did)), 'ROLE_TOO_LOW']])
  await history('AZ33-devices-go-with-the-person', ADMINS, async (s) => {
    await s.link('bob', 'bob2')
    await s.meet()
    await s.link('bob2', 'bob3')
    await s.meet()
    await s.remove('ann', 'bob')
    return [[await s.edit('bob3'), 'AUTHOR_REVOKED'], [await s.link('bob', 'bob4'), 'AUTHOR_REVOKED']]
  })
  await history('AZ34-no-device-outranks', ADMINS, async (s) => {
    await s.link('bob', 'bob2')
    await s.meet()
    return [[await s.revoke('bob', 'bob2'), 'ROLE_TOO_LOW'], [await s.revoke('bob2', 'bob'), 'ROLE_TOO_LOW']]
  })
  await history('AZ34-lost-device', ADMINS, async (s) => {
    await s.register('bob', 'rescue')
    await s.meet()
    const thief = await s.link('bob', 'thief')
    await s.link('rescue', 'bob-new')
    await s.revoke('rescue', 'bob')
    await s.meet()
    await s.edit('bob-new')
    return [[thief, 'AUTHOR_REVOKED']]
  })
  await history('AZ34-late-key', ADMINS, async (s) => {
    await s.link('bob', 'bob2')
    await s.meet()
    await s.register('bob', 'late')
    await s.meet()
    return [[await s.revoke('late', 'bob2'), 'RECOVERY_INVALID']]
  })
  await history('AZ34-late-key-confirmed', ADMINS, async (s) => {
    await s.link('bob', 'bob2')
    await s.meet()
    const registered = await s.register('bob', 'late')
    await s.meet()
    await s.write('bob2', (author) => confirmRecovery(author, registered.id))
    await s.meet()
    await s.revoke('late', 'bob')
    return []
  })
  await history('AZ34-second-key-by-a-device', ADMINS, async (s) => {
    await s.register('bob', 'rescue')
    await s.meet()
    return [[await s.register('bob', 'other'), 'RECOVERY_INVALID']]
  })
  await history('AZ34-two-first-keys', ADMINS, async (s) => {
    const past = await s.past('bob')
    await s.register('bob', 'key-a', past)
    await s.register('bob', 'key-b', past)
    await s.meet()
    await s.link('bob', 'bob2')
    await s.meet()
    return [[await s.revoke('key-a', 'bob2'), 'RECOVERY_INVALID']]
  })
  await history('AZ36-concurrent-rotations', { ann: 'admin', bob: 'admin', cid: 'editor', dan: 'editor' }, async (s) => {
    await s.remove('ann', 'cid')
    await s.rotate('ann')
    await s.remove('bob', 'dan')
    await s.rotate('bob')
    return []
  })
  await history('AZ36-shared', ADMINS, async (s) => {
    const epoch = (await s.scene.state('ann')).epochs[0]?.id ?? ''
    const { did, x } = await s.scene.actor('bob')
    const stranger = await s.scene.actor('stranger')
    await s.write('ann', (author) => shareEpoch(author, epoch, new Uint8Array(32), [{ did, x }]))
    return [[await s.write('cid', (author) => shareEpoch(author, epoch, new Uint8Array(32), [stranger])), 'RECIPIENT_NOT_ALLOWED'], [await s.rotate('vic'), 'ROLE_TOO_LOW']]
  })
  await history('AZ36-no-such-epoch', ADMINS, async (s) => [[await s.write('bob', (author) => addContent(author, 'edit', s.scene.root.id, new Uint8Array(3))), 'EPOCH_UNKNOWN']])
  await history('AZ37-t42-public-then-private', ADMINS, async (s) => {
    await s.write('owner', (author) => setPublic(author, cases.crypto.random(32)))
    await s.meet()
    await s.write('ann', (author) => setPublic(author, undefined))
    return [[await s.write('bob', (author) => setPublic(author, cases.crypto.random(32))), 'ROLE_TOO_LOW']]
  })
  await history('AZ37-public', ADMINS, async (s) => none(await s.write('owner', (author) => setPublic(author, cases.crypto.random(32)))))
  const invited = async (s: Story, uses: number) => {
    const keys = await linkKeys(cases.crypto, cases.crypto.random(32))
    const op = await s.write('ann', (author) => inviteBy(author, keys.card, { role: 'editor', uses, now: NOW }))
    await s.meet()
    if (op.act.t !== 'invite') throw new TypeError('not an invite')
    const { dlg } = op.act
    const admit = (by: string, name: string): Promise<Op> =>
      s.write(by, async (author) => {
        const { card, did } = await s.scene.actor(name)
        return grantMember(author, card, 'editor', { via: await openLink(cases.crypto, keys, dlg, did, NOW + 60) })
      })
    return { keys, admit }
  }
  await history('AZ39-over-admission', { ann: 'admin', bob: 'admin' }, async (s) => {
    const { admit } = await invited(s, 1)
    const [byAnn, byBob] = [await admit('ann', 'cid'), await admit('bob', 'dan')]
    return [[byAnn.iss < byBob.iss ? byBob : byAnn, 'INVITE_EXHAUSTED']]
  })
  await history('AZ39-deeper-admission-loses', { ann: 'admin', bob: 'admin' }, async (s) => {
    const { admit } = await invited(s, 1)
    await s.edit('bob', 'tag')
    await s.edit('ann', 'tag')
    await s.edit('ann', 'tag')
    const byAnn = await admit('ann', 'cid')
    await admit('bob', 'dan')
    return [[byAnn, 'INVITE_EXHAUSTED']]
  })
  await history('AZ39-used-up', { ann: 'admin', bob: 'admin' }, async (s) => {
    const { admit } = await invited(s, 1)
    await admit('ann', 'cid')
    await s.meet()
    return [[await admit('bob', 'dan'), 'INVITE_EXHAUSTED']]
  })
  await history('AZ40-link-revoked', { ann: 'admin', bob: 'admin' }, async (s) => {
    const { keys, admit } = await invited(s, 9)
    await s.write('bob', (author) => revokeLink(author, keys.signer.did))
    await admit('ann', 'cid')
    await s.meet()
    return [[await admit('ann', 'dan'), 'INVITE_DEAD']]
  })
  await history('AZ40-maker-removed', { ann: 'admin', bob: 'admin' }, async (s) => {
    const { keys, admit } = await invited(s, 9)
    await s.remove('owner', 'ann', { keepLinks: [keys.signer.did] })
    await s.meet()
    return [[await admit('bob', 'dan'), 'INVITE_DEAD']]
  })
  await history('AZ33-accomplice-grants-a-device-first', ADMINS, async (s) => {
    const junk = await s.grant('vic', 'bob2', 'viewer')
    await s.meet()
    await s.link('bob', 'bob2')
    await s.meet()
    await s.link('bob2', 'bob3')
    await s.meet()
    const past = await s.past('bob3')
    await s.remove('ann', 'bob')
    await s.meet()
    return [[junk, 'ROLE_TOO_LOW'], [await s.edit('bob3', 'edit', past), 'AUTHOR_REVOKED']]
  })
  await history('AZ34-accomplice-grants-a-device-first', ADMINS, async (s) => {
    await s.register('bob', 'rescue')
    const junk = await s.grant('vic', 'bob2', 'viewer')
    await s.meet()
    await s.link('bob', 'bob2')
    await s.meet()
    await s.link('bob2', 'bob3')
    await s.meet()
    const past = await s.past('bob3')
    await s.revoke('rescue', 'bob2')
    return [[junk, 'ROLE_TOO_LOW'], [await s.edit('bob3', 'edit', past), 'AUTHOR_REVOKED']]
  })
  await missingAndForeign(cases)
  await hostileOperations(cases)
}

function none(..._held: readonly Op[]): readonly (readonly [Op, string])[] {
  return []
}

/** What is refused, and leaves no trace in the state. */
async function missingAndForeign(cases: Cases): Promise<void> {
  const s = await tell(cases, { ann: 'admin', bob: 'editor' })
  await s.edit('bob')
  const skipped = await s.edit('bob')
  const last = await s.edit('bob')
  const stranger = await s.scene.actor('stranger')
  for (const [id, op] of await s.past('owner').then((ops) => ops.map((op) => [op.id, op] as const))) stranger.known.set(id, op)
  const flood = [await s.edit('stranger'), await s.edit('stranger')]
  const { flow } = s.scene
  const set = (id: string, operations: readonly Op[], refused: Readonly<Record<string, string>>): void => {
    const summary = summaryOfState(applyOperations({ flow, operations }))
    const found = JSON.stringify(summary['refused'])
    const wanted = JSON.stringify(Object.fromEntries(Object.entries(refused).sort(([a], [b]) => (a < b ? -1 : 1))))
    if (found !== wanted) throw new RangeError(`${id}: expected refused ${wanted}, found ${found}`)
    cases.add('operation-set', id, NOW, encodeOperations(operations), { flow }, { ok: summary })
  }
  const all = s.scene.everything().filter((op) => !flood.includes(op))
  set('AZ24-t38-missing-dependency', all.filter((op) => op !== skipped), { [last.id]: 'DEPENDENCY_MISSING' })
  set('AZ24-t37-strangers', [...all, ...flood], { [flood[0]?.id ?? '']: 'NOT_A_MEMBER', [flood[1]?.id ?? '']: 'NOT_A_MEMBER' })
  set('AZ24-nothing', [], {})
  set('AZ23-every-operation-twice', [...all, ...all], {})
}

/** Sets that are refused as a whole, for one operation that does not parse or verify. */
async function hostileOperations(cases: Cases): Promise<void> {
  const s = await tell(cases, { ann: 'admin' })
  const other = await tell(cases, {})
  const { scene } = s
  const good = scene.everything()
  const refuse = (id: string, code: string, bytes: Uint8Array): void =>
    cases.add('operation-set', id, NOW, w.map(['gf/ops@1', w.list(...good.map((op) => w.bytes(op.bytes)), w.bytes(bytes))]), { flow: scene.flow }, { code })
  const foreign = other.scene.everything().at(-1)
  if (foreign !== undefined) refuse('AZ41-t39-another-flow', 'FLOW_MISMATCH', foreign.bytes)
  const ann = await scene.actor('ann')
  const edited = await s.edit('ann')
  const forged = edited.bytes.slice()
  forged[9] = (forged[9] ?? 0) ^ 1
  refuse('AZ41-forged', 'SIGNATURE_INVALID', forged)
  const grant = good.find((op) => op.act.t === 'grant')
  if (grant?.act.t !== 'grant') throw new TypeError('no grant')
  refuse('AZ41-t24-a-token', 'TAG_UNKNOWN', grant.act.dlg.bytes)
  const signature = grant.act.dlg.bytes.slice(3, 67)
  const moved = edited.bytes.slice()
  moved.set(signature, 3)
  refuse('AZ41-t24-a-tokens-signature', 'SIGNATURE_INVALID', moved)
  const flow = w.bytes(Buffer.from(scene.flow, 'hex'))
  const id = w.bytes(Buffer.from(scene.root.id, 'hex'))
  const operation = (fields: Readonly<Record<string, w.Item>>): Promise<Uint8Array> => {
    const all: Readonly<Record<string, w.Item>> = { act: w.map(['t', w.text('adopt')], ['op', id]), iss: w.text(ann.did), seq: w.uint(0), deps: w.list(id), flow, prev: w.NULL, ...fields }
    return w.sealed(ann.signer, w.payloadOf(w.map(...Object.entries(all).sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1))), 'gf/op@1'))
  }
  const bad = async (name: string, code: string, fields: Readonly<Record<string, w.Item>>): Promise<void> => refuse(name, code, await operation(fields))
  await bad('AZ4-unknown-action', 'OPERATION_UNKNOWN', { act: w.map(['t', w.text('explode')]) })
  await bad('AZ4-t22-proto-action', 'OPERATION_UNKNOWN', { act: w.map(['t', w.text('__proto__')]) })
  await bad('AZ4-action-without-t', 'FIELD_TYPE', { act: w.map(['op', id]) })
  await bad('AZ4-action-with-more', 'FIELD_UNKNOWN', { act: w.map(['t', w.text('adopt')], ['op', id], ['why', w.NULL]) })
  await bad('AZ4-operation-with-more', 'FIELD_UNKNOWN', { zzz: w.NULL })
  await bad('AZ4-seq-negative', 'FIELD_TYPE', { seq: Uint8Array.of(0x20) })
  await bad('AZ4-seq-2-31', 'FIELD_TYPE', { seq: w.uint(2 ** 31) })
  await bad('AZ24-seq-0-with-prev', 'OPERATION_CHAIN', { prev: id })
  await bad('AZ24-seq-1-without-prev', 'OPERATION_CHAIN', { seq: w.uint(1) })
  await bad('AZ24-prev-among-deps', 'OPERATION_CHAIN', { seq: w.uint(1), prev: id })
  await bad('AZ24-no-past', 'OPERATION_CHAIN', { deps: w.list() })
  await bad('AZ4-deps-twice', 'FIELD_TYPE', { deps: w.list(id, id) })
  await bad('AZ4-t38-33-deps', 'FIELD_TYPE', { deps: w.list(...Array.from({ length: 33 }, (_, i) => w.bytes(new Uint8Array(32).fill(i)))) })
  await bad('AZ4-content-need', 'FIELD_TYPE', { act: w.map(['t', w.text('content')], ['body', w.bytes(new Uint8Array())], ['need', w.text('admin')], ['epoch', id]) })
  await bad('AZ38-invite-to-admin', 'FIELD_MISSING', { act: w.map(['t', w.text('invite')], ['cmd', w.text('/gf/flow')]) })
  const tips = (list: w.Item): w.Item => w.map(['t', w.text('revoke')], ['who', w.text(ann.did)], ['tips', list], ['links', w.list()], ['scope', w.text('person')], ['cascade', Uint8Array.of(0xf4)])
  await bad('AZ4-tips-twice', 'FIELD_TYPE', { act: tips(w.list(w.list(w.text(ann.did), w.NULL), w.list(w.text(ann.did), w.NULL))) })
  await bad('AZ4-tip-with-three-parts', 'FIELD_TYPE', { act: tips(w.list(w.list(w.text(ann.did), w.NULL, w.NULL))) })
  await bad('AZ4-revoke-scope', 'FIELD_TYPE', { act: w.map(['t', w.text('revoke')], ['who', w.text(ann.did)], ['tips', w.list()], ['links', w.list()], ['scope', w.text('flow')], ['cascade', Uint8Array.of(0xf4)]) })
  await bad('AZ1-operation-too-large', 'OPERATION_TOO_LARGE', { act: w.map(['t', w.text('content')], ['body', w.bytes(new Uint8Array(65_536))], ['need', w.text('edit')], ['epoch', id]) })
  const { card } = await scene.actor('eve')
  const dlg = w.bytes(grant.act.dlg.bytes)
  const annsGrant = await scene.write('ann', (author) => grantMember(author, card, 'viewer'))
  if (annsGrant.act.t !== 'grant') throw new TypeError('no grant')
  const own = w.bytes(annsGrant.act.dlg.bytes)
  const grantAct = (fields: Readonly<Record<string, w.Item>>): w.Item =>
    w.map(...Object.entries({ t: w.text('grant'), dlg: own, via: w.NULL, card: w.bytes(card.bytes), tips: w.list(), ...fields }).sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1)))
  await bad('AZ41-grant-of-anothers-token', 'GRANT_MISMATCH', { act: grantAct({ dlg }) })
  await bad('AZ33-grant-with-anothers-card', 'CARD_MISMATCH', { act: grantAct({ card: w.bytes(ann.card.bytes) }) })
  await bad('AZ33-grant-with-a-device-card', 'CARD_MISMATCH', { act: grantAct({ card: w.bytes((await scene.consent('eve', 'ann')).bytes) }) })
  await bad('AZ41-grant-with-a-forged-card', 'SIGNATURE_INVALID', { act: grantAct({ card: w.bytes(flipped(card.bytes)) }) })
  await bad('AZ41-grant-with-a-forged-token', 'SIGNATURE_INVALID', { act: grantAct({ dlg: w.bytes(flipped(annsGrant.act.dlg.bytes)) }) })
  await bad('AZ38-grant-via-a-grant', 'GRANT_MISMATCH', { act: grantAct({ via: own }) })
  await bad('AZ33-device-without-consent', 'GRANT_MISMATCH', { act: w.map(['t', w.text('device')], ['dlg', own], ['card', w.bytes(card.bytes)]) })
  const root = scene.root.act
  if (root.t !== 'create') throw new TypeError('no creation')
  await bad('AZ11-second-creation', 'OPERATION_CHAIN', { act: w.map(['t', w.text('create')], ['card', w.bytes(root.card.bytes)], ['root', w.bytes(root.root.bytes)]), iss: w.text((await scene.actor('owner')).did) })
  await bad('AZ11-creation-by-another', 'ROOT_INVALID', { act: w.map(['t', w.text('create')], ['card', w.bytes(ann.card.bytes)], ['root', w.bytes(root.root.bytes)]) })
  const foreignRoot = other.scene.root.act
  if (foreignRoot.t !== 'create') throw new TypeError('no creation')
  refuse('AZ11-second-root', 'FLOW_MISMATCH', await sealedBy(scene, 'owner', w.map(['act', w.map(['t', w.text('create')], ['card', w.bytes(foreignRoot.card.bytes)], ['root', w.bytes(foreignRoot.root.bytes)])], ['iss', w.text((await scene.actor('owner')).did)], ['seq', w.uint(0)], ['deps', w.list()], ['flow', flow], ['prev', w.NULL])))
  cases.add('operation-set', 'AZ3-not-a-set', NOW, w.list(), { flow: scene.flow }, { code: 'ENVELOPE_INVALID' })
}

async function sealedBy(scene: Scene, name: string, body: w.Item): Promise<Uint8Array> {
  return w.sealed((await scene.actor(name)).signer, w.payloadOf(body, 'gf/op@1'))
}

function flipped(bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice()
  changed[8] = (changed[8] ?? 0) ^ 1
  return changed
}
