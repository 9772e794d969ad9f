import { describe, expect, it } from 'vitest'
import {
  authorize,
  type AcceptedCheckpoint,
  chainOf,
  checkpointOf,
  createCheckpoint,
  encodeBundle,
  linkDevice,
  registerRecovery,
  revokeDevice,
  verifyBundle,
  verifyCheckpoint
} from '../src/index.ts'
import type { Scene } from '../testing/index.ts'
import { flowWith, grant, remove } from './harness.ts'

const NOW = 1_800_000_000

async function accept(scene: Scene, signer: string, floor: AcceptedCheckpoint | undefined = undefined, now = NOW, state = scene.state(signer)): Promise<AcceptedCheckpoint> {
  const { signer: keys, did } = await scene.actor(signer)
  const known = await state
  const { bytes } = await createCheckpoint(keys, checkpointOf(known, now))
  const chain = encodeBundle(chainOf(known, did) ?? [])
  return verifyCheckpoint(bytes, chain, { flow: scene.flow, now, maxAgeS: 3600, floor }, scene.verifier)
}

async function outside(scene: Scene, view: AcceptedCheckpoint, name: string, state = scene.state('owner')): Promise<string> {
  const { did } = await scene.actor(name)
  const chain = chainOf(await state, did)
  const bundle = chain === undefined ? undefined : await verifyBundle(encodeBundle(chain), scene.verifier)
  const decision = authorize({ flows: [scene.flow], operation: 'flow_get', remote: did }, bundle, view, NOW)
  return decision.allowed ? 'allowed' : decision.code
}

describe('a verifier outside', () => {
  it('[AZ21] follows removals: the removed admin is out, whom it let in stays, what it hands out later does not count', async () => {
    const scene = await flowWith({ ann: 'admin' })
    await grant(scene, 'ann', 'bob', 'editor')
    await scene.meet()
    const before = scene.state('ann')
    const bobs = scene.state('bob')
    await remove(scene, 'owner', 'ann')
    await scene.meet()
    const view = await accept(scene, 'owner')
    expect(await outside(scene, view, 'ann', before)).toBe('LINK_VOID')
    expect(await outside(scene, view, 'bob', bobs)).toBe('allowed')
    await grant(scene, 'ann', 'eve', 'editor')
    const { createDelegation } = await import('../src/index.ts')
    const { signer } = await scene.actor('ann')
    const { did } = await scene.actor('eve')
    const chain = [...(chainOf(await before, signer.did) ?? [])]
    const secret = await createDelegation(signer, { aud: did, sub: chain[0]?.sub ?? did, cmd: '/gf/flow/edit', nonce: scene.crypto.random(12) })
    const bundle = await verifyBundle(encodeBundle([...chain, secret]), scene.verifier)
    expect(authorize({ flows: [scene.flow], operation: 'flow_get', remote: did }, bundle, view, NOW)).toMatchObject({ allowed: false, code: 'LINK_VOID' })
  })

  it('[AZ21] takes no news from an admin whom it knows to be removed, nor anything older than it has', async () => {
    const scene = await flowWith({ ann: 'admin' })
    const stale = scene.state('ann')
    await stale
    await remove(scene, 'owner', 'ann')
    await scene.meet()
    const floor = await accept(scene, 'owner')
    await expect(accept(scene, 'ann', floor, NOW + 10, stale)).rejects.toMatchObject({ code: 'LINK_VOID' })
    await expect(accept(scene, 'owner', floor, NOW - 10)).rejects.toMatchObject({ code: 'CHECKPOINT_BEHIND' })
    expect((await accept(scene, 'owner', floor, NOW + 10)).iat).toBe(NOW + 10)
  })

  it('[AZ21] lets a new device in whose way leads over a lost one, and the lost one not', async () => {
    const scene = await flowWith({ bob: 'editor' })
    const rescue = await scene.consent('rescue', 'bob')
    await scene.write('bob', (author) => registerRecovery(author, rescue))
    await scene.meet()
    const before = scene.state('bob')
    await before
    const fresh = await scene.consent('bob-new', 'rescue')
    await scene.write('rescue', (author) => linkDevice(author, fresh))
    const { did } = await scene.actor('bob')
    await scene.write('rescue', (author) => revokeDevice(author, did))
    await scene.meet()
    const view = await accept(scene, 'owner')
    expect(await outside(scene, view, 'bob-new')).toBe('allowed')
    expect(await outside(scene, view, 'bob', before)).toBe('LINK_VOID')
  })
})
