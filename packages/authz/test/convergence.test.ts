import { describe, expect, it } from 'vitest'
import { adoptContent, append, applyOperations, grantMember, removePerson, revokeDevice, stateHash, transferFlow } from '../src/index.ts'
import { ask, codeOf, edit, flowWith, grant, remove, roleOf, rotate } from './harness.ts'

describe('state of a set', () => {
  it('[AZ23] 26: any order of delivery gives the same state', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'editor' })
    await remove(scene, 'ann', 'bob')
    await edit(scene, 'bob')
    await grant(scene, 'owner', 'cid', 'tagger')
    const ops = scene.everything()
    const hash = stateHash(applyOperations({ flow: scene.flow, operations: ops }))
    for (let turn = 1; turn < ops.length; turn++) {
      const turned = [...ops.slice(turn), ...ops.slice(0, turn)].reverse()
      expect(stateHash(applyOperations({ flow: scene.flow, operations: turned }))).toBe(hash)
      expect(stateHash(applyOperations({ flow: scene.flow, operations: [...turned, ...ops] }))).toBe(hash)
    }
  })

  it('[AZ23] nothing has a state before its creation arrives', async () => {
    const scene = await flowWith({ ann: 'admin' })
    const without = scene.everything().filter((op) => op.act.t !== 'create')
    const state = applyOperations({ flow: scene.flow, operations: without })
    expect(state.members.size).toBe(0)
    expect([...state.refused.values()]).toEqual(without.map(() => 'DEPENDENCY_MISSING'))
  })
})

