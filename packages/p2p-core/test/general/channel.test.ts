import { afterEach, describe, expect, it } from 'vitest'
import { createSeenMessages } from '../../src/protocol/general-seen.ts'
import { createRateLimit } from '../../src/protocol/rate-limit.ts'
import { GENERAL_PROTOCOL } from '../../src/protocols.ts'
import { connect, until } from '../protocol/nodes.ts'
import { bytesOf, knows, startGoLike, startMember } from './room.ts'
import type { GoLike, Member, MemberOptions } from './room.ts'

const stops: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop()
})

async function member(options: MemberOptions = {}): Promise<Member> {
  const one = await startMember(options)
  stops.push(() => one.stop())
  return one
}

async function goLike(): Promise<GoLike> {
  const one = await startGoLike()
  stops.push(async () => { await one.node.stop() })
  return one
}

async function together(a: Member, b: Member): Promise<void> {
  await connect(a.node, b.node)
  await until(async () => await knows(a.node, b.node) && await knows(b.node, a.node))
}

function generalStreams(node: Member['node']): number {
  return node.getConnections().flatMap(connection => connection.streams).filter(stream => stream.protocol === GENERAL_PROTOCOL).length
}

describe('the room of own peers', () => {
  it('[RM1] what one says reaches each of the others once, from its author, over one stream a person that is used again', async () => {
    const [a, b, c] = [await member(), await member(), await member()]
    await together(a, b)
    await together(a, c)
    for (let n = 0; n < 20; n += 1) expect(await a.channel.say({ text: `hello ${n}` })).toMatchObject({ sentTo: 2 })
    await b.channel.say({ text: 'hello back' })
    await until(() => b.messages.length === 20 && c.messages.length === 20 && a.messages.length === 1)
    expect(b.messages.map(message => message.body['text'])).toEqual(Array.from({ length: 20 }, (_, n) => `hello ${n}`))
    expect(b.messages[0]).toMatchObject({ from: a.node.peerId.toString(), via: undefined, id: expect.stringMatching(/^[\w-]{22}$/) as string, body: { text: 'hello 0' } })
    expect(a.messages[0]).toMatchObject({ from: b.node.peerId.toString(), body: { text: 'hello back' } })
    expect([generalStreams(a.node), generalStreams(b.node), generalStreams(c.node)]).toEqual([2, 1, 1])
  })

  it('[RM2] the same id of one author is shown once, of another author again', async () => {
    const [a, b, c] = [await member(), await member(), await member()]
    await together(a, c)
    await together(b, c)
    const id = 'AAAAAAAAAAAAAAAAAAAAAA'
    for (const sender of [a, a, b]) {
      const stream = await sender.node.getConnections(c.node.peerId)[0]?.newStream([GENERAL_PROTOCOL])
      stream?.send(bytesOf(`{"id":"${id}","text":"x"}\n`))
    }
    await until(() => c.messages.length === 2)
    await a.channel.say({ text: 'last' })
    await until(() => c.messages.some(message => message.body['text'] === 'last'))
    expect(c.messages.filter(message => message.id === id).map(message => message.from).sort()).toEqual([a.node.peerId.toString(), b.node.peerId.toString()].sort())
  })

  it('[RM3] via and the author never come from the wire', async () => {
    const [a, b] = [await member(), await member()]
    await together(a, b)
    const stream = await a.node.getConnections(b.node.peerId)[0]?.newStream([GENERAL_PROTOCOL])
    const other = (await member()).node.peerId.toString()
    stream?.send(bytesOf(`{"text":"x","via":"${other}","from":"${other}","gf":{"from":"${other}"}}\n`))
    await until(() => b.messages.length === 1)
    expect(b.messages[0]).toMatchObject({ from: a.node.peerId.toString(), via: undefined })
    expect(b.messages[0]?.body).toEqual({ text: 'x', from: other })
    await a.channel.say({ text: 'y', id: 'mine', via: other, gf: { to: [other] } })
    await until(() => b.messages.length === 2)
    expect(b.messages[1]?.body).toEqual({ text: 'y' })
  })

  it('[RM4] a message over the limit is refused before anything is sent', async () => {
    const [a, b] = [await member(), await member()]
    await together(a, b)
    await expect(a.channel.say({ text: 'x'.repeat(70_000) })).rejects.toMatchObject({ code: 'FRAME_TOO_LARGE' })
    expect(await a.channel.say({ text: 'short' })).toMatchObject({ sentTo: 1 })
    await until(() => b.messages.length === 1)
  })

  it('[RM5] a stream that ended is opened again by the next message', async () => {
    const [a, b] = [await member(), await member()]
    await together(a, b)
    await a.channel.say({ text: 'one' })
    await until(() => b.messages.length === 1)
    const stream = a.node.getConnections()[0]?.streams.find(open => open.protocol === GENERAL_PROTOCOL)
    stream?.abort(new Error('cut'))
    expect(await a.channel.say({ text: 'two' })).toMatchObject({ sentTo: 1 })
    await until(() => b.messages.length === 2)
  })
})

