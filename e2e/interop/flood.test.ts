import { describe, expect, it } from 'vitest'
import { GO_BUILDS } from './availability.ts'
import { stopAfterEach } from './cleanup.ts'
import { GoPeer } from './go-peer.ts'
import type { Generation } from './go-toolchain.ts'
import { type JsonObject, numberField } from './json-lines.ts'
import { startNodePeer } from './node-peer.ts'
import { usageBetween, usageOf } from './process-usage.ts'
import { type RelayProcess, startRelayProcess } from './relay-process.ts'

/** The time over which the rule bounds memory, after a time for caches and heaps to reach their working size. */
const FLOOD_S = Number(process.env['GF_FLOOD_SECONDS'] ?? 60)
/** Two of the bursts in which a window comes, about 16 s apart: V8's young generation has its size after them. */
const WARM_UP_S = 35
const MAX_RSS_GROWTH_MB = 20
/** Of one core. What costs the most is undoing TLS and yamux for frames of two bytes, until the window is full. */
const MAX_CPU_SHARE = 0.25
/** Another peer's dial and ping during the flood: generous, since two cores run all of this; a starved relay takes longer than that or for ever. */
const MAX_OTHERS_MS = 10_000

const seconds = (count: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, count * 1000))
const use = stopAfterEach()

/** What the relay says of itself to everybody. */
async function publicStatus(relay: RelayProcess): Promise<JsonObject> {
  return (await (await fetch(`${relay.url}/status.json`)).json()) as JsonObject
}

/** Another peer comes, pings, reserves and goes; gives the time until its ping was answered. */
async function visit(generation: Generation, relay: RelayProcess): Promise<number> {
  await using other = await GoPeer.start(generation)
  const started = Date.now()
  await other.dial(relay.address('tcp'))
  await other.ping(relay.peerId)
  const ms = Date.now() - started
  await other.reserve(relay.address('tcp'))
  return ms
}

describe('GloFlow floods', () => {
  for (const { generation, available, title } of GO_BUILDS) {
    it.skipIf(!available)(`[GO11] the relay stays small, quick and up while Go ${title} floods it with {} from both ends of streams`, { timeout: (FLOOD_S + WARM_UP_S + 90) * 1000 }, async () => {
      const relay = use(await startRelayProcess())
      // The same before the measurement, so that what another peer costs is not taken for the flood's.
      await visit(generation, relay)
      const quiet = usageOf(relay.pid)
      const flooder = use(await GoPeer.start(generation, ['-listen', '/ip4/127.0.0.1/tcp/0', '-reader', 'panic', '-writer', 'flood']))
      await flooder.dial(relay.address('tcp'))
      await flooder.request('flood', { peer: relay.peerId })
      await seconds(WARM_UP_S)
      const before = usageOf(relay.pid)
      const bytesBefore = numberField(await flooder.general(), 'bytesOut')
      await seconds(FLOOD_S / 2)
      const othersMs = await visit(generation, relay)
      await seconds(FLOOD_S / 2)
      const used = usageBetween(before, usageOf(relay.pid))
      const flooded = numberField(await flooder.general(), 'bytesOut') - bytesBefore
      console.log(
        `flood by Go ${generation}: relay RSS ${usageBetween(quiet, before).rssGrowthMb.toFixed(1)} MB more in the first ${WARM_UP_S} s, then in ${used.seconds.toFixed(0)} s, ${(flooded / 1e6).toFixed(2)} MB of {} taken, relay RSS ${used.rssGrowthMb >= 0 ? '+' : ''}${used.rssGrowthMb.toFixed(1)} MB, ` +
          `CPU ${(used.cpuShare * 100).toFixed(1)} % of a core; another peer was served in ${othersMs} ms`
      )
      expect(used.rssGrowthMb).toBeLessThanOrEqual(MAX_RSS_GROWTH_MB)
      expect(used.cpuShare).toBeLessThanOrEqual(MAX_CPU_SHARE)
      expect(othersMs).toBeLessThanOrEqual(MAX_OTHERS_MS)
      // The connection and GloFlow's process, which panics when a stream fails, are still there.
      expect(await flooder.ping(relay.peerId)).toBeGreaterThan(0)
      expect((await flooder.connections()).filter((connection) => connection.peer === relay.peerId)).toHaveLength(1)
      expect(await publicStatus(relay)).toHaveProperty('peers')
    })

    it.skipIf(!available)(`[GO14] what GloFlow's reader does when the relay is stopped (Go ${title})`, async () => {
      const relay = await startRelayProcess()
      const flooder = use(await GoPeer.start(generation, ['-reader', 'panic', '-writer', 'flood']))
      await flooder.dial(relay.address('tcp'))
      await flooder.request('flood', { peer: relay.peerId })
      await flooder.ping(relay.peerId)
      const code = await relay.stop()
      const exit = await flooder.exited
      console.log(`Go ${generation} ended with ${exit.code}: ${/^panic: .*/m.exec(exit.stderr)?.[0] ?? 'no panic'}`)
      expect(code).toBe(0)
      expect(exit.code).toBe(2)
      expect(exit.stderr).toMatch(/^panic: /m)
    })

    it.skipIf(!available)(`[GO14] what GloFlow's reader does when a circuit is used up (Go ${title})`, async () => {
      const relay = use(await startRelayProcess(['--circuit-max-ms', '3000']))
      const node = use(await startNodePeer({ relays: [relay.address('tcp')], listen: ['/p2p-circuit'] }))
      const go = use(await GoPeer.start(generation, ['-reader', 'panic']))
      const { circuit } = await go.reserve(relay.address('tcp'))
      await node.connect(circuit)
      expect((await node.general.say({ text: 'over the circuit' })).sentTo).toBe(1)
      await go.event((event) => event['event'] === 'message')
      const exit = await go.exited
      console.log(`Go ${generation} ended with ${exit.code}: ${/^panic: .*/m.exec(exit.stderr)?.[0] ?? 'no panic'}`)
      expect(exit.code).toBe(2)
    })
  }
})
