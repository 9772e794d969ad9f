import { describe, it } from 'vitest'
import { createPeer, openAccess, type Peer, type PeerOptions } from '../../src/index.ts'
import { until } from '../../testing/index.ts'

function start(options: Partial<PeerOptions> = {}): Promise<Peer> {
  return createPeer({ access: openAccess(), webrtc: false, listen: ['/ip4/127.0.0.1/tcp/0'], dht: true, ...options })
}

describe('Node peers in the DHT', () => {
  it('[PC22] two that know only a third find each other under the name of their network', async () => {
    await using hub = await start({ network: 'hub' })
    const bootstrap = [hub.multiaddrs[0]?.toString() ?? '']
    await using alice = await start({ bootstrap, network: 'ours' })
    await using bob = await start({ bootstrap, network: 'ours' })
    await until(() => alice.peers.some(({ id }) => id.equals(bob.id)), 20_000)
    await until(() => bob.peers.some(({ id }) => id.equals(alice.id)))
  })
})
