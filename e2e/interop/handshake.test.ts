import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GO_BUILDS } from './availability.ts'
import { GoPeer, GoPeerError } from './go-peer.ts'
import { ECHO_PROTOCOL, SECURITY_ID, type Security, type StockNode, echoMatches, identifiedBy, startStockNode, tcpAddress, until } from './stock-node.ts'

const LISTEN = ['-listen', '/ip4/127.0.0.1/tcp/0']
const ECHO_BYTES = 3 << 20

for (const { generation, available, title } of GO_BUILDS) {
  for (const security of ['tls', 'noise'] as const) {
    if (generation === 'legacy' && security === 'noise') continue
    const rule = security === 'tls' ? '[GO1]' : '[GO2]'
    describe.skipIf(!available)(`js and Go ${title} by ${security}`, () => pair(rule, security))
  }

  function pair(rule: string, security: Security): void {
    let js: StockNode
    let go: GoPeer
    beforeAll(async () => {
      js = await startStockNode({ security: [security] })
      go = await GoPeer.start(generation, LISTEN)
    })
    afterAll(async () => {
      await go?.stop()
      await js?.stop()
    })

    it(`${rule} js dials Go: ${security}, yamux, identify, ping, bytes`, async () => {
      const identified = identifiedBy(js, go.peerId)
      const connection = await js.dial(multiaddr(go.address()))
      expect(connection.remotePeer.toString()).toBe(go.peerId)
      expect(connection.encryption).toBe(SECURITY_ID[security])
      expect(connection.multiplexer).toBe('/yamux/1.0.0')
      const said = await identified
      expect(said.protocols).toContain(ECHO_PROTOCOL)
      expect(said.agentVersion).toMatch(/go-peer/)
      expect(said.signedPeerRecord?.addresses.map(String)).toContain(go.address().replace(/\/p2p\/.*/, ''))
      expect(await js.services.ping.ping(connection.remotePeer)).toBeGreaterThanOrEqual(0)
      expect(await echoMatches(connection, ECHO_BYTES)).toBe(true)
      await connection.close()
      await until('Go sees the end', async () => (await go.connections()).length === 0)
    })

    it(`${rule} Go dials js: ${security}, yamux, identify, ping, bytes`, async () => {
      const connection = await go.dial(tcpAddress(js))
      expect(connection).toMatchObject({ peer: js.peerId.toString(), security: SECURITY_ID[security], muxer: '/yamux/1.0.0', path: 'direct' })
      const said = await go.identify(js.peerId.toString())
      expect(said.protocols).toContain(ECHO_PROTOCOL)
      expect(said.keyMatches).toBe(true)
      expect(said.agent).toMatch(/libp2p/)
      expect(await go.ping(js.peerId.toString())).toBeGreaterThan(0)
      expect(await go.echo(js.peerId.toString(), ECHO_BYTES)).toMatchObject({ bytes: ECHO_BYTES, path: 'direct' })
      expect(js.getConnections(peerIdFromString(go.peerId)).map((each) => each.encryption)).toEqual([SECURITY_ID[security]])
    })
  }
}

describe('no secure channel in common', () => {
  for (const { generation, available, title } of GO_BUILDS) {
    it.skipIf(!available)(`[GO2] js with Noise alone and Go ${title} with TLS alone refuse each other`, async () => {
      const js = await startStockNode({ security: ['noise'] })
      await using go = await GoPeer.start(generation, [...LISTEN, '-security', 'tls'])
      try {
        await expect(js.dial(multiaddr(go.address()))).rejects.toThrow(/protocol selection failed/i)
        await expect(go.dial(tcpAddress(js))).rejects.toThrow(/protocols not supported: \[\/tls\/1\.0\.0\]/)
        expect(js.getConnections()).toEqual([])
        await until('Go has no connection', async () => (await go.connections()).length === 0)
      } finally {
        await js.stop()
      }
    })
  }
})

describe('keys of the Go side', () => {
  const KEY_TYPES = { ed25519: 'Ed25519', secp256k1: 'secp256k1' } as const
  for (const { generation, available, title } of GO_BUILDS) {
    for (const keyType of ['ed25519', 'secp256k1', 'ecdsa', 'rsa'] as const) {
      it.skipIf(!available)(`[GO3] Go ${title} with an ${keyType} key is accepted both ways under its own PeerId`, async () => {
        for (const security of generation === 'legacy' ? (['tls'] as const) : (['tls', 'noise'] as const)) {
          const js = await startStockNode({ security: [security] })
          await using dialled = await GoPeer.start(generation, [...LISTEN, '-key-type', keyType])
          await using dialling = await GoPeer.start(generation, ['-key-type', keyType])
          try {
            const connection = await js.dial(multiaddr(dialled.address()))
            expect(connection.remotePeer.toString()).toBe(dialled.peerId)
            // RSA and ECDSA PeerIds are hashes: the id itself does not hold the key.
            if (keyType === 'ed25519' || keyType === 'secp256k1') expect(connection.remotePeer.publicKey?.type).toBe(KEY_TYPES[keyType])
            expect(connection.encryption).toBe(SECURITY_ID[security])
            expect(await echoMatches(connection, 1024)).toBe(true)

            await dialling.dial(tcpAddress(js))
            await until('js has the inbound connection', () => js.getConnections(peerIdFromString(dialling.peerId)).length === 1)
            expect(await dialling.echo(js.peerId.toString(), 1024)).toMatchObject({ bytes: 1024 })
          } finally {
            await js.stop()
          }
        }
      })
    }
  }
})

describe('a wrong PeerId', () => {
  for (const { generation, available, title } of GO_BUILDS) {
    for (const security of generation === 'legacy' ? (['tls'] as const) : (['tls', 'noise'] as const)) {
      it.skipIf(!available)(`[GO4] is refused by js and by Go ${title} as diallers, by ${security}`, async () => {
        const js = await startStockNode({ security: [security] })
        await using go = await GoPeer.start(generation, LISTEN)
        await using other = await GoPeer.start(generation, LISTEN)
        try {
          const wrong = (addr: string): string => addr.replace(/\/p2p\/.*/, `/p2p/${other.peerId}`)
          await expect(js.dial(multiaddr(wrong(go.address())))).rejects.toThrow(/peer.?id|does not match|identity|unexpected/i)
          const refused = await go.dial(wrong(tcpAddress(js))).catch((error: unknown) => error)
          expect(refused).toBeInstanceOf(GoPeerError)
          expect(refused).toMatchObject({ code: 'WRONG_PEER' })
          expect(js.getConnections()).toEqual([])
          await until('Go has no connection', async () => (await go.connections()).length === 0)
          // The same addresses with the right ids do work: it was the id that was refused.
          expect((await js.dial(multiaddr(go.address()))).status).toBe('open')
        } finally {
          await js.stop()
        }
      })
    }
  }
})
