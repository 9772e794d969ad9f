import { describe, expect, it } from 'vitest'
import {
  append,
  chainOf,
  confirmRecovery,
  createCard,
  entropyOf,
  grantMember,
  inviteBy,
  linkDevice,
  linkKeys,
  openLink,
  openRecoveryFile,
  recipientsOf,
  recoveryKeys,
  registerRecovery,
  revokeDevice,
  revokeLink,
  rotateEpoch,
  sealRecoveryFile,
  wordsOf
} from '../src/index.ts'
import { createDeterministicCrypto, type Scene } from '../testing/index.ts'
import { ask, codeOf, edit, flowWith, grant, remove, roleOf } from './harness.ts'

const NOW = 1_800_000_000

/** `by` links `name` as a device of its person. */
async function link(scene: Scene, by: string, name: string): Promise<{ readonly id: string }> {
  const card = await scene.consent(name, by)
  return scene.write(by, (author) => linkDevice(author, card))
}

/** `by` registers `name` as the recovery key of its person. */
async function register(scene: Scene, by: string, name: string): Promise<{ readonly id: string }> {
  const card = await scene.consent(name, by)
  return scene.write(by, (author) => registerRecovery(author, card))
}

async function revoke(scene: Scene, by: string, name: string): Promise<{ readonly id: string }> {
  const { did } = await scene.actor(name)
  return scene.write(by, (author) => revokeDevice(author, did))
}