describe('a GloFlow Go peer in the room', () => {
  it('[RM6] lines that are no objects, no JSON or too long are dropped and counted; the stream goes on and is never reset', async () => {
    const [a, go] = [await member({ security: 'both' }), await goLike()]
    await connect(go.node, a.node)
    const stream = await go.talk(a.node)
    for (const line of ['[]', '1', '"x"', 'null', 'nonsense', '', '{"a":', `{"text":"${'x'.repeat(70_000)}"}`, '{"text":"after"}']) stream.send(bytesOf(`${line}\n`))
    await until(() => a.messages.length === 1)
    expect(a.messages[0]).toMatchObject({ from: go.node.peerId.toString(), via: undefined, body: { text: 'after' } })
    await until(() => a.dropped === 8)
    expect(go.ends).toEqual([])
    expect(await a.channel.say({ text: 'hello Go' })).toMatchObject({ sentTo: 1 })
    await until(() => go.received.length === 1)
    expect(JSON.parse(go.received[0] ?? '')).toMatchObject({ text: 'hello Go' })
    expect(generalStreams(a.node)).toBe(1)
  })

  it('[RM7] an endless flood of {} without a newline is read slowly, in bounded memory, and the room stays usable', async () => {
    const [a, b, go] = [await member({ security: 'both' }), await member({ security: 'both' }), await goLike()]
    await together(a, b)
    await connect(go.node, a.node)
    const stream = await go.talk(a.node)
    const flood = bytesOf('{}'.repeat(32 * 1024))
    let sent = 0
    const stop = new AbortController()
    const flooding = (async () => {
      while (!stop.signal.aborted && stream.status === 'open') {
        stream.send(flood)
        sent += flood.byteLength
        await new Promise(resolve => { setTimeout(resolve, 0) })
        while (stream.writableNeedsDrain && !stop.signal.aborted) await new Promise(resolve => { stream.addEventListener('drain', resolve, { once: true }); setTimeout(resolve, 50) })
      }
    })()
    await until(() => sent > 256 * 1024)
    const before = process.cpuUsage()
    const heapBefore = process.memoryUsage().rss
    const started = Date.now()
    for (let n = 0; n < 10; n += 1) {
      expect(await b.channel.say({ text: `still here ${n}` })).toMatchObject({ sentTo: 1 })
      await new Promise(resolve => { setTimeout(resolve, 150) })
    }
    await until(() => a.messages.length === 10)
    const seconds = (Date.now() - started) / 1000
    stop.abort()
    await flooding
    expect(sent).toBeLessThan(8 * 1024 * 1024)
    expect(process.cpuUsage(before).user / 1e6 / seconds, 'share of a core').toBeLessThan(0.7)
    expect(process.memoryUsage().rss - heapBefore).toBeLessThan(100 * 1024 * 1024)
    expect(go.ends).toEqual([])
    expect(a.dropped).toBeGreaterThan(0)
    expect(a.messages.every(message => message.from === b.node.peerId.toString())).toBe(true)
  })

  it('[RM7] a flood of whole lines is read no faster than the limit, and empty objects show nothing', () => {
    let nowMs = 0
    const limit = createRateLimit(50, 200, () => nowMs)
    const waits = Array.from({ length: 250 }, () => limit.take())
    expect(waits.slice(0, 200).every(wait => wait === 0)).toBe(true)
    expect(waits[249]).toBe(1000)
    nowMs += 2000
    expect(limit.take()).toBe(0)
  })
})

describe('what was shown before', () => {
  it('[RM8] the same bytes by two ways within 5 s are shown once; what is said twice is shown twice', () => {
    let nowMs = 1000
    const seen = createSeenMessages(() => nowMs)
    expect(seen.isNewContent('go', 'hi', 'bridge-1')).toBe(true)
    expect(seen.isNewContent('go', 'hi', 'bridge-2')).toBe(false)
    expect(seen.isNewContent('go', 'hi', 'bridge-2')).toBe(true)
    expect(seen.isNewContent('go', 'hi', 'bridge-1')).toBe(false)
    expect(seen.isNewContent('go-2', 'hi', 'bridge-1')).toBe(true)
    expect(seen.isNewContent('go', 'ho', 'bridge-2')).toBe(true)
    nowMs += 5001
    expect(seen.isNewContent('go', 'hi', 'bridge-2')).toBe(true)
  })

  it('[RM2] the memory of ids is bounded, and one author cannot push out another', () => {
    const seen = createSeenMessages(Date.now)
    expect(seen.isNewId('quiet', 'one')).toBe(true)
    for (let n = 0; n < 5000; n += 1) seen.isNewId('loud', `${n}`)
    expect(seen.isNewId('quiet', 'one')).toBe(false)
    expect(seen.isNewId('loud', '4999')).toBe(false)
    expect(seen.isNewId('loud', '0')).toBe(true)
  })
})
