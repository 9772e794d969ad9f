import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { noise } from '@libp2p/noise'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { tls } from '@libp2p/tls'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPeer, openAccess, parsePeerId, verifyPeerId } from '../../src/index.ts'
import { withPeerIdCheck } from '../../src/identity/verify.ts'
import { startTestRelay, until } from '../../testing/index.ts'

describe('a PeerId is the multihash of its public key', () => {
  it('[ID5] for each key type, the PeerId made from the key is accepted and returned', async () => {
    for (const type of ['Ed25519', 'secp256k1', 'RSA'] as const) {
      const key = type === 'RSA' ? await generateKeyPair(type, 2048) : type === 'Ed25519' ? await generateKeyPair(type) : await generateKeyPair(type)
      const id = peerIdFromPrivateKey(key)
      expect(verifyPeerId(id, key.publicKey).toString()).toBe(id.toString())
      expect(verifyPeerId(id.toString(), publicKeyToProtobuf(key.publicKey)).equals(id)).toBe(true)
    }
  })

  it('[ID5] another key is PEER_ID_MISMATCH, by both names', async () => {
    const mine = await generateKeyPair('Ed25519')
    const other = await generateKeyPair('Ed25519')
    const claimed = peerIdFromPrivateKey(mine)
    expect(() => verifyPeerId(claimed, other.publicKey)).toThrow(expect.objectContaining({ code: 'PEER_ID_MISMATCH', message: expect.stringContaining(claimed.toString()) }))
  })

  it('[ID5] bytes that are no key are RECORD_INVALID, text that is no PeerId is ADDRESS_INVALID', async () => {
    const id = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect(() => verifyPeerId(id, bytes)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^(RECORD_INVALID|PEER_ID_MISMATCH)$/) }))
    }))
    fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => {
      expect(() => parsePeerId(text)).toThrow(expect.objectContaining({ code: 'ADDRESS_INVALID' }))
    }))
  })

  for (const [name, encrypter] of [['Noise', noise], ['TLS', tls]] as const) {
    it(`[ID6] dialling someone else than the one at the address is PEER_ID_MISMATCH over ${name}`, async () => {
      await using relay = await startTestRelay()
      await using peer = await createPeer({
        access: openAccess(), listen: [], webrtc: false,
        configureLibp2p: (defaults) => ({ ...defaults, connectionEncrypters: [withPeerIdCheck(encrypter())] })
      })
      const wrong = peerIdFromPrivateKey(await generateKeyPair('Ed25519')).toString()
      for (const address of [relay.tcp, relay.ws]) {
        const target = address.replace(relay.peer.id.toString(), wrong)
        await expect(peer.connect(target)).rejects.toMatchObject({ code: 'PEER_ID_MISMATCH', message: expect.stringContaining(wrong) })
      }
      await until(() => relay.peer.libp2p.getConnections().length === 0)
      await expect(peer.connect(relay.tcp)).resolves.toMatchObject({ transport: 'tcp' })
    })
  }
})
