import type { GeneralMessage, Peer } from '@gloflow/p2p-core'
import { describe, expect, it } from 'vitest'
import { GO_BUILDS } from './availability.ts'
import { stopAfterEach } from './cleanup.ts'
import { GoPeer } from './go-peer.ts'
import { asObject, numberField } from './json-lines.ts'
import { startNodePeer } from './node-peer.ts'
import { type RelayProcess, startRelayProcess } from './relay-process.ts'
import { until } from './stock-node.ts'

const use = stopAfterEach()
const LINES = 30

/** A Node peer behind the relays, and what it hears. */
async function listener(relays: readonly RelayProcess[]): Promise<{ node: Peer; heard: GeneralMessage[] }> {
  const node = use(await startNodePeer({ relays: relays.map((relay) => relay.address('tcp')), listen: ['/p2p-circuit'] }))
  const heard: GeneralMessage[] = []
  node.general.events.on('message', (message) => heard.push(message))
  await until('it is at every relay', () => node.status.relays.length === relays.length && node.status.relays.every((relay) => relay.state === 'reserved'))
  return { node, heard }
}

async function bridged(relay: RelayProcess): Promise<number> {
  const status = asObject(await (await fetch(`${relay.url}/status.json`)).json())
  return numberField(asObject(status['bridge']), 'messages')
}

for (const { generation, available, title } of GO_BUILDS) {
  describe.skipIf(!available)(`the bridge and Go ${title}`, () => {
    it('[GO21] carries both ways, with author and bridge from the connections', async () => {
      const relay = use(await startRelayProcess())
      const { node, heard } = await listener([relay])
      const go = use(await GoPeer.start(generation, ['-security', 'tls', '-reader', 'panic']))
      await go.dial(relay.address('tcp'))
      await go.identify(relay.peerId)
      await until('the bridge carries its lines', async () => {
        await go.say({ text: 'from go', from: node.id.toString(), via: 'forged', gf: { from: node.id.toString() }, id: 'A'.repeat(22) })
        return heard.length > 0
      })
      expect(heard[0]).toMatchObject({ from: go.peerId, via: relay.peerId })
      expect(heard[0]?.body).toMatchObject({ text: 'from go' })
      await until('it can be answered', async () => (await node.general.say({ text: 'first' })).sentTo === 1)
      for (let i = 0; i < LINES; i++) await node.general.say({ text: `line ${i}\n` })
      await until('it has heard all lines', () => go.events('message').length > LINES)
      expect(go.events('message').every((event) => event['from'] === relay.peerId)).toBe(true)
      expect(go.events('message').at(-1)?.['body']).toMatchObject({ text: `line ${LINES - 1}\n`, from: node.id.toString() })
      expect(await go.ping(relay.peerId)).toBeGreaterThan(0)
      expect(await bridged(relay)).toBeGreaterThan(LINES)
    })

    it('[GO22] two relays that know each other: each message once, and none in a circle', async () => {
      const first = use(await startRelayProcess())
      const second = use(await startRelayProcess(['--relay', first.address('tcp')]))
      const { heard } = await listener([first, second])
      const go = use(await GoPeer.start(generation, ['-security', 'tls']))
      for (const relay of [first, second]) {
        await go.dial(relay.address('tcp'))
        await go.identify(relay.peerId)
      }
      await until('the bridges know it', async () => {
        await go.say({ text: `probe ${heard.length} ${Date.now()}` })
        return heard.length > 0
      })
      const before = [await bridged(first), await bridged(second)]
      for (let i = 0; i < LINES; i++) await go.say({ text: `line ${i}` })
      const lines = (): number => heard.filter((message) => String(message.body['text']).startsWith('line ')).length
      await until('all are heard', () => lines() >= LINES)
      // What would come in a circle or by the second bridge comes within the time of a few round trips.
      await until('both bridges have forwarded each', async () => (await bridged(first)) >= Number(before[0]) + LINES && (await bridged(second)) >= Number(before[1]) + LINES)
      expect(lines()).toBe(LINES)
      const after = [await bridged(first), await bridged(second)]
      expect(after.map((count, i) => count - Number(before[i]))).toEqual([LINES, LINES])
    })
  })
}