describe('removal', () => {
  it('[AZ25] 27: a removed member who back-dates parents gains nothing', async () => {
    const scene = await flowWith({ ann: 'admin', eve: 'editor' })
    const past = [...(await scene.actor('eve')).known.values()]
    await remove(scene, 'ann', 'eve')
    await scene.meet()
    const late = await edit(scene, 'eve', 'edit', past)
    await scene.meet()
    expect(await codeOf(scene, 'owner', late)).toBe('AUTHOR_REVOKED')
  })

  it('[AZ25] what the remover had seen stands', async () => {
    const scene = await flowWith({ ann: 'admin', eve: 'editor' })
    const early = await edit(scene, 'eve')
    await scene.meet()
    await remove(scene, 'ann', 'eve')
    await scene.meet()
    expect(await codeOf(scene, 'owner', early)).toBeUndefined()
    expect((await scene.state('owner')).content.has(early.id)).toBe(true)
  })

  it('[AZ25] 28: a forged early time has no effect: operations carry none, and an early expiry of a grant changes no state', async () => {
    const scene = await flowWith({ ann: 'admin' })
    const { card } = await scene.actor('eve')
    await scene.write('owner', (author) => grantMember(author, card, 'editor', { exp: 1 }))
    await scene.meet()
    const op = await edit(scene, 'eve')
    await scene.meet()
    expect(await codeOf(scene, 'owner', op)).toBeUndefined()
    expect(await ask(scene, 'owner', 'eve', 'flow_get', await scene.state('eve'))).toBe('EXPIRED')
  })

  it('[AZ25] a revocation whose tip is older than what the revoker knew is void', async () => {
    const scene = await flowWith({ ann: 'admin', eve: 'editor' })
    const first = await edit(scene, 'eve')
    await edit(scene, 'eve')
    await scene.meet()
    const { did } = await scene.actor('eve')
    const op = await scene.write('ann', (author) =>
      append(author, { t: 'revoke', who: did, scope: 'person', tips: [{ did, seen: first.id }], cascade: false, links: [] })
    )
    await scene.meet()
    expect(await codeOf(scene, 'owner', op)).toBe('SEEN_MISMATCH')
    expect(await roleOf(scene, 'owner', 'eve')).toBe('editor')
  })

  it('[AZ25] 33: a revocation before its target arrives takes effect on arrival; one of a stranger is void', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'editor' })
    const removal = await remove(scene, 'ann', 'bob')
    const state = applyOperations({ flow: scene.flow, operations: [removal] })
    expect(state.refused.get(removal.id)).toBe('DEPENDENCY_MISSING')
    await scene.actor('nobody')
    const stray = await remove(scene, 'ann', 'nobody')
    await scene.meet()
    expect(await codeOf(scene, 'owner', stray)).toBe('TARGET_UNKNOWN')
    expect(await roleOf(scene, 'owner', 'bob')).toBeUndefined()
  })

  it('[AZ26] seen: none by an admin is void, by the owner it erases', async () => {
    const scene = await flowWith({ ann: 'admin', eve: 'editor' })
    const early = await edit(scene, 'eve')
    await scene.meet()
    const byAdmin = await remove(scene, 'ann', 'eve', { erase: true })
    await scene.meet()
    expect(await codeOf(scene, 'owner', byAdmin)).toBe('SEEN_MISMATCH')
    const byOwner = await remove(scene, 'owner', 'eve', { erase: true })
    await scene.meet()
    expect(await codeOf(scene, 'owner', byOwner)).toBeUndefined()
    expect(await codeOf(scene, 'owner', early)).toBe('AUTHOR_REVOKED')
  })

  it('[AZ26] an admin cannot void what the owner already builds on', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'editor' })
    await edit(scene, 'bob')
    await scene.tell('bob', 'owner')
    await edit(scene, 'owner')
    const removal = await remove(scene, 'ann', 'bob')
    await scene.meet()
    expect(await codeOf(scene, 'owner', removal)).toBe('REVOCATION_TOO_WIDE')
    expect(await roleOf(scene, 'ann', 'bob')).toBe('editor')
    const again = await remove(scene, 'ann', 'bob')
    await scene.meet()
    expect(await codeOf(scene, 'owner', again)).toBeUndefined()
  })

  it('[AZ26] an admin cannot void more than 100 operations that another manager builds on; making more after the removal does not undo it', async () => {
    const scene = await flowWith({ ann: 'admin', cid: 'admin', bob: 'editor' })
    for (let i = 0; i < 100; i++) await edit(scene, 'bob')
    await scene.tell('bob', 'cid')
    await edit(scene, 'cid')
    const removal = await remove(scene, 'ann', 'bob')
    await scene.tell('owner', 'cid')
    expect(applyOperations({ flow: scene.flow, operations: scene.everything() }).voidOperations.get(removal.id)).toBeUndefined()
    for (let i = 0; i < 5; i++) await edit(scene, 'bob')
    expect(applyOperations({ flow: scene.flow, operations: scene.everything() }).voidOperations.get(removal.id)).toBeUndefined()
    await scene.tell('bob', 'cid')
    await edit(scene, 'cid')
    expect(applyOperations({ flow: scene.flow, operations: scene.everything() }).voidOperations.get(removal.id)).toBe('REVOCATION_TOO_WIDE')
  })

  it('[AZ26] an admin whose revocation does not descend from its own last operation revokes nothing', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'editor' })
    const past = [...(await scene.actor('ann')).known.values()]
    await edit(scene, 'bob')
    await scene.tell('bob', 'ann')
    await edit(scene, 'ann')
    const { did } = await scene.actor('bob')
    const removal = await scene.write('ann', (author) => removePerson(author, did), past)
    await scene.meet()
    expect(await codeOf(scene, 'owner', removal)).toBe('REVOCATION_FORKED')
    expect(await roleOf(scene, 'owner', 'bob')).toBe('editor')
  })
})

