import { byteStream } from '@libp2p/utils'
import { describe, expect, it } from 'vitest'
import { createPeer, openAccess } from '../../src/index.ts'
import { until } from '../../testing/index.ts'

const ECHO = '/test/echo/1.0.0'
const BYTES = 300_000

describe('bytes of a person', () => {
  it('[PC13] payload is counted in both directions, on both sides, and nothing gets lost by counting', async () => {
    const options = { access: openAccess(), webrtc: false, pingIntervalMs: 0 }
    await using server = await createPeer({ ...options, listen: ['/ip4/127.0.0.1/tcp/0'] })
    await using client = await createPeer({ ...options, listen: [] })
    await server.libp2p.handle(ECHO, async (stream) => {
      for await (const chunk of stream) stream.send(chunk)
      await stream.close()
    })
    await client.connect(server.multiaddrs[0] ?? '')
    const before = client.peers[0]
    const stream = await client.libp2p.dialProtocol(server.id, ECHO)
    const bytes = byteStream(stream)
    const sent = crypto.getRandomValues(new Uint8Array(BYTES / 10))
    for (let round = 0; round < 10; round += 1) {
      await bytes.write(sent)
      expect((await bytes.read({ bytes: sent.length })).subarray()).toEqual(sent)
    }
    await stream.close()
    const carried = { in: (client.peers[0]?.bytesIn ?? 0) - (before?.bytesIn ?? 0), out: (client.peers[0]?.bytesOut ?? 0) - (before?.bytesOut ?? 0) }
    for (const count of [carried.in, carried.out]) {
      expect(count).toBeGreaterThanOrEqual(BYTES)
      expect(count).toBeLessThan(BYTES + 10_000) // identify and its like
    }
    await until(() => (server.peers[0]?.bytesIn ?? 0) >= BYTES && (server.peers[0]?.bytesOut ?? 0) >= BYTES)
  })
})
