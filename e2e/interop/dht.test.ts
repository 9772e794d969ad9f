import { describe, expect, it } from 'vitest'
import { GO_BUILDS } from './availability.ts'
import { stopAfterEach } from './cleanup.ts'
import { GoPeer, GoPeerError } from './go-peer.ts'
import type { Generation } from './go-toolchain.ts'
import { numberField } from './json-lines.ts'
import { startNodePeer } from './node-peer.ts'
import { usageBetween, usageOf } from './process-usage.ts'
import { type RelayProcess, startRelayProcess } from './relay-process.ts'
import { until } from './stock-node.ts'

const LISTEN = ['-listen', '/ip4/127.0.0.1/tcp/0']
const NETWORK = 'gloflow_testnet'
const TEST_KEY = '/gf/0.0.1/key_test_1'
const FLOOD_RECORDS = 50_000
const FLOOD_VALUES = 5_000
const FLOOD_VALUE_BYTES = 900
const WARM_UPS = 3
const FLOODS = 5
const MAX_RSS_GROWTH_MB = 20
/** Above the half minute between two looks of a Node peer. */
const FIND_TIMEOUT_MS = 45_000
const both = GO_BUILDS.every((build) => build.available)

const use = stopAfterEach()
const startRelay = async (): Promise<RelayProcess> => use(await startRelayProcess())
/** A Go peer that knows the relay and nobody else, in the DHT. */
const startGo = async (generation: Generation, relay: RelayProcess, flags: string[] = []): Promise<GoPeer> => {
  const go = use(await GoPeer.start(generation, [...LISTEN, '-dht', 'server', '-bootstrap', relay.address('tcp'), ...flags]))
  await until('the relay is in its routing table', async () => JSON.stringify(await go.request('dht')).includes(relay.peerId))
  return go
}

/** Records under fresh keys, straight to the relay; gives how many it took before it ended the stream. */
async function flood(hostile: GoPeer, relay: RelayProcess): Promise<{ providers: number; values: number }> {
  const send = async (text: string, count: number, bytes: number): Promise<number> =>
    numberField(await hostile.request('dhtFlood', { peer: relay.peerId, count, bytes, text, timeoutMs: 60_000 }), 'sent')
  return { providers: await send('provider', FLOOD_RECORDS, 0), values: await send('value', FLOOD_VALUES, FLOOD_VALUE_BYTES) }
}

