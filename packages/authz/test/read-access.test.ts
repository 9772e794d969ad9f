import { describe, expect, it } from 'vitest'
import {
  addContent,
  authorize,
  append,
  type HpkeKeyPair,
  isRotationDue,
  keyOfDid,
  linkKeys,
  missingRecipients,
  openEpochs,
  openUnderEpoch,
  recipientsOf,
  rendezvousNamespace,
  rotateEpoch,
  sealUnderEpoch,
  setPublic,
  shareEpoch,
  unwrapKey,
  wrapKey
} from '../src/index.ts'
import { commitmentOf } from '../src/epoch-keys.ts'
import { createScene, createDeterministicCrypto, type Scene, seedOf } from '../testing/index.ts'
import { codeOf, flowWith, grant, remove, rotate } from './harness.ts'

const DIGEST = new Uint8Array(32).fill(7)

function keysOf(scene: Scene, name: string): Promise<HpkeKeyPair> {
  return scene.crypto.hpke.deriveKeyPair(seedOf(`x ${name}`))
}

/** The epoch keys that `name` can open with everything that there is. */
async function opened(scene: Scene, name: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const { did } = await scene.actor(name)
  return openEpochs(scene.crypto, scene.flow, scene.everything(), did, await keysOf(scene, name))
}

async function writeEpoch(scene: Scene, at: string): Promise<string | undefined> {
  return (await scene.state(at)).writeEpoch?.id
}