describe('ranks', () => {
  it('[AZ27] 31: two admins who remove each other both stay', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'admin' })
    const one = await remove(scene, 'ann', 'bob')
    const two = await remove(scene, 'bob', 'ann')
    await scene.meet()
    expect([await codeOf(scene, 'owner', one), await codeOf(scene, 'owner', two)]).toEqual(['ROLE_TOO_LOW', 'ROLE_TOO_LOW'])
    expect([await roleOf(scene, 'owner', 'ann'), await roleOf(scene, 'owner', 'bob')]).toEqual(['admin', 'admin'])
  })

  it('[AZ27] 31: an admin who removes one that is made admin at the same time does not count', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'editor' })
    await grant(scene, 'owner', 'bob', 'admin')
    await remove(scene, 'ann', 'bob')
    await scene.meet()
    expect(await roleOf(scene, 'ann', 'bob')).toBe('admin')
  })

  it('[AZ27] 32: the owner is never removable, nor demoted', async () => {
    const scene = await flowWith({ ann: 'admin' })
    const removal = await remove(scene, 'ann', 'owner')
    const demotion = await grant(scene, 'ann', 'owner', 'viewer')
    const own = await remove(scene, 'owner', 'owner')
    await scene.meet()
    expect(await codeOf(scene, 'ann', removal)).toBe('OWNER_IRREMOVABLE')
    expect(await codeOf(scene, 'ann', demotion)).toBe('OWNER_IRREMOVABLE')
    expect(await codeOf(scene, 'ann', own)).toBe('OWNER_IRREMOVABLE')
    expect(await roleOf(scene, 'ann', 'owner')).toBe('owner')
  })

  it('[AZ27] an editor grants nothing, an admin no admin, and an owner removes an admin', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'editor' })
    const byEditor = await grant(scene, 'bob', 'cid', 'viewer')
    const byAdmin = await grant(scene, 'ann', 'dan', 'admin')
    await remove(scene, 'owner', 'ann')
    await scene.meet()
    expect(await codeOf(scene, 'owner', byEditor)).toBe('ROLE_TOO_LOW')
    expect(await codeOf(scene, 'owner', byAdmin)).toBe('AUTHOR_REVOKED')
    expect(await roleOf(scene, 'owner', 'ann')).toBeUndefined()
    const other = await flowWith({ ann: 'admin' })
    const alone = await grant(other, 'ann', 'dan', 'admin')
    await other.meet()
    expect(await codeOf(other, 'owner', alone)).toBe('ROLE_TOO_LOW')
  })

  it('[AZ27] 35: a grant by a concurrently removed admin is void, and so is a grant in its chain', async () => {
    const scene = await flowWith({ ann: 'admin' })
    const made = await grant(scene, 'ann', 'eve', 'editor')
    await scene.tell('ann', 'eve')
    const op = await edit(scene, 'eve')
    await remove(scene, 'owner', 'ann')
    await scene.meet()
    expect(await codeOf(scene, 'owner', made)).toBe('AUTHOR_REVOKED')
    expect(await codeOf(scene, 'owner', op)).toBe('NOT_A_MEMBER')
    expect(await roleOf(scene, 'owner', 'eve')).toBeUndefined()
  })

  it('[AZ27] of concurrent grants the higher giver counts, then the lower role', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'admin' })
    await grant(scene, 'ann', 'cid', 'viewer')
    await grant(scene, 'owner', 'cid', 'editor')
    await grant(scene, 'ann', 'dan', 'editor')
    await grant(scene, 'bob', 'dan', 'tagger')
    await scene.meet()
    expect(await roleOf(scene, 'owner', 'cid')).toBe('editor')
    expect(await roleOf(scene, 'owner', 'dan')).toBe('tagger')
  })
})