describe('devices', () => {
  it('[AZ33] a linked device has its person’s role; a link without the device’s consent does not parse', async () => {
    const scene = await flowWith({ bob: 'editor' })
    await link(scene, 'bob', 'bobs-phone')
    await scene.meet()
    expect(await roleOf(scene, 'owner', 'bobs-phone')).toBe('editor')
    expect(await ask(scene, 'owner', 'bobs-phone', 'flow_add_img', await scene.state('bob'))).toBe('allowed')
    const { card } = await scene.actor('stranger')
    await expect(scene.write('bob', (author) => linkDevice(author, card))).rejects.toMatchObject({ code: 'CARD_MISMATCH' })
    const { signer, x } = await scene.actor('stranger')
    const forOther = await createCard(signer, x, (await scene.actor('owner')).did)
    await expect(scene.write('bob', (author) => linkDevice(author, forOther))).rejects.toMatchObject({ code: 'CARD_MISMATCH' })
  })

  it('[AZ33] a removed person’s second device is out too, and with the cascade so are devices linked by devices', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'editor' })
    await link(scene, 'bob', 'bob2')
    await scene.meet()
    await link(scene, 'bob2', 'bob3')
    await scene.meet()
    const before = await scene.state('bob3')
    await remove(scene, 'ann', 'bob')
    const late = await edit(scene, 'bob3')
    await scene.meet()
    for (const name of ['bob', 'bob2', 'bob3']) expect(await roleOf(scene, 'owner', name)).toBeUndefined()
    expect(await codeOf(scene, 'owner', late)).toBe('AUTHOR_REVOKED')
    expect(await ask(scene, 'owner', 'bob3', 'flow_get', before)).toBe('LINK_ENDED')
  })

  it('[AZ33] a void grant by an accomplice takes no device out of its person: it goes with it, and the recovery key reaches it', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'editor', vic: 'viewer' })
    await register(scene, 'bob', 'rescue')
    await scene.meet()
    await grant(scene, 'vic', 'bob2', 'viewer')
    await scene.meet()
    await link(scene, 'bob', 'bob2')
    await scene.meet()
    await link(scene, 'bob2', 'bob3')
    await scene.meet()
    const past = [...(await scene.actor('bob3')).known.values()]
    const claim = await revoke(scene, 'rescue', 'bob2')
    await remove(scene, 'ann', 'bob')
    await scene.meet()
    const late = await edit(scene, 'bob3', 'edit', past)
    await scene.meet()
    expect(await codeOf(scene, 'owner', late)).toBe('AUTHOR_REVOKED')
    expect(['AUTHOR_REVOKED', undefined]).toContain(await codeOf(scene, 'owner', claim))
    for (const name of ['bob', 'bob2', 'bob3']) expect(await roleOf(scene, 'owner', name)).toBeUndefined()
  })

  it('[AZ34] a void grant by an accomplice does not keep the recovery key from a device', async () => {
    const scene = await flowWith({ bob: 'editor', vic: 'viewer' })
    await register(scene, 'bob', 'rescue')
    await grant(scene, 'vic', 'bob2', 'viewer')
    await scene.meet()
    await link(scene, 'bob', 'bob2')
    await scene.meet()
    await link(scene, 'bob2', 'bob3')
    await scene.meet()
    const claim = await revoke(scene, 'rescue', 'bob2')
    await scene.meet()
    expect(await codeOf(scene, 'owner', claim)).toBeUndefined()
    for (const name of ['bob2', 'bob3']) expect(await roleOf(scene, 'owner', name)).toBeUndefined()
    expect(await roleOf(scene, 'owner', 'bob')).toBe('editor')
  })

  it('[AZ33] a link that promises more than its author has gives nothing', async () => {
    const scene = await flowWith({ bob: 'editor' })
    const card = await scene.consent('bob2', 'bob')
    const linked = await scene.write('bob', (author) => linkDevice(author, card, 'admin'))
    await scene.meet()
    expect(await codeOf(scene, 'owner', linked)).toBe('ROLE_TOO_LOW')
    expect(await roleOf(scene, 'owner', 'bob2')).toBeUndefined()
  })

  it('[AZ33] a device linked while its person is removed is out', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'editor' })
    await remove(scene, 'ann', 'bob')
    const linked = await link(scene, 'bob', 'bob2')
    await scene.meet()
    expect(await codeOf(scene, 'owner', linked)).toBe('AUTHOR_REVOKED')
    expect(await roleOf(scene, 'owner', 'bob2')).toBeUndefined()
  })

  it('[AZ33] an editor’s delegation to somebody else is no device link and gives nothing', async () => {
    const scene = await flowWith({ bob: 'editor' })
    const made = await grant(scene, 'bob', 'friend', 'viewer')
    await scene.meet()
    expect(await codeOf(scene, 'owner', made)).toBe('ROLE_TOO_LOW')
    expect(await ask(scene, 'owner', 'friend', 'flow_get', await scene.state('bob'))).toBe('NO_PROOF')
  })

  it('[AZ34] no device outranks another: not the first, not the owner’s', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'editor' })
    for (const person of ['owner', 'ann', 'bob']) await link(scene, person, `${person}-2`)
    await scene.meet()
    for (const person of ['owner', 'ann', 'bob']) {
      const down = await revoke(scene, person, `${person}-2`)
      const up = await revoke(scene, `${person}-2`, person)
      await scene.meet()
      expect([await codeOf(scene, 'owner', down), await codeOf(scene, 'owner', up)]).toEqual(['ROLE_TOO_LOW', 'ROLE_TOO_LOW'])
      expect(await roleOf(scene, 'owner', `${person}-2`)).toBe(await roleOf(scene, 'owner', person))
    }
  })

  it('[AZ30] a device revoked by an admin takes the devices that it linked with it', async () => {
    const scene = await flowWith({ ann: 'admin', bob: 'editor' })
    await link(scene, 'bob', 'bob2')
    await scene.meet()
    await link(scene, 'bob2', 'bob3')
    await scene.meet()
    await revoke(scene, 'ann', 'bob2')
    await scene.meet()
    expect(await roleOf(scene, 'owner', 'bob')).toBe('editor')
    expect(await roleOf(scene, 'owner', 'bob2')).toBeUndefined()
    expect(await roleOf(scene, 'owner', 'bob3')).toBeUndefined()
  })
})

