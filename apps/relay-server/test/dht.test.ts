import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import type { KadDHT } from '@libp2p/kad-dht'
import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { networkCid } from '@gloflow/p2p-core'
import { addressOf, startClient, until } from './support/client.ts'
import { startRelayProcess } from './support/relay-process.ts'
import type { RelayProcess } from './support/relay-process.ts'

const TEST_KEY = new TextEncoder().encode('/gf/0.0.1/key_test_1')

async function startDhtPeer(relay: RelayProcess): Promise<{ readonly node: Libp2p; readonly dht: KadDHT } & AsyncDisposable> {
  let dht: KadDHT | undefined
  const node = await startClient({
    listen: ['/ip4/127.0.0.1/tcp/0'],
    services: {
      dht: (components) => {
        const made = kadDHT({ protocol: '/ipfs/kad/1.0.0', clientMode: false, allowQueryWithZeroPeers: true, peerInfoMapper: passthroughMapper, validators: { gf: () => undefined }, selectors: { gf: () => 0 } })(Object.create(components)) as KadDHT
        dht = made
        return made
      }
    }
  })
  await node.dial(multiaddr(addressOf(relay.ready.multiaddrs, 'tcp')))
  if (dht === undefined) throw new TypeError('no DHT')
  return { node, dht, [Symbol.asyncDispose]: () => node[Symbol.asyncDispose]() }
}

async function providersOf(dht: KadDHT, network: string): Promise<string[]> {
  const found = new Set<string>()
  for await (const event of dht.findProviders(await networkCid(network), { signal: AbortSignal.timeout(10_000) })) {
    if (event.name === 'PROVIDER' || event.name === 'PEER_RESPONSE') for (const provider of event.providers) found.add(provider.id.toString())
  }
  return [...found]
}

describe('the relay in the DHT', () => {
  let relay: RelayProcess
  beforeAll(async () => { relay = await startRelayProcess() })
  afterAll(async () => { await relay[Symbol.asyncDispose]() })

  test('[RL60] the network\'s CID is the one that GloFlow\'s peers use', async () => {
    expect((await networkCid('gloflow_testnet')).toString()).toBe('bafkreie5sza2bgyybaklanbut7hanj5vogcmx2ppmxm2vd6of777sikngi')
  })

  test('[RL61] peers that only know the relay find each other and the relay through it', async () => {
    await using a = await startDhtPeer(relay)
    await using b = await startDhtPeer(relay)
    await until(async () => (await (await fetch(`${relay.ready.url}/status.json`)).json() as { dht: { peers: number } }).dht.peers >= 2, 'both in the routing table')
    for await (const event of a.dht.provide(await networkCid('gloflow_testnet'), { signal: AbortSignal.timeout(10_000) })) void event
    await until(async () => {
      const found = await providersOf(b.dht, 'gloflow_testnet')
      return found.includes(a.node.peerId.toString()) && found.includes(relay.ready.peerId)
    }, 'the other peer and the relay')
  })

  test('[RL62] GloFlow\'s test key is kept, given back, and shown in GloFlow\'s status', async () => {
    await using a = await startDhtPeer(relay)
    await using b = await startDhtPeer(relay)
    await until(async () => {
      for await (const event of a.dht.put(TEST_KEY, new TextEncoder().encode('key_value1'), { signal: AbortSignal.timeout(10_000) })) void event
      const status = await (await fetch(`${relay.ready.adminUrl}/v1/p2p/status`)).json() as { data: { DHTtestValStr: string; DHTmodeStr: string } }
      return status.data.DHTtestValStr === 'key_value1' && status.data.DHTmodeStr === 'server'
    }, 'the value at the relay')
    const values: string[] = []
    for await (const event of b.dht.get(TEST_KEY, { signal: AbortSignal.timeout(10_000) })) if (event.name === 'VALUE') values.push(new TextDecoder().decode(event.value))
    expect(values).toContain('key_value1')
  })
})