describe('epochs', () => {
  it('[AZ36] 40: a removed member cannot decrypt what comes after', async () => {
    const scene = await flowWith({ ann: 'admin', eve: 'editor' })
    await rotate(scene, 'owner')
    await scene.meet()
    await remove(scene, 'ann', 'eve')
    expect(await writeEpoch(scene, 'ann')).toBeUndefined()
    expect(isRotationDue(await scene.state('ann'), 0)).toBe(true)
    await rotate(scene, 'ann')
    await scene.meet()
    const epoch = (await scene.state('owner')).writeEpoch
    if (epoch === undefined) expect.fail('no epoch to write under')
    const key = (await opened(scene, 'owner')).get(epoch.id)
    if (key === undefined) expect.fail('the owner cannot read')
    const place = { flow: scene.flow, epoch: epoch.id, digest: DIGEST }
    const sealed = await sealUnderEpoch(scene.crypto, place, key, DIGEST)
    expect(await openUnderEpoch(scene.crypto, place, key, sealed)).toEqual(DIGEST)
    const eves = await opened(scene, 'eve')
    expect(eves.has(epoch.id)).toBe(false)
    for (const old of eves.values()) await expect(openUnderEpoch(scene.crypto, place, old, sealed)).rejects.toMatchObject({ code: 'DECRYPT_FAILED' })
  })

  it('[AZ36] 41: after concurrent removals neither removed member reads the final epoch', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'admin', eve: 'editor', mal: 'editor' })
    await remove(scene, 'ann', 'eve')
    await rotate(scene, 'ann')
    await remove(scene, 'bob', 'mal')
    await rotate(scene, 'bob')
    await scene.meet()
    expect(await writeEpoch(scene, 'owner')).toBeUndefined()
    await rotate(scene, 'owner')
    await scene.meet()
    const final = await writeEpoch(scene, 'ann')
    if (final === undefined) expect.fail('no epoch to write under')
    expect((await opened(scene, 'eve')).has(final)).toBe(false)
    expect((await opened(scene, 'mal')).has(final)).toBe(false)
    expect((await opened(scene, 'bob')).has(final)).toBe(true)
  })

  it('[AZ36] of concurrent rotations for the same readers one is written under, the same for all', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'tagger' })
    await rotate(scene, 'ann')
    await rotate(scene, 'bob')
    await scene.meet()
    const chosen = await writeEpoch(scene, 'owner')
    expect(chosen).toBeDefined()
    expect(await writeEpoch(scene, 'bob')).toBe(chosen)
  })

  it('[AZ36] a viewer rotates nothing, nobody wraps for a stranger, and an earlier epoch must be one', async () => {
    const scene = await flowWith({ vic: 'viewer', tom: 'tagger' })
    const byViewer = await rotate(scene, 'vic')
    const { did, x } = await scene.actor('stranger')
    const forStranger = await scene.write('tom', async (author) => (await rotateEpoch(author, new Map(), [...recipientsOf(author.state), { did, x }])).operation)
    const ofNothing = await scene.write('owner', async (author) => {
      const epoch = (await rotateEpoch(author, new Map())).operation.act
      if (epoch.t !== 'epoch') expect.fail('not an epoch')
      return append(author, { ...epoch, prev: [{ epoch: scene.root.id, box: new Uint8Array(60) }] })
    })
    await scene.meet()
    expect(await codeOf(scene, 'owner', byViewer)).toBe('ROLE_TOO_LOW')
    expect(await codeOf(scene, 'owner', forStranger)).toBe('RECIPIENT_NOT_ALLOWED')
    expect(await codeOf(scene, 'owner', ofNothing)).toBe('EPOCH_UNKNOWN')
  })

  it('[AZ36] what was honestly written under an epoch stays when its maker is removed meanwhile', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'editor', cid: 'editor' })
    const epoch = await rotate(scene, 'bob')
    await scene.tell('bob', 'cid')
    const content = await scene.write('cid', (author) => addContent(author, 'edit', epoch.id, new Uint8Array(9)))
    await remove(scene, 'ann', 'bob')
    await scene.meet()
    expect(await codeOf(scene, 'owner', epoch)).toBe('AUTHOR_REVOKED')
    expect((await scene.state('owner')).content.has(content.id)).toBe(true)
    const nowhere = await scene.write('cid', (author) => addContent(author, 'edit', scene.root.id, new Uint8Array(9)))
    await scene.meet()
    expect(await codeOf(scene, 'owner', nowhere)).toBe('EPOCH_UNKNOWN')
  })

  it('[AZ36] a new member gets the present epoch by a share, and the earlier ones inside it', async () => {
    const scene = await flowWith({ ann: 'admin' })
    const before = await scene.state('owner')
    await scene.write('owner', async (author) => (await rotateEpoch(author, await opened(scene, 'owner'))).operation)
    await scene.meet()
    await grant(scene, 'ann', 'bob', 'editor')
    await scene.meet()
    const state = await scene.state('ann')
    const epoch = state.writeEpoch?.id
    if (epoch === undefined) expect.fail('no epoch to write under')
    const missing = missingRecipients(state, epoch)
    expect(missing.map(({ did }) => did)).toEqual([(await scene.actor('bob')).did])
    expect((await opened(scene, 'bob')).size).toBe(0)
    const key = (await opened(scene, 'ann')).get(epoch)
    if (key === undefined) expect.fail('ann cannot read')
    await scene.write('ann', (author) => shareEpoch(author, epoch, key, missing))
    await scene.meet()
    const bobs = await opened(scene, 'bob')
    expect([...bobs.keys()]).toEqual(expect.arrayContaining([epoch, before.epochs[0]?.id]))
    expect(missingRecipients(await scene.state('owner'), epoch)).toEqual([])
  })

  it('[AZ35] 44: a wrap for another recipient, epoch or flow fails, and a key that was not committed to is refused', async () => {
    const scene = await createScene(createDeterministicCrypto('wraps'))
    const { crypto, flow } = scene
    const [bob, eve] = [await scene.actor('bob'), await scene.actor('eve')]
    const key = crypto.random(32)
    const other = crypto.random(32)
    const wrap = await wrapKey(crypto, flow, key, bob)
    const commit = commitmentOf(flow, key)
    expect(await unwrapKey(crypto, flow, commit, wrap, await keysOf(scene, 'bob'))).toEqual(key)
    const fails = { code: 'DECRYPT_FAILED' }
    await expect(unwrapKey(crypto, flow, commit, wrap, await keysOf(scene, 'eve'))).rejects.toMatchObject(fails)
    await expect(unwrapKey(crypto, flow, commit, { ...wrap, did: eve.did }, await keysOf(scene, 'bob'))).rejects.toMatchObject(fails)
    await expect(unwrapKey(crypto, 'ab'.repeat(32), commit, wrap, await keysOf(scene, 'bob'))).rejects.toMatchObject(fails)
    await expect(unwrapKey(crypto, flow, commitmentOf(flow, other), wrap, await keysOf(scene, 'bob'))).rejects.toMatchObject(fails)
    const lying = await sealWith(scene, commit, other)
    await expect(unwrapKey(crypto, flow, commit, lying, await keysOf(scene, 'bob'))).rejects.toMatchObject({ code: 'EPOCH_KEY_MISMATCH' })
  })

  it('[AZ35] what is sealed under an epoch is bound to it, to the flow and to the image', async () => {
    const { crypto, flow } = await createScene(createDeterministicCrypto('sealed'))
    const key = crypto.random(32)
    const place = { flow, epoch: 'cd'.repeat(32), digest: DIGEST }
    const box = await sealUnderEpoch(crypto, place, key, DIGEST)
    for (const wrong of [{ ...place, flow: 'ab'.repeat(32) }, { ...place, epoch: 'ab'.repeat(32) }, { ...place, digest: new Uint8Array(32) }]) {
      await expect(openUnderEpoch(crypto, wrong, key, box)).rejects.toMatchObject({ code: 'DECRYPT_FAILED' })
    }
  })

  it('[AZ35] 43: who has every operation but no wrap, as a relay or keeper has, opens no epoch', async () => {
    const scene = await flowWith({ ann: 'admin' })
    await rotate(scene, 'owner')
    await scene.meet()
    expect((await opened(scene, 'keeper')).size).toBe(0)
    expect((await opened(scene, 'ann')).size).toBe(1)
  })

  it('[AZ36] the rendezvous of members changes with the epoch and names no flow', async () => {
    const { crypto, flow } = await createScene(createDeterministicCrypto('meet'))
    const names = [crypto.random(32), crypto.random(32)].map((key) => rendezvousNamespace(flow, key))
    expect(names[0]).toMatch(/^[0-9a-f]{64}$/)
    expect(names[0]).not.toBe(names[1])
    expect(names[0]).not.toContain(flow.slice(0, 8))
  })
})