describe('recovery keys', () => {
  it('[AZ34] a recovery key as old as the person makes a new device and revokes the lost one, whatever that did meanwhile', async () => {
    const scene = await flowWith({ bob: 'editor' })
    await register(scene, 'bob', 'bob-recovery')
    await scene.meet()
    await link(scene, 'bob', 'thief')
    await link(scene, 'bob-recovery', 'bob-new')
    await revoke(scene, 'bob-recovery', 'bob')
    await scene.meet()
    expect(await roleOf(scene, 'owner', 'bob-new')).toBe('editor')
    expect(await roleOf(scene, 'owner', 'bob')).toBeUndefined()
    expect(await roleOf(scene, 'owner', 'thief')).toBeUndefined()
    expect(await ask(scene, 'owner', 'bob-new', 'flow_add_img', await scene.state('bob-new'))).toBe('allowed')
    const chain = chainOf(await scene.state('owner'), (await scene.actor('bob-new')).did)
    expect(chain?.map((delegation) => delegation.kind)).toEqual(['grant', 'grant', 'device', 'device'])
  })

  it('[AZ34] the owner’s lost device is revoked by the owner’s recovery key; a promotion does not bring a lost device back', async () => {
    const scene = await flowWith({ bob: 'editor' })
    await register(scene, 'owner', 'rescue')
    await register(scene, 'bob', 'bob-rescue')
    await scene.meet()
    await link(scene, 'rescue', 'owner-new')
    await revoke(scene, 'rescue', 'owner')
    await link(scene, 'bob-rescue', 'bob-new')
    await revoke(scene, 'bob-rescue', 'bob')
    await scene.meet()
    expect([await roleOf(scene, 'bob', 'owner'), await roleOf(scene, 'bob', 'owner-new')]).toEqual([undefined, 'owner'])
    await grant(scene, 'owner-new', 'bob', 'admin')
    await scene.meet()
    expect([await roleOf(scene, 'owner', 'bob'), await roleOf(scene, 'owner', 'bob-new')]).toEqual([undefined, 'editor'])
  })

  it('[AZ34] one made after a second device counts only when another device, or a manager, confirms it', async () => {
    for (const [confirmer, counts] of [['bob2', true], ['ann', true], ['bob', false], ['vic', false]] as const) {
      const scene = await flowWith({ ann: 'admin', bob: 'editor', vic: 'viewer' })
      await link(scene, 'bob', 'bob2')
      await scene.meet()
      const registered = await register(scene, 'bob', 'late-key')
      await scene.meet()
      const early = await revoke(scene, 'late-key', 'bob2')
      await scene.meet()
      expect(await codeOf(scene, 'owner', early)).toBe('RECOVERY_INVALID')
      await scene.write(confirmer, (author) => confirmRecovery(author, registered.id))
      await scene.meet()
      const late = await revoke(scene, 'late-key', 'bob2')
      await scene.meet()
      expect(await codeOf(scene, 'owner', late)).toBe(counts ? undefined : 'RECOVERY_INVALID')
    }
  })

  it('[AZ34] a later key needs the one before; a thief with the first device cannot mint a senior', async () => {
    const scene = await flowWith({ bob: 'editor' })
    await register(scene, 'bob', 'key-1')
    await link(scene, 'bob', 'bob2')
    await scene.meet()
    const minted = await register(scene, 'bob', 'key-thief')
    await scene.meet()
    expect(await codeOf(scene, 'owner', minted)).toBe('RECOVERY_INVALID')
    await register(scene, 'key-1', 'key-2')
    await scene.meet()
    const byOld = await revoke(scene, 'key-1', 'bob')
    await scene.meet()
    expect(await codeOf(scene, 'owner', byOld)).toBe('RECOVERY_INVALID')
    const byNew = await revoke(scene, 'key-2', 'bob')
    await scene.meet()
    expect(await codeOf(scene, 'owner', byNew)).toBeUndefined()
  })

  it('[AZ34] two concurrent first keys freeze seniority, and the state shows it', async () => {
    const scene = await flowWith({ bob: 'editor' })
    const past = [...(await scene.actor('bob')).known.values()]
    for (const name of ['key-a', 'key-b']) {
      const card = await scene.consent(name, 'bob')
      await scene.write('bob', (author) => registerRecovery(author, card), past)
    }
    await scene.meet()
    await link(scene, 'bob', 'bob2')
    await scene.meet()
    const claim = await revoke(scene, 'key-a', 'bob2')
    await scene.meet()
    expect(await codeOf(scene, 'owner', claim)).toBe('RECOVERY_INVALID')
    expect((await scene.state('owner')).members.get((await scene.actor('bob')).did)?.recoveryFrozen).toBe(true)
  })

  it('[AZ42] 24 words and a file carry the entropy, and say what is wrong', async () => {
    const crypto = createDeterministicCrypto('words')
    const list = Array.from({ length: 2048 }, (_, i) => `word${i}`)
    const entropy = crypto.random(32)
    const words = wordsOf(entropy, list)
    expect(words).toHaveLength(24)
    expect(entropyOf(` ${words.join('  ').toUpperCase()} `, list)).toEqual(entropy)
    const swapped = [words[1], words[0], ...words.slice(2)].join(' ')
    expect(() => entropyOf(swapped, list)).toThrow(expect.objectContaining({ code: 'RECOVERY_PHRASE' }))
    expect(() => entropyOf(words.slice(1).join(' '), list)).toThrow(/24 words/)
    expect(() => entropyOf(['wrod', ...words.slice(1)].join(' '), list)).toThrow(/Word 1/)
    expect(() => wordsOf(entropy, list.slice(1))).toThrow(/2048/)
    const file = await sealRecoveryFile(crypto, entropy, 'correct horse')
    expect(await openRecoveryFile(crypto, file, 'correct horse')).toEqual(entropy)
    await expect(openRecoveryFile(crypto, file, 'wrong')).rejects.toMatchObject({ code: 'RECOVERY_PHRASE' })
    const weak = JSON.stringify({ ...JSON.parse(file), rounds: 1000 })
    await expect(openRecoveryFile(crypto, weak, 'correct horse')).rejects.toThrow(/600000 to 10000000 rounds/)
    await expect(sealRecoveryFile(crypto, entropy, 'correct horse', 1000)).rejects.toThrow(/600000 to 10000000 rounds/)
    for (const bad of ['', '{', '[]', 'null', '{"v":1}', 'x'.repeat(2000)]) await expect(openRecoveryFile(crypto, bad, '')).rejects.toMatchObject({ code: 'RECOVERY_PHRASE' })
    expect((await recoveryKeys(crypto, entropy)).signer.did).toBe((await recoveryKeys(crypto, entropy)).signer.did)
  })

  it('[AZ42] the words are those of BIP-39', () => {
    // Its first English test vector: 32 zero bytes are 23 times the word 0 and then word 102 ("art").
    const list = Array.from({ length: 2048 }, (_, i) => `w${i}`)
    expect(wordsOf(new Uint8Array(32), list)).toEqual([...Array.from({ length: 23 }, () => 'w0'), 'w102'])
  })
})

