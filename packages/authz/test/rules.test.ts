import { describe, expect, it } from 'vitest'
import { append, grantMember, inviteBy, linkKeys, openLink, removePerson, revokeDevice, createOperation, verifyOperation } from '../src/index.ts'
import { codeOf, edit, flowWith, grant, roleOf } from './harness.ts'

/** Edges of the membership rules that the stories of the other files do not come to. */
describe('edges', () => {
  it('[AZ24] an operation that skips a place of its author’s chain is refused, and all that builds on it', async () => {
    const scene = await flowWith({ bob: 'editor' })
    const first = await edit(scene, 'bob')
    const { signer } = await scene.actor('bob')
    const skipping = await createOperation(signer, { flow: scene.flow, last: { id: first.id, seq: 5 }, heads: [] }, first.act)
    const foreign = await createOperation(signer, { flow: scene.flow, last: { id: scene.root.id, seq: 0 }, heads: [] }, first.act)
    const { applyOperations } = await import('../src/index.ts')
    const operations = [...scene.everything(), await verifyOperation(skipping, scene.flow, scene.verifier), await verifyOperation(foreign, scene.flow, scene.verifier)]
    const { refused } = applyOperations({ flow: scene.flow, operations })
    expect(refused.get(skipping.id)).toBe('OPERATION_CHAIN')
    expect(refused.get(foreign.id)).toBe('OPERATION_CHAIN')
  })

  it('[AZ25] a revocation that says nothing of what it saw is void', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'editor' })
    const { did } = await scene.actor('bob')
    const silent = await scene.write('ann', (author) => append(author, { t: 'revoke', who: did, scope: 'person', tips: [], cascade: false, links: [] }))
    await scene.meet()
    expect(await codeOf(scene, 'owner', silent)).toBe('SEEN_MISMATCH')
    expect(await roleOf(scene, 'owner', 'bob')).toBe('editor')
  })

  it('[AZ27] an admin’s revocation of a device stops at what became an admin’s meanwhile', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'editor' })
    const { did } = await scene.actor('bob')
    await grant(scene, 'owner', 'bob', 'admin')
    await scene.tell('owner', 'bob')
    const made = await grant(scene, 'bob', 'cid', 'viewer')
    await scene.write('ann', (author) => revokeDevice(author, did))
    await scene.meet()
    expect(await codeOf(scene, 'owner', made)).toBeUndefined()
    expect(await roleOf(scene, 'owner', 'bob')).toBe('admin')
  })

  it('[AZ27] whoever loses a race for admin does not lose it to an equal', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'editor' })
    const { did } = await scene.actor('bob')
    await grant(scene, 'owner', 'bob', 'admin')
    await scene.tell('owner', 'bob')
    const made = await grant(scene, 'bob', 'cid', 'viewer')
    await scene.write('ann', (author) => removePerson(author, did))
    await scene.meet()
    expect(await codeOf(scene, 'owner', made)).toBeUndefined()
    expect(await roleOf(scene, 'owner', 'cid')).toBe('viewer')
  })

  it('[AZ38] an admission gives at most the role that the link offers', async () => {
    const scene = await flowWith({ ann: 'admin' })
    const keys = await linkKeys(scene.crypto, scene.crypto.random(32))
    const op = await scene.write('ann', (author) => inviteBy(author, keys.card, { role: 'tagger', uses: 2, now: 1_800_000_000 }))
    if (op.act.t !== 'invite') expect.fail('not an invite')
    const { dlg } = op.act
    const { card, did } = await scene.actor('eve')
    const admitted = await scene.write('ann', async (author) => grantMember(author, card, 'editor', { via: await openLink(scene.crypto, keys, dlg, did, 1_900_000_000) }))
    await scene.meet()
    expect(await codeOf(scene, 'owner', admitted)).toBe('ROLE_TOO_LOW')
    expect(await roleOf(scene, 'owner', 'eve')).toBeUndefined()
  })
})
