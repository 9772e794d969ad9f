import { randomBytes } from 'node:crypto'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateKeyPair, publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey, peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openInvitedPeers } from '../src/access/invited-peers.ts'
import { MAX_PEERS_PER_INVITATION } from '../src/limits.ts'
import { makeInvitation, readInvitation } from '../src/access/invitation.ts'
import { addressOf, startClient, startReservedClient } from './support/client.ts'
import { startRelayProcess, temporaryDir } from './support/relay-process.ts'

async function post(url: string, body: unknown): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const response = await fetch(url, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) })
  return { status: response.status, body: await response.json() as Record<string, unknown> }
}

describe('the text', () => {
  const key = randomBytes(32)

  test('[RL37] it holds until its time and by its own key only', () => {
    const token = makeInvitation(key, 5_000)
    expect(readInvitation(key, token, 4_999)).toEqual({ ok: true, expiresAtMs: 5_000 })
    expect(readInvitation(key, token, 5_000)).toEqual({ ok: false, code: 'INVITATION_EXPIRED' })
    expect(readInvitation(randomBytes(32), token, 0)).toEqual({ ok: false, code: 'INVITATION_INVALID' })
  })

  test('[RL37] no changed or invented text holds', () => {
    const token = makeInvitation(key, 5_000)
    fc.assert(fc.property(fc.integer({ min: 0, max: 31 }), fc.integer({ min: 1, max: 255 }), (index, change) => {
      const bytes = Buffer.from(token, 'base64url')
      bytes[index] = (bytes[index] ?? 0) ^ change
      expect(readInvitation(key, bytes.toString('base64url'), 0).ok).toBe(false)
    }))
    fc.assert(fc.property(fc.string(), (text) => { expect(readInvitation(key, text, 0).ok).toBe(false) }))
  })
})

describe('the key', () => {
  test('[RL45] an invitation under a key that is empty or cut off, as a full disk leaves it, is never taken: the key is refused and left as it is', () => {
    for (const length of [0, 31, 64]) {
      const dir = temporaryDir()
      try {
        writeFileSync(join(dir.path, 'invite.key'), new Uint8Array(length))
        const open = (): unknown => openInvitedPeers(dir.path, () => 0, () => { /* nobody listens */ })
        expect(open).toThrow(expect.objectContaining({ code: 'DATA_DIR_UNWRITABLE', action: expect.stringContaining('invitations') }))
        expect(statSync(join(dir.path, 'invite.key')).size).toBe(length)
      } finally {
        dir.remove()
      }
    }
  })

  test('[RL45] it is made whole, for its owner alone, and is the same one the next time', () => {
    const dir = temporaryDir()
    try {
      const token = openInvitedPeers(dir.path, () => 0, () => { /* nobody listens */ }).invite(1_000)
      const { size, mode } = statSync(join(dir.path, 'invite.key'))
      expect([size, mode & 0o777]).toEqual([32, 0o600])
      const peerId = '12D3KooWJRSrypvnpHgc6ZAgyCni4KcSmbV7uGRaMw5LgMKT18fq'
      expect(openInvitedPeers(dir.path, () => 0, () => { /* nobody listens */ }).redeem(token, peerId)).toEqual({ expiresAtMs: 1_000 })
    } finally {
      dir.remove()
    }
  })
})

test('[RL49] one invitation lets in so many peers and no more, over restarts, and another one still does', async () => {
  const dir = temporaryDir()
  try {
    const open = (): ReturnType<typeof openInvitedPeers> => openInvitedPeers(dir.path, () => 0, (problem) => { throw new TypeError(problem) })
    const relay = open()
    const [token, other] = [relay.invite(1_000), relay.invite(2_000)]
    // The text of a PeerId is an Ed25519 key's multihash; that it is a point of the curve is not asked here.
    const peer = (index: number): string => {
      const key = new Uint8Array(32)
      new DataView(key.buffer).setUint32(0, index)
      return peerIdFromPublicKey(publicKeyFromRaw(key)).toString()
    }
    for (let index = 0; index < MAX_PEERS_PER_INVITATION; index++) relay.redeem(token, peer(index))
    expect(relay.redeem(token, peer(0))).toEqual({ expiresAtMs: 1_000 })
    const full = expect.objectContaining({ code: 'INVITATIONS_FULL' })
    expect(() => relay.redeem(token, peer(MAX_PEERS_PER_INVITATION))).toThrow(full)
    expect(() => open().redeem(token, peer(MAX_PEERS_PER_INVITATION))).toThrow(full)
    expect(open().redeem(other, peer(MAX_PEERS_PER_INVITATION))).toEqual({ expiresAtMs: 2_000 })
    expect(open().isInvited(peerIdFromString(peer(MAX_PEERS_PER_INVITATION)))).toBe(true)
  } finally {
    dir.remove()
  }
})

describe('a relay by invitation', () => {
  test('[RL37] a peer that uses the invitation may reserve, also after a restart; others may not', async () => {
    const dir = temporaryDir()
    const key = await generateKeyPair('Ed25519')
    const peerId = peerIdFromPrivateKey(key).toString()
    try {
      const relay = await startRelayProcess(['--access', 'invite'], { dataDir: dir.path })
      const redeem = `${relay.ready.url}/v1/relay/invitations/redeem`
      const address = addressOf(relay.ready.multiaddrs, 'ws')
      await expect(startReservedClient(address, key)).rejects.toThrow()
      expect(await post(redeem, { token: 'A'.repeat(43), peerId })).toMatchObject({ status: 403, body: { code: 'INVITATION_INVALID' } })
      expect(await post(redeem, 'not json')).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } })
      expect(await post(redeem, { token: 'x'.repeat(10_000), peerId })).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } })
      const made = await post(`${relay.ready.adminUrl}/v1/relay/invitations`, { validMs: 60_000 })
      expect(made).toMatchObject({ status: 200, body: { url: `${relay.ready.url}/#relay-invite=${String(made.body['token'])}` } })
      expect(await post(redeem, { token: made.body['token'], peerId: 'nobody' })).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } })
      expect((await post(redeem, { token: made.body['token'], peerId })).status).toBe(200)
      await using client = await startReservedClient(address, key)
      await client.stop()
      await relay.end()
      await using again = await startRelayProcess(['--access', 'invite'], { dataDir: dir.path })
      await using back = await startReservedClient(addressOf(again.ready.multiaddrs, 'ws'), key)
      expect(back.getMultiaddrs().length).toBeGreaterThan(0)
      await expect(startClient({ listen: [`${addressOf(again.ready.multiaddrs, 'ws')}/p2p-circuit`] })).rejects.toThrow()
    } finally {
      dir.remove()
    }
  })

  test('[RL37] a damaged list is told, costs nothing but itself, and a relay that is open has no invitations', async () => {
    const dir = temporaryDir()
    try {
      writeFileSync(join(dir.path, 'invited.json'), '{"half')
      await using relay = await startRelayProcess(['--access', 'invite'], { dataDir: dir.path })
      expect(relay.stderr()).toContain('invited.json cannot be read')
      await using open = await startRelayProcess()
      expect((await post(`${open.ready.url}/v1/relay/invitations/redeem`, {})).status).toBe(405)
      expect((await post(`${open.ready.adminUrl}/v1/relay/invitations`, {})).status).toBe(405)
    } finally {
      dir.remove()
    }
  })
})
