import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { GO_BUILDS } from './availability.ts'
import { GoPeer } from './go-peer.ts'
import { startStockNode, tcpAddress, until } from './stock-node.ts'

/** A key that claims the public key of `victim` and signs with another: what an impostor can do at best. */
async function impostorKey(victim: Ed25519PrivateKey): Promise<Ed25519PrivateKey> {
  const own = await generateKeyPair('Ed25519')
  return { type: 'Ed25519', raw: own.raw, publicKey: victim.publicKey, equals: (key) => victim.equals(key), sign: (data, options) => own.sign(data, options) }
}

describe('an impostor that claims a PeerId and cannot sign for it', () => {
  for (const security of ['tls', 'noise'] as const) {
    it(`[GO5] is refused by js as a listener and as a dialler, by ${security}`, async () => {
      const victim = await generateKeyPair('Ed25519')
      const impostor = await startStockNode({ security: [security], privateKey: await impostorKey(victim) })
      const js = await startStockNode({ security: [security] })
      const accepted: string[] = []
      js.addEventListener('peer:connect', (event) => accepted.push(event.detail.toString()))
      try {
        await impostor.dial(multiaddr(tcpAddress(js))).catch(() => undefined)
        await until('the impostor is cut off', () => impostor.getConnections().length === 0)
        await expect(js.dial(multiaddr(tcpAddress(impostor)))).rejects.toThrow()
        expect(accepted).toEqual([])
      } finally {
        await Promise.all([impostor.stop(), js.stop()])
      }
    })

    for (const { generation, available, title } of GO_BUILDS) {
      if (generation === 'legacy' && security === 'noise') continue
      it.skipIf(!available)(`[GO5] is refused by Go ${title} as a listener and as a dialler, by ${security}`, async () => {
        const victim = await generateKeyPair('Ed25519')
        const impostor = await startStockNode({ security: [security], privateKey: await impostorKey(victim) })
        await using go = await GoPeer.start(generation, ['-listen', '/ip4/127.0.0.1/tcp/0'])
        try {
          await impostor.dial(multiaddr(go.address())).catch(() => undefined)
          await until('the impostor is cut off', () => impostor.getConnections().length === 0)
          await expect(go.dial(tcpAddress(impostor))).rejects.toThrow(/DIAL_FAILED/)
          expect(go.events('peer:connect')).toEqual([])
        } finally {
          await impostor.stop()
        }
      })
    }
  }
})
