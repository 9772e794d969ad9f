import type { GeneralMessage, Peer } from '@gloflow/p2p-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { GO_BUILDS } from './availability.ts'
import { GoPeer } from './go-peer.ts'
import { directAddress, startNodePeer } from './node-peer.ts'
import { until } from './stock-node.ts'

const GENERAL = '/gf/general/0.0.1'
const LISTEN = ['-listen', '/ip4/127.0.0.1/tcp/0']
/** Four times the longest line; what is thrown away is read slowly. */
const LONG_LINE_BYTES = 256 << 10

for (const { generation, available, title } of GO_BUILDS) {
  describe.skipIf(!available)(`a Node peer and Go ${title} on the general channel`, () => {
    let node: Peer
    let go: GoPeer
    let heard: GeneralMessage[]
    let dropped: number
    beforeAll(async () => {
      node = await startNodePeer()
      node.general.events.on('message', (message) => heard.push(message))
      node.general.events.on('dropped', ({ count }) => (dropped += count))
    })
    afterAll(async () => node?.stop())
    const started: GoPeer[] = []
    const startGo = async (flags: string[] = []): Promise<GoPeer> => {
      const peer = await GoPeer.start(generation, [...LISTEN, ...flags])
      started.push(peer)
      heard = []
      dropped = 0
      return peer
    }
    afterEach(async () => {
      for (const peer of started.splice(0)) await peer.stop()
    })
    const texts = (): unknown[] => heard.map((message) => message.body['text'])
    const nodeId = (): string => node.id.toString()

    it('[GO6] Node opens the stream: lines go both ways', async () => {
      go = await startGo()
      await node.connect(go.address())
      expect((await node.general.say({ text: 'from node' })).sentTo).toBe(1)
      const got = await go.event((event) => event['event'] === 'message')
      expect(got).toMatchObject({ from: nodeId(), body: { text: 'from node' } })
      expect(await go.say({ text: 'from go' })).toBe(1)
      await until('the answer', () => heard.length === 1)
      expect(heard[0]).toMatchObject({ from: go.peerId, via: undefined, body: { text: 'from go' } })
    })

    it('[GO6] Go opens the stream: lines go both ways', async () => {
      go = await startGo()
      await go.dial(directAddress(node))
      await go.identify(nodeId())
      expect(await go.say({ text: 'from go', via: 'forged', id: 'x' })).toBe(1)
      await until('the message', () => heard.length === 1)
      expect(heard[0]).toMatchObject({ from: go.peerId, via: undefined, body: { text: 'from go' } })
      expect((await node.general.say({ text: 'from node' })).sentTo).toBe(1)
      expect(await go.event((event) => event['event'] === 'message')).toMatchObject({ body: { text: 'from node' } })
      expect((await go.connections()).length).toBe(1)
    })

    it('[GO12] what GloFlow\'s own reader gets from us never ends its process', async () => {
      go = await startGo(['-reader', 'panic'])
      await node.connect(go.address())
      for (const body of [{ text: 'plain' }, { text: 'line\nbreak \u0000 \u2028 ☃ 👋' }, { text: 'x'.repeat(8000) }, { nested: { a: [1, { b: null }] } }]) {
        expect((await node.general.say(body)).sentTo).toBe(1)
      }
      await until('all lines', () => go.events('message').length === 4)
      expect(go.events('message').map((event) => event['from'])).toEqual([nodeId(), nodeId(), nodeId(), nodeId()])
      expect(await go.ping(nodeId())).toBeGreaterThan(0)
    })

    it('[GO13] bad lines are dropped and counted, good ones around them arrive', async () => {
      go = await startGo()
      await go.dial(directAddress(node))
      const { streams } = await go.request('open', { peer: nodeId(), protocol: GENERAL })
      const stream = Array.isArray(streams) ? streams[0] : undefined
      const write = (text: string, bytes = 0): Promise<unknown> => go.request('write', { stream, text, bytes, timeoutMs: 60_000 })
      const bad = ['[]\n', '1\n', '"text"\n', 'null\n', 'true\n', '\n', '{\n', '{}}\n', `${'['.repeat(5000)}\n`, `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}\n`]
      await write('{"text":"before"}\n')
      for (const line of bad) await write(line)
      await write('{"text":"between"}\n')
      await write('a', LONG_LINE_BYTES)
      await write('\n{"text":"after"}\n')
      await until(`the good lines, not ${JSON.stringify(texts())}`, () => heard.length === 3, 30_000)
      expect(texts()).toEqual(['before', 'between', 'after'])
      await until('the losses are reported', () => dropped >= bad.length - 1)
      expect(await go.ping(nodeId())).toBeGreaterThan(0)
    })

    it('[GO13] invalid UTF-8 is no message', async () => {
      go = await startGo()
      await go.dial(directAddress(node))
      const { streams } = await go.request('open', { peer: nodeId(), protocol: GENERAL })
      const stream = Array.isArray(streams) ? streams[0] : undefined
      await go.request('write', { stream, base64: Buffer.from([...Buffer.from('{"text":"'), 0xc3, 0x28, 0xff, ...Buffer.from('"}\n')]).toString('base64') })
      await go.request('write', { stream, text: '{"text":"after"}\n' })
      await until('the good line', () => texts().includes('after'))
      expect(heard.length).toBe(1)
    })

    it('[GO13] a peer that vanishes mid-line leaves nothing behind', async () => {
      go = await startGo()
      await go.dial(directAddress(node))
      const { streams } = await go.request('open', { peer: nodeId(), protocol: GENERAL })
      await go.request('write', { stream: Array.isArray(streams) ? streams[0] : 0, text: '{"text":"half' })
      await go.kill()
      await until('it is gone', () => !node.peers.some((peer) => peer.id.toString() === go.peerId))
      expect(heard).toEqual([])
      const next = await startGo()
      await next.dial(directAddress(node))
      await next.identify(nodeId())
      await next.say({ text: 'next' })
      await until('the next peer is heard', () => texts().includes('next'))
    })

    it('[GO13] a thousand streams of one peer are refused past the limit, and it is still heard', async () => {
      go = await startGo()
      await go.dial(directAddress(node))
      await go.identify(nodeId())
      await go.say({ text: 'first' })
      const opened = await go.request('open', { peer: nodeId(), protocol: GENERAL, count: 1000, raw: true, timeoutMs: 8000 }).catch(() => ({}))
      const count = node.libp2p.getConnections().reduce((sum, connection) => sum + connection.streams.filter((stream) => stream.protocol === GENERAL).length, 0)
      expect(count, JSON.stringify(opened).slice(0, 200)).toBeLessThanOrEqual(64)
      await go.say({ text: 'last' })
      await until('it is still heard', () => texts().includes('last'))
      expect(await go.ping(nodeId())).toBeGreaterThan(0)
    })
  })
}