describe('invitation links', () => {
  async function invited(uses = 1, role: 'viewer' | 'tagger' | 'editor' = 'editor') {
    const scene = await flowWith({ ann: 'admin', bob: 'admin' })
    const keys = await linkKeys(scene.crypto, scene.crypto.random(32))
    const op = await scene.write('ann', (author) => inviteBy(author, keys.card, { role, uses, now: NOW }))
    await scene.meet()
    if (op.act.t !== 'invite') expect.fail('not an invite')
    const invite = op.act.dlg
    const admit = async (by: string, name: string, as: 'viewer' | 'tagger' | 'editor' | 'admin' = role): Promise<{ readonly id: string }> => {
      const { card, did } = await scene.actor(name)
      const via = await openLink(scene.crypto, keys, invite, did, NOW + 3600)
      return scene.write(by, (author) => grantMember(author, card, as, { via }))
    }
    const askAsGuest = async (name: string, operation: string, now = NOW): Promise<string> => {
      const { did } = await scene.actor(name)
      const { authorize, encodeBundle, verifyBundle } = await import('../src/index.ts')
      const state = await scene.state('owner')
      const chain = [...(chainOf(state, invite.iss) ?? []), invite, await openLink(scene.crypto, keys, invite, did, NOW + 10 * 86_400)]
      const decision = authorize({ flows: [scene.flow], operation, remote: did }, await verifyBundle(encodeBundle(chain), scene.verifier), state, now)
      return decision.allowed ? 'allowed' : decision.code
    }
    return { scene, keys, invite, admit, askAsGuest }
  }

  it('[AZ38] while it lives it shows the flow, is a recipient of epochs, and lets nobody write', async () => {
    const { scene, keys, askAsGuest } = await invited()
    expect(await askAsGuest('visitor', 'flow_get')).toBe('allowed')
    expect(await askAsGuest('visitor', 'flow_add_tag')).toBe('ROLE_TOO_LOW')
    const recipients = recipientsOf(await scene.state('owner'), NOW)
    expect(recipients.find(({ did }) => did === keys.signer.did)?.x).toEqual(keys.hpke.publicKey)
    expect(await askAsGuest('visitor', 'flow_get', NOW + 8 * 86_400)).toBe('EXPIRED')
    expect(recipientsOf(await scene.state('owner'), NOW + 8 * 86_400).some(({ did }) => did === keys.signer.did)).toBe(false)
  })

  it('[AZ38] a member with the membership right admits, with the link’s role at most', async () => {
    const { scene, admit } = await invited(2)
    const tooHigh = await admit('bob', 'mal', 'admin')
    await scene.meet()
    expect(await codeOf(scene, 'owner', tooHigh)).toBe('ROLE_TOO_LOW')
    await admit('bob', 'cid')
    await scene.meet()
    expect(await roleOf(scene, 'owner', 'cid')).toBe('editor')
    const byEditor = await admit('cid', 'dan')
    await scene.meet()
    expect(await codeOf(scene, 'owner', byEditor)).toBe('ROLE_TOO_LOW')
  })

  it('[AZ39] uses are exhausted, concurrent over-admission is resolved alike, losers are out and the epoch is unfit', async () => {
    const { scene, keys, admit, askAsGuest } = await invited(1)
    await scene.write('owner', async (author) => (await rotateEpoch(author, new Map())).operation)
    await scene.meet()
    await admit('ann', 'cid')
    await scene.write('ann', async (author) => (await rotateEpoch(author, new Map())).operation)
    await admit('bob', 'dan')
    await scene.write('bob', async (author) => (await rotateEpoch(author, new Map())).operation)
    await scene.meet()
    const roles = [await roleOf(scene, 'owner', 'cid'), await roleOf(scene, 'owner', 'dan')]
    expect(roles.filter((role) => role === 'editor')).toHaveLength(1)
    // The two admissions are equally deep, so the DIDs of their authors decide.
    const [ann, bob] = [(await scene.actor('ann')).did, (await scene.actor('bob')).did]
    expect(roles[0] === 'editor').toBe(ann < bob)
    const state = await scene.state('owner')
    const loser = (await scene.actor(roles[0] === 'editor' ? 'dan' : 'cid')).did
    expect(state.epochs.filter(({ recipients }) => recipients.has(loser)).map(({ usable }) => usable)).toEqual([false])
    expect(state.writeEpoch?.recipients.has(loser)).toBe(false)
    expect(state.invites.get(keys.signer.did)).toMatchObject({ used: 1, live: false })
    expect(await askAsGuest('visitor', 'flow_get')).toBe('LINK_ENDED')
    const third = await admit('ann', 'eve')
    await scene.meet()
    expect(await codeOf(scene, 'owner', third)).toBe('INVITE_EXHAUSTED')
  })

  it('[AZ39] admitting the same person twice is one use', async () => {
    const { scene, admit } = await invited(1)
    await admit('ann', 'cid')
    await admit('bob', 'cid')
    await scene.meet()
    expect(await roleOf(scene, 'owner', 'cid')).toBe('editor')
    expect((await scene.state('owner')).voidOperations.size).toBe(0)
  })

  it('[AZ40] a revoked link shows nothing, admits nobody, and an admission beside its end does not count', async () => {
    const { scene, keys, admit, askAsGuest } = await invited(5)
    await scene.write('bob', (author) => revokeLink(author, keys.signer.did))
    await admit('ann', 'cid')
    await scene.meet()
    expect(await roleOf(scene, 'owner', 'cid')).toBeUndefined()
    expect(await askAsGuest('visitor', 'flow_get')).toBe('LINK_ENDED')
    const late = await admit('ann', 'dan')
    await scene.meet()
    expect(await codeOf(scene, 'owner', late)).toBe('INVITE_DEAD')
  })

  it('[AZ40] removing a person ends the links that it made and came by, and by default all others; a kept seed opens nothing later', async () => {
    const { scene, keys, admit } = await invited(5)
    const other = await linkKeys(scene.crypto, scene.crypto.random(32))
    await scene.write('owner', (author) => inviteBy(author, other.card, { role: 'viewer', uses: 3, now: NOW }))
    await admit('bob', 'cid')
    await scene.meet()
    const kept = (await remove(scene, 'bob', 'cid', { keepLinks: [keys.signer.did, other.signer.did] })).id
    await scene.meet()
    const state = await scene.state('owner')
    expect(state.voidOperations.has(kept)).toBe(false)
    expect([state.invites.get(keys.signer.did)?.live, state.invites.get(other.signer.did)?.live]).toEqual([false, true])
    await scene.write('bob', async (author) => (await rotateEpoch(author, new Map())).operation)
    await remove(scene, 'owner', 'ann')
    await scene.meet()
    expect((await scene.state('owner')).invites.get(other.signer.did)?.live).toBe(false)
    await scene.write('owner', async (author) => (await rotateEpoch(author, new Map())).operation)
    await scene.meet()
    const epoch = (await scene.state('owner')).writeEpoch
    expect(epoch?.recipients.has(keys.signer.did)).toBe(false)
    expect(epoch?.recipients.has(other.signer.did)).toBe(false)
  })

  it('[AZ40] removing the admin who made a link ends it although nobody names it', async () => {
    const { scene, keys } = await invited(5)
    await remove(scene, 'owner', 'ann', { keepLinks: [keys.signer.did] })
    await scene.meet()
    expect((await scene.state('owner')).invites.get(keys.signer.did)?.live).toBe(false)
  })

  it('[AZ38] an editor makes no link, and one cannot lead to admin', async () => {
    const scene = await flowWith({ bob: 'editor' })
    const keys = await linkKeys(scene.crypto, scene.crypto.random(32))
    const made = await scene.write('bob', (author) => inviteBy(author, keys.card, { role: 'viewer', uses: 1, now: NOW }))
    await scene.meet()
    expect(await codeOf(scene, 'owner', made)).toBe('ROLE_TOO_LOW')
    const wide = scene.write('owner', async (author) => {
      const op = await inviteBy(author, keys.card, { role: 'viewer', uses: 1, now: NOW })
      if (op.act.t !== 'invite') expect.fail('not an invite')
      return append(author, { ...op.act, cmd: '/gf/flow' })
    })
    await expect(wide).rejects.toMatchObject({ code: 'COMMAND_INVALID' })
  })
})