describe('coming back, and changing roles', () => {
  it('[AZ28] 30: a removal beats a concurrent re-add; a grant after it brings the person back', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'admin', cid: 'editor' })
    await remove(scene, 'ann', 'cid')
    await grant(scene, 'bob', 'cid', 'editor')
    await scene.meet()
    expect(await roleOf(scene, 'owner', 'cid')).toBeUndefined()
    await grant(scene, 'bob', 'cid', 'tagger')
    await scene.meet()
    expect(await roleOf(scene, 'owner', 'cid')).toBe('tagger')
    const op = await edit(scene, 'cid', 'tag')
    await scene.meet()
    expect(await codeOf(scene, 'owner', op)).toBeUndefined()
  })

  it('[AZ28] a grant must come after every removal', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'admin', cid: 'editor' })
    await remove(scene, 'ann', 'cid')
    await remove(scene, 'bob', 'cid')
    await grant(scene, 'ann', 'cid', 'editor')
    await scene.meet()
    expect(await roleOf(scene, 'owner', 'cid')).toBeUndefined()
  })

  it('[AZ29] 34: what a demoted admin does at the same time counts as far as the new role allows', async () => {
    const scene = await flowWith({ ann: 'admin' })
    await grant(scene, 'owner', 'ann', 'editor')
    const granted = await grant(scene, 'ann', 'eve', 'viewer')
    const edited = await edit(scene, 'ann', 'edit')
    await scene.meet()
    expect(await codeOf(scene, 'owner', granted)).toBe('AUTHOR_REVOKED')
    expect(await codeOf(scene, 'owner', edited)).toBeUndefined()
    expect(await roleOf(scene, 'owner', 'ann')).toBe('editor')
    expect(await roleOf(scene, 'owner', 'eve')).toBeUndefined()
  })

  it('[AZ29] a role change without what its maker had seen is void', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'editor' })
    await edit(scene, 'bob')
    await scene.meet()
    const { card } = await scene.actor('bob')
    const change = await scene.write('ann', async (author) => {
      const blind = { ...author, state: { ...author.state, history: { ...author.state.history, personTips: () => [] } } }
      return grantMember(blind, card, 'viewer')
    })
    await scene.meet()
    expect(await codeOf(scene, 'owner', change)).toBe('SEEN_MISMATCH')
    expect(await roleOf(scene, 'owner', 'bob')).toBe('editor')
  })

  it('[AZ30] grants outlive their giver, unless the removal says cascade', async () => {
    const kept = await flowWith({ ann: 'admin' })
    await grant(kept, 'ann', 'bob', 'editor')
    await kept.meet()
    const before = await kept.state('bob')
    await remove(kept, 'owner', 'ann')
    await kept.meet()
    expect(await roleOf(kept, 'owner', 'bob')).toBe('editor')
    expect(await ask(kept, 'owner', 'bob', 'flow_add_img', before)).toBe('allowed')
    expect(await ask(kept, 'owner', 'ann', 'flow_get', before)).toBe('LINK_ENDED')
    const scene = await flowWith({ ann: 'admin' })
    await grant(scene, 'ann', 'bob', 'editor')
    await scene.meet()
    await remove(scene, 'owner', 'ann', { cascade: true })
    const late = await edit(scene, 'bob')
    await scene.meet()
    expect(await roleOf(scene, 'owner', 'bob')).toBeUndefined()
    expect(await codeOf(scene, 'owner', late)).toBe('AUTHOR_REVOKED')
  })
})

it('[AZ30] a cascade does not reach those to whom the target signed void grants', async () => {
  const scene = await flowWith({ ann: 'admin', bob: 'editor', mal: 'viewer' })
  await grant(scene, 'mal', 'bob', 'viewer')
  await scene.meet()
  await remove(scene, 'ann', 'mal', { cascade: true })
  const edited = await edit(scene, 'bob')
  await scene.meet()
  expect(await codeOf(scene, 'owner', edited)).toBeUndefined()
  expect(await roleOf(scene, 'owner', 'bob')).toBe('editor')
})

