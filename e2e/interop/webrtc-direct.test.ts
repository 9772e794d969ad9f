import { peerIdFromString } from '@libp2p/peer-id'
import { describe, expect, it } from 'vitest'
import { GO_BUILDS } from './availability.ts'
import { stopAfterEach } from './cleanup.ts'
import { GoPeer } from './go-peer.ts'
import { startNodePeer } from './node-peer.ts'
import { startRelayProcess } from './relay-process.ts'
import { echoMatches } from './stock-node.ts'

const LISTEN = '/ip4/127.0.0.1/udp/0/webrtc-direct'
const ECHO_BYTES = 1 << 20
const use = stopAfterEach()

/** GloFlow's own libraries have no WebRTC. */
for (const { available, title } of GO_BUILDS.filter((build) => build.generation === 'current')) {
  describe.skipIf(!available)(`WebRTC Direct with Go ${title}`, () => {
    it('[GO20] Node dials Go', async () => {
      const go = use(await GoPeer.start('current', ['-listen', LISTEN]))
      const node = use(await startNodePeer({ webrtcDirect: true }))
      expect(await node.connect(go.address('webrtc-direct'))).toMatchObject({ transport: 'webrtc-direct' })
      const [connection] = node.libp2p.getConnections(peerIdFromString(go.peerId))
      expect(connection !== undefined && (await echoMatches(connection, ECHO_BYTES))).toBe(true)
    })

    it('[GO20] Go dials Node', async () => {
      const node = use(await startNodePeer({ webrtcDirect: true, listen: [LISTEN] }))
      const go = use(await GoPeer.start('current'))
      const own = node.multiaddrs.map(String).find((addr) => addr.includes('/webrtc-direct/')) ?? ''
      expect(await go.dial(own)).toMatchObject({ peer: node.id.toString(), path: 'direct' })
      expect(await go.echo(node.id.toString(), ECHO_BYTES)).toMatchObject({ bytes: ECHO_BYTES })
    })

    it('[GO20] Go dials the relay', async () => {
      const relay = use(await startRelayProcess(['--webrtc-direct-port', '0']))
      const go = use(await GoPeer.start('current'))
      const own = relay.multiaddrs.find((addr) => addr.startsWith('/ip4/127.0.0.1/udp/') && addr.includes('/webrtc-direct/')) ?? ''
      expect(await go.dial(own)).toMatchObject({ peer: relay.peerId })
      expect(await go.ping(relay.peerId)).toBeGreaterThan(0)
    })
  })
}