describe('public flows', () => {
  it('[AZ37] 42: public lets anyone view with a key of its own; going private denies and protects what comes after', async () => {
    const scene = await flowWith({ ann: 'admin' })
    await rotate(scene, 'owner')
    const key = scene.crypto.random(32)
    await scene.write('owner', (author) => setPublic(author, key))
    await scene.meet()
    const open = await scene.state('ann')
    expect(open.publicKey).toEqual(key)
    const { did } = await scene.actor('stranger')
    const view = { flows: [scene.flow], operation: 'flow_get', remote: did }
    expect(authorize(view, undefined, open, 0)).toMatchObject({ allowed: true, level: 0 })
    expect(authorize({ ...view, operation: 'flow_add_tag' }, undefined, open, 0)).toMatchObject({ allowed: false, code: 'NO_PROOF' })
    expect([...(await opened(scene, 'owner')).values()].some((epochKey) => Buffer.from(epochKey).equals(Buffer.from(key)))).toBe(false)
    await scene.write('ann', (author) => setPublic(author, undefined))
    await scene.meet()
    const shut = await scene.state('owner')
    expect(shut.publicKey).toBeUndefined()
    expect(authorize(view, undefined, shut, 0)).toMatchObject({ allowed: false, code: 'NO_PROOF' })
  })

  it('[AZ37] of concurrent decisions private wins, and an editor decides nothing', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'editor' })
    await scene.write('owner', (author) => setPublic(author, scene.crypto.random(32)))
    await scene.write('ann', (author) => setPublic(author, undefined))
    await scene.meet()
    expect((await scene.state('bob')).publicView).toBe(false)
    const byEditor = await scene.write('bob', (author) => setPublic(author, scene.crypto.random(32)))
    await scene.meet()
    expect(await codeOf(scene, 'owner', byEditor)).toBe('ROLE_TOO_LOW')
  })
})

it('[AZ35] a link’s keys come from its seed alone, and differ in use', async () => {
  const crypto = createDeterministicCrypto('link')
  const seed = crypto.random(32)
  const [one, two] = [await linkKeys(crypto, seed), await linkKeys(crypto, seed)]
  expect(one.signer.did).toBe(two.signer.did)
  expect(one.hpke.publicKey).toEqual(two.hpke.publicKey)
  expect((await linkKeys(crypto, crypto.random(32))).signer.did).not.toBe(one.signer.did)
  await expect(linkKeys(crypto, new Uint8Array(16))).rejects.toMatchObject({ code: 'FIELD_TYPE' })
})

/** A wrap that names one commitment and holds another key. */
async function sealWith(scene: Scene, commit: Uint8Array, key: Uint8Array): ReturnType<typeof wrapKey> {
  const { did, x } = await scene.actor('bob')
  const info = new Uint8Array(Buffer.concat([Buffer.from('gf-epoch-wrap-v1'), Buffer.from(scene.flow, 'hex')]))
  const aad = new Uint8Array(Buffer.concat([commit, keyOfDid(did)]))
  const { enc, ciphertext } = await scene.crypto.hpke.seal(x, info, aad, key)
  return { did, enc, ciphertext }
}
