import type { ProviderEvent } from '@libp2p/kad-dht'
import { describe, expect, it } from 'vitest'
import { networkCid } from '../../src/discovery/dht/dht.ts'
import { findInDht } from '../../src/discovery/dht/find-in-dht.ts'
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

  it('[PC22] whoever is announced under the name is connected to, and a peer that is here already or is this one itself is not dialled', async () => {
    await using announced = await start({ dht: false })
    await using seeker = await start({ dht: false, listen: [] })
    const asked: string[] = []
    const provider = (peer: Peer): ProviderEvent['providers'][number] => ({ id: peer.id, multiaddrs: [...peer.multiaddrs] })
    const stop = findInDht({
      libp2p: seeker.libp2p, network: 'ours', isRelay: () => false,
      dht: {
        async *findProviders(cid) {
          asked.push(cid.toString())
          yield { name: 'PROVIDER', type: 4, from: announced.id, providers: [provider(seeker), provider(announced)], path: { index: 0, queued: 0, running: 0, total: 0 } }
        }
      }
    })
    await until(() => seeker.peers.length > 0, 20_000)
    stop()
    expect(asked).toEqual([(await networkCid('ours')).toString()])
    expect(seeker.peers.map(({ id }) => id.toString())).toEqual([announced.id.toString()])
  })
})