describe('the DHT of the relay and Go', () => {
  for (const advertiser of GO_BUILDS) {
    for (const finder of GO_BUILDS) {
      it.skipIf(!both)(`[GO15] Go ${finder.title} finds Go ${advertiser.title} by the relay alone`, async () => {
        const relay = await startRelay()
        const first = await startGo(advertiser.generation, relay)
        await first.request('advertise')
        const second = await startGo(finder.generation, relay)
        await until('it finds the first', async () => (await second.find(NETWORK)).has(first.peerId))
        const [address] = (await second.find(NETWORK)).get(first.peerId) ?? []
        expect(await second.dial(`${address}/p2p/${first.peerId}`)).toMatchObject({ peer: first.peerId, path: 'direct' })
      })
    }
  }

  for (const { generation, available, title } of GO_BUILDS) {
    it.skipIf(!available)(`[GO15] Go ${title} finds the relay by its own announcement`, async () => {
      const relay = await startRelay()
      const go = await startGo(generation, relay)
      await until('the relay announces itself', async () => (await go.find(NETWORK)).has(relay.peerId), 20_000)
    })

    it.skipIf(!available)(`[GO15] Go ${title} and a Node peer that know only the relay find each other`, async () => {
      const relay = await startRelay()
      const go = await startGo(generation, relay)
      await go.request('advertise')
      const node = use(await startNodePeer({ dht: true, bootstrap: [relay.address('tcp')] }))
      await until('the Node peer finds it and connects', () => node.peers.some((peer) => peer.id.toString() === go.peerId && peer.kind === 'go'), FIND_TIMEOUT_MS)
      await until('it finds the Node peer', async () => (await go.find(NETWORK)).has(node.id.toString()), FIND_TIMEOUT_MS)
    })

    it.skipIf(!available)(`[GO16] Go ${title} puts and gets GloFlow's test key through the relay`, async () => {
      const relay = await startRelay()
      const first = await startGo(generation, relay, ['-gf-validator'])
      const second = await startGo(generation, relay, ['-gf-validator'])
      await first.request('put', { key: TEST_KEY, value: 'key_value1' })
      await first.kill()
      expect(await second.request('get', { key: TEST_KEY })).toMatchObject({ value: 'key_value1' })
      expect(await second.ping(relay.peerId)).toBeGreaterThan(0)
    })

    it.skipIf(!available)(`[GO16] Go ${title} without a validator, as GloFlow: the put fails in its own process, the get is answered`, async () => {
      const relay = await startRelay()
      const go = await startGo(generation, relay)
      const refused = await go.request('put', { key: TEST_KEY, value: 'key_value1' }).catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(GoPeerError)
      expect(String(refused)).toMatch(/invalid record keytype/)
      await expect(go.request('get', { key: TEST_KEY })).rejects.toThrow(/not found|keytype/)
      expect(await go.ping(relay.peerId)).toBeGreaterThan(0)
    })

    it.skipIf(!available)(`[GO17] a flood of records by Go ${title} costs the relay little and hinders nobody`, async () => {
      const relay = await startRelay()
      const [first, second] = [await startGo(generation, relay), await startGo(generation, relay)]
      await first.request('advertise')
      const hostile = await startGo(generation, relay)
      // The same before the measurement: what the relay keeps at its bounds, and the heap that such a burst needs, is no growth.
      for (let i = 0; i < WARM_UPS; i++) await flood(hostile, relay)
      const before = usageOf(relay.pid)
      let [providers, values] = [0, 0]
      for (let i = 0; i < FLOODS; i++) {
        const taken = await flood(hostile, relay)
        providers += taken.providers
        values += taken.values
      }
      await until('others find during the flood', async () => (await second.find(NETWORK)).has(first.peerId), 30_000)
      const used = usageBetween(before, usageOf(relay.pid))
      console.log(
        `${FLOODS} floods of ${FLOOD_RECORDS} providers and ${FLOOD_VALUES} values by Go ${generation}: ${providers} and ${values} were sent before the stream was reset, ` +
          `relay RSS ${used.rssGrowthMb.toFixed(1)} MB, CPU ${(used.cpuShare * 100).toFixed(0)} % of a core for ${used.seconds.toFixed(1)} s`
      )
      expect(providers).toBeLessThan(FLOODS * FLOOD_RECORDS)
      expect(used.rssGrowthMb).toBeLessThanOrEqual(MAX_RSS_GROWTH_MB)
      await second.request('advertise')
      const late = await startGo(generation, relay)
      await until('others advertise and find after it', async () => (await late.find(NETWORK)).has(second.peerId))
    })
  }

  it.skipIf(!both)('[GO16] two GloFlow peers that know only the relay open their streams to each other and to the relay', async () => {
    const relay = await startRelay()
    const flags = [...LISTEN, '-gloflow', '-bootstrap', relay.address('tcp'), '-find-every', '1s']
    const first = use(await GoPeer.start('legacy', flags))
    const second = use(await GoPeer.start('legacy', flags))
    const found = (who: GoPeer, whom: string): Promise<unknown> => who.event((event) => event['event'] === 'gloflow:found' && event['peer'] === whom)
    await Promise.all([found(first, second.peerId), found(second, first.peerId), found(first, relay.peerId), found(second, relay.peerId)])
    expect(await first.ping(relay.peerId)).toBeGreaterThan(0)
    expect(await second.ping(relay.peerId)).toBeGreaterThan(0)
  })
})
