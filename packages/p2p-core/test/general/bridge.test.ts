import type { Libp2p } from '@libp2p/interface'
import { afterEach, describe, expect, it } from 'vitest'
import { GENERAL_PROTOCOL } from '../../src/protocols.ts'
import { connect, until } from '../protocol/nodes.ts'
import { bytesOf, startGoLike, startMember } from './room.ts'
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

const bridge = (options: MemberOptions = {}): Promise<Member> => member({ security: 'both', bridge: true, userAgent: 'gloflow-peers/0.1.0 relay', ...options })

async function goLike(): Promise<GoLike> {
  const one = await startGoLike()
  stops.push(async () => { await one.node.stop() })
  return one
}

const name = (peer: { readonly node: Libp2p }): string => peer.node.peerId.toString()

async function arrives(peer: Member, text: string): Promise<void> {
  await until(() => peer.messages.some(message => message.body['text'] === text))
}

describe('a bridge between TLS-only Go peers and own peers', () => {
  it('[RM9] a Go peer is heard by own peers with author and bridge named, and is answered through the bridge', async () => {
    const [relay, go] = [await bridge(), await goLike()]
    const browser = await member({ bridges: [relay.node], userAgent: 'gloflow-peers/0.1.0 browser' })
    await expect(connect(browser.node, go.node)).rejects.toThrow()
    await connect(go.node, relay.node)
    await connect(browser.node, relay.node)
    await until(() => browser.channel.bridgedPeers.includes(name(go)))
    const stream = await go.talk(relay.node)
    stream.send(bytesOf('{"text":"from Go","via":"nobody"}\n'))
    await arrives(browser, 'from Go')
    expect(browser.messages[0]).toMatchObject({ from: name(go), via: name(relay), body: { text: 'from Go' } })
    expect(await browser.channel.say({ text: 'to Go' })).toMatchObject({ sentTo: 1 })
    await until(() => go.received.length === 1)
    expect(JSON.parse(go.received[0] ?? '')).toMatchObject({ text: 'to Go', from: name(browser) })
    expect(go.received[0]).not.toContain('"gf"')
    expect(relay.channel.bridgeStats).toEqual({ messages: 2, dropped: 0 })
    expect(go.ends).toEqual([])
  })

  it('[RM10] a bridge gets only what is meant for Go peers that it alone can reach', async () => {
    const seen: string[] = []
    const relay = await bridge({ tap: bytes => seen.push(new TextDecoder('latin1').decode(bytes)) })
    const [a, b] = [await member({ bridges: [relay.node] }), await member({ bridges: [relay.node], security: 'both' })]
    for (const one of [a, b]) await connect(one.node, relay.node)
    await connect(a.node, b.node)
    await until(async () => (await a.channel.say({ text: 'among us' })).sentTo === 1)
    await arrives(b, 'among us')
    const go = await goLike()
    await connect(go.node, relay.node)
    await connect(b.node, go.node)
    await until(() => a.channel.bridgedPeers.length === 1)
    await until(async () => (await b.channel.say({ text: 'b to all' })).sentTo === 2)
    await until(() => go.received.some(line => line.includes('b to all')))
    expect(b.channel.bridgedPeers).toEqual([])
    expect(seen.join('')).not.toContain('among us')
    expect(seen.join('')).not.toContain('b to all')
    expect(await a.channel.say({ text: 'a to all' })).toMatchObject({ sentTo: 2 })
    await until(() => go.received.some(line => line.includes('a to all')))
    expect(seen.join('')).toContain('a to all')
  })

  it('[RM8] the same bytes through two bridges, or beside a direct stream, are shown once', async () => {
    const [one, two, go] = [await bridge(), await bridge(), await goLike()]
    const both = await member({ bridges: [one.node, two.node] })
    const near = await member({ bridges: [one.node, two.node], security: 'both' })
    for (const relay of [one, two]) {
      await connect(go.node, relay.node)
      for (const peer of [both, near]) await connect(peer.node, relay.node)
    }
    await connect(go.node, near.node)
    await until(() => [one, two].every(relay => relay.node.getPeers().length === 3) && both.channel.bridgedPeers.length === 1)
    await new Promise(resolve => { setTimeout(resolve, 300) })
    const streams = await Promise.all([one, two, near].map(peer => go.talk(peer.node)))
    for (const stream of streams) stream.send(bytesOf('{"text":"hello"}\n{"text":"end"}\n'))
    await until(() => one.channel.bridgeStats.messages === 2 && two.channel.bridgeStats.messages === 2)
    for (const peer of [both, near]) {
      await arrives(peer, 'end')
      await peer.channel.say({ text: 'settle' })
      expect(peer.messages.map(message => message.body['text'])).toEqual(['hello', 'end'])
    }
    // To the Go peer, too, only one bridge forwards.
    await both.channel.say({ text: 'once' })
    await until(() => go.received.some(line => line.includes('once')))
    await both.channel.say({ text: 'last' })
    await until(() => go.received.some(line => line.includes('last')))
    expect(go.received.filter(line => line.includes('once'))).toHaveLength(1)
  })

  it('[RM11] a bridge never forwards what came from a bridge', async () => {
    const [one, go] = [await bridge(), await goLike()]
    const other = await startGoLike({ security: 'both', userAgent: 'gloflow-peers/0.1.0 relay' })
    stops.push(async () => { await other.node.stop() })
    const peer = await member({ bridges: [one.node] })
    await connect(go.node, one.node)
    await connect(peer.node, one.node)
    await connect(other.node, one.node)
    await until(() => peer.channel.bridgedPeers.length === 1)
    const stream = await other.talk(one.node)
    stream.send(bytesOf(`{"text":"as a bridge","gf":{"from":"${name(other)}"}}\n{"text":"as a person"}\n{"text":"to Go","id":"AAAAAAAAAAAAAAAAAAAAAA","gf":{"to":["${name(go)}"]}}\n`))
    await until(() => one.dropped === 3)
    const own = await go.talk(one.node)
    own.send(bytesOf('{"text":"end"}\n'))
    await arrives(peer, 'end')
    await peer.channel.say({ text: 'end' })
    await until(() => go.received.some(line => line.includes('end')))
    expect(peer.messages.map(message => message.body['text'])).toEqual(['end'])
    expect(go.received).toHaveLength(1)
    expect(one.channel.bridgeStats.messages).toBe(2)
  })

  it('[RM12] only the word of a configured bridge is taken, and only about Go peers', async () => {
    const [fake, real] = [await startGoLike({ security: 'both', userAgent: 'gloflow-peers/0.1.0 relay' }), await startGoLike({ security: 'both', userAgent: 'gloflow-peers/0.1.0 relay' })]
    for (const one of [fake, real]) stops.push(async () => { await one.node.stop() })
    const [peer, friend] = [await member({ bridges: [real.node] }), await member()]
    await connect(fake.node, peer.node)
    await connect(real.node, peer.node)
    await connect(friend.node, peer.node)
    await until(async () => (await friend.channel.say({ text: 'here' })).sentTo === 1)
    const absent = await goLike()
    const note = (author: string, text: string): Uint8Array => bytesOf(`{"text":"${text}","gf":{"from":"${author}"}}\n`)
    ;(await fake.talk(peer.node)).send(note(name(absent), 'from a fake bridge'))
    const stream = await real.talk(peer.node)
    stream.send(note(name(friend), 'in the name of a friend'))
    stream.send(note(name(peer), 'in my own name'))
    stream.send(note('nobody', 'in no name'))
    stream.send(bytesOf('{"text":"as a bridge itself"}\n'))
    stream.send(note(name(absent), 'of a Go peer'))
    await arrives(peer, 'of a Go peer')
    await until(() => peer.dropped === 5)
    expect(peer.messages.map(message => message.body['text']).filter(text => text !== 'here')).toEqual(['of a Go peer'])
  })

  it('[RM13] a Go peer that takes nothing costs a bounded queue, counted, and holds nobody up', async () => {
    const [relay, stuck, go] = [await bridge(), await goLike(), await goLike()]
    await stuck.node.unhandle(GENERAL_PROTOCOL)
    await stuck.node.handle(GENERAL_PROTOCOL, stream => { stream.pause() })
    const peer = await member({ bridges: [relay.node] })
    for (const one of [stuck, go]) await connect(one.node, relay.node)
    await connect(peer.node, relay.node)
    await until(() => peer.channel.bridgedPeers.length === 2)
    const text = 'x'.repeat(50_000)
    for (let n = 0; n < 40; n += 1) {
      await peer.channel.say({ n, text })
      await until(() => go.received.length === n + 1)
    }
    await until(() => relay.channel.bridgeStats.dropped > 10)
    expect(relay.channel.bridgeStats.messages).toBe(40)
  })
})