describe('quarantine, equivocation, hand-over', () => {
  it('[AZ31] 29: a concurrent edit is set aside, and an editor can adopt it; a viewer cannot', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'editor', cid: 'editor', vic: 'viewer' })
    await remove(scene, 'ann', 'bob')
    const edited = await edit(scene, 'bob')
    await scene.meet()
    const state = await scene.state('cid')
    expect(state.quarantine.has(edited.id)).toBe(true)
    expect(state.content.has(edited.id)).toBe(false)
    const byViewer = await scene.write('vic', (author) => adoptContent(author, edited.id))
    await scene.meet()
    expect(await codeOf(scene, 'cid', byViewer)).toBe('ROLE_TOO_LOW')
    expect((await scene.state('cid')).content.has(edited.id)).toBe(false)
    await scene.write('cid', (author) => adoptContent(author, edited.id))
    await scene.meet()
    const after = await scene.state('owner')
    expect(after.content.get(edited.id)).toBe((await scene.actor('cid')).did)
    expect(after.quarantine.has(edited.id)).toBe(false)
  })

  it('[AZ31] at most 256 operations of an author are set aside', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'editor' })
    await remove(scene, 'ann', 'bob')
    for (let i = 0; i < 260; i++) await edit(scene, 'bob')
    await scene.meet()
    expect((await scene.state('owner')).quarantine.size).toBe(256)
  })

  it('[AZ32] 36: two operations at one place of a chain are shown, and both stay', async () => {
    const scene = await flowWith({ bob: 'editor' })
    const past = [...(await scene.actor('bob')).known.values()]
    const one = await edit(scene, 'bob', 'edit', past)
    const two = await edit(scene, 'bob', 'edit', past)
    await scene.meet()
    const state = await scene.state('owner')
    expect(state.equivocations).toEqual([{ author: (await scene.actor('bob')).did, seq: 0, operations: [one.id, two.id].sort() }])
    expect(state.content.has(one.id) && state.content.has(two.id)).toBe(true)
  })

  it('[AZ32] a hand-over makes a new owner, the old one an admin whose racing commands count as an admin’s', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'editor' })
    const past = [...(await scene.actor('owner')).known.values()]
    const { did } = await scene.actor('ann')
    await scene.write('owner', (author) => transferFlow(author, did))
    await scene.meet()
    expect([await roleOf(scene, 'bob', 'ann'), await roleOf(scene, 'bob', 'owner')]).toEqual(['owner', 'admin'])
    const late = await scene.write('owner', (author) => removePerson(author, did), past)
    await grant(scene, 'ann', 'bob', 'admin')
    await scene.meet()
    expect(await codeOf(scene, 'bob', late)).toBe('ROLE_TOO_LOW')
    expect([await roleOf(scene, 'bob', 'ann'), await roleOf(scene, 'bob', 'bob')]).toEqual(['owner', 'admin'])
    expect(await ask(scene, 'bob', 'ann', 'flow_delete', await scene.state('ann'))).toBe('allowed')
    expect(await ask(scene, 'bob', 'owner', 'membership', await scene.state('owner'))).toBe('allowed')
    await remove(scene, 'ann', 'owner')
    await scene.meet()
    expect(await roleOf(scene, 'bob', 'owner')).toBeUndefined()
  })

  it('[AZ32] two concurrent hand-overs freeze the owner’s power, the admins go on', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'admin' })
    const past = [...(await scene.actor('owner')).known.values()]
    for (const name of ['ann', 'bob']) {
      const { did } = await scene.actor(name)
      await scene.write('owner', (author) => transferFlow(author, did), past)
    }
    await scene.meet()
    const state = await scene.state('ann')
    expect([state.frozen, state.owner]).toEqual([true, undefined])
    expect([...state.voidOperations.values()]).toEqual(['FLOW_FROZEN', 'FLOW_FROZEN'])
    const removal = await remove(scene, 'owner', 'ann')
    await grant(scene, 'ann', 'cid', 'editor')
    await scene.meet()
    expect(await codeOf(scene, 'ann', removal)).toBe('ROLE_TOO_LOW')
    expect(await roleOf(scene, 'bob', 'cid')).toBe('editor')
  })

  it('[AZ28] a device that left by itself comes back by a grant', async () => {
    const scene = await flowWith({ bob: 'editor' })
    const { did } = await scene.actor('bob')
    await scene.write('bob', (author) => revokeDevice(author, did))
    await scene.meet()
    expect(await roleOf(scene, 'owner', 'bob')).toBeUndefined()
    await grant(scene, 'owner', 'bob', 'tagger')
    await rotate(scene, 'owner')
    await scene.meet()
    expect(await roleOf(scene, 'owner', 'bob')).toBe('tagger')
  })
})
