import { randomBytes } from 'node:crypto'
import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, describe, expect, it } from 'vitest'
import { createGeneralChannel } from '../../src/protocol/general-channel.ts'
import type { RunningGeneralChannel } from '../../src/protocol/general-channel.ts'
import type { GeneralMessage } from '../../src/protocol/general.ts'
import { isRelayed } from '../../src/protocol/registry.ts'
import type { FileSource } from '../../src/protocol/send.ts'
import { knows } from '../general/room.ts'
import { content, removeBelongings, startPerson } from '../send/person.ts'
import type { Person } from '../send/person.ts'
import { connect, startNode, until } from './nodes.ts'

const stops: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop()
})

/** All bytes that the relay's process has in clear: on its connections after decryption, before encryption. */
class Tap {
  readonly #chunks: Buffer[] = []

  add(bytes: Uint8Array): void {
    this.#chunks.push(Buffer.from(bytes))
  }

  get bytes(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
  }

  holds(marker: string): boolean {
    return Buffer.concat(this.#chunks).includes(marker)
  }
}

interface Guest extends Person {
  readonly channel: RunningGeneralChannel
  readonly messages: GeneralMessage[]
}

async function relayWith(tap: Tap): Promise<Libp2p> {
  const relay = await startNode({ relay: true, security: 'both', userAgent: 'gloflow-peers/0.1.0 relay', tap: bytes => { tap.add(bytes) } })
  stops.push(async () => { await relay.stop() })
  return relay
}

/** A person that can be reached through the relay alone, or (`listens`) directly too. */
async function guest(relay: Libp2p, security: 'noise' | 'tls', listens = false): Promise<Guest> {
  const [address] = relay.getMultiaddrs()
  const own = listens ? ['/ip4/127.0.0.1/tcp/0'] : []
  const person = await startPerson({ security, userAgent: 'gloflow-peers/0.1.0 node', listen: [...own, `${address?.toString() ?? ''}/p2p-circuit`] })
  const channel = await createGeneralChannel({ libp2p: person.node, registry: person.registry, isBridge: peer => peer.equals(relay.peerId) })
  const messages: GeneralMessage[] = []
  channel.events.on('message', message => messages.push(message))
  stops.push(async () => {
    await channel.stop()
    await person.stop()
    await removeBelongings(person.belongings)
  })
  return { ...person, channel, messages }
}

const circuitOf = (relay: Libp2p, to: Libp2p): ReturnType<typeof multiaddr> =>
  multiaddr(`${relay.getMultiaddrs()[0]?.toString() ?? ''}/p2p-circuit/p2p/${to.peerId.toString()}`)

async function meet(a: Guest, b: Guest, relay: Libp2p): Promise<void> {
  await until(() => b.node.getMultiaddrs().some(address => address.toString().includes('p2p-circuit')))
  const connection = await a.node.dial(circuitOf(relay, b.node))
  expect(isRelayed(connection)).toBe(true)
  await until(async () => await knows(a.node, b.node) && await knows(b.node, a.node))
}

/** A file that is nothing but the marker, again and again. */
function markedFile(marker: string): FileSource {
  const bytes = Buffer.from(marker.repeat(Math.ceil(500_000 / marker.length)))
  return {
    name: 'marked.png', bytes: bytes.byteLength, mediaType: 'image/png',
    async *read(offset) { yield Uint8Array.from(bytes.subarray(offset)) }
  }
}

describe('a relay between two peers', () => {
  it.each(['noise', 'tls'] as const)('[PR15] cannot read messages nor files that pass through it, over %s', async security => {
    const tap = new Tap()
    const relay = await relayWith(tap)
    const [a, b] = [await guest(relay, security), await guest(relay, security)]
    await meet(a, b, relay)
    const [spoken, filed, toRelay] = [randomBytes(24).toString('hex'), randomBytes(24).toString('hex'), randomBytes(24).toString('hex')]
    expect(await a.channel.say({ text: spoken })).toMatchObject({ sentTo: 1 })
    await until(() => b.messages.some(message => message.body['text'] === spoken))
    const before = tap.bytes
    await a.files.send(b.node.peerId, markedFile(filed))
    await until(() => b.ended.length === 1)
    // The content did pass through the relay: twice, in and out.
    expect(tap.bytes - before).toBeGreaterThan(1_000_000)
    expect(a.node.getConnections(b.node.peerId).map(isRelayed)).toEqual([true])
    expect([tap.holds(spoken), tap.holds(filed)]).toEqual([false, false])
    // The same tap does find what is meant for the relay itself.
    await relay.handle('/test/listen/1.0.0', stream => { stream.addEventListener('message', () => undefined) })
    const stream = await a.node.getConnections(relay.peerId)[0]?.newStream(['/test/listen/1.0.0'])
    stream?.send(new TextEncoder().encode(toRelay))
    await until(() => tap.holds(toRelay))
  })

  it('[SD11] a transfer that began through the relay moves to a direct path, and outlives the relay', async () => {
    const tap = new Tap()
    const relay = await relayWith(tap)
    const [a, b] = [await guest(relay, 'noise'), await guest(relay, 'noise', true)]
    await meet(a, b, relay)
    const source = content(40_000_000)
    const sending = a.files.send(b.node.peerId, source)
    await until(() => b.files.transfers.some(({ doneBytes }) => doneBytes > 5_000_000))
    const direct = b.node.getMultiaddrs().find(address => !address.toString().includes('p2p-circuit'))
    await a.node.dial(direct ?? circuitOf(relay, b.node), { force: true })
    await until(() => a.node.getConnections(b.node.peerId).some(connection => connection.direct))
    await until(() => source.readFrom.length === 2)
    await relay.stop()
    expect(await sending).toMatchObject({ state: 'done', sha256: source.sha256 })
    await until(() => b.ended.length === 1)
    expect(b.ended[0]).toMatchObject({ state: 'done', sha256: source.sha256 })
    expect(source.readFrom[1]).toBeGreaterThan(4_000_000)
  })

  it('[RM5] after the change of path, the next message goes the direct way', async () => {
    const tap = new Tap()
    const relay = await relayWith(tap)
    const [a, b] = [await guest(relay, 'noise'), await guest(relay, 'noise', true)]
    await meet(a, b, relay)
    await a.channel.say({ text: 'one' })
    await until(() => b.messages.length === 1)
    await connect(a.node, b.node).catch(() => a.node.dial(b.node.getMultiaddrs()[0] ?? circuitOf(relay, b.node), { force: true }))
    const direct = b.node.getMultiaddrs().find(address => !address.toString().includes('p2p-circuit'))
    await a.node.dial(direct ?? circuitOf(relay, b.node), { force: true })
    expect(await a.channel.say({ text: 'two' })).toMatchObject({ sentTo: 1 })
    await until(() => b.messages.length === 2)
    await relay.stop()
    expect(await a.channel.say({ text: 'three' })).toMatchObject({ sentTo: 1 })
    expect(await b.channel.say({ text: 'four' })).toMatchObject({ sentTo: 1 })
    await until(() => b.messages.length === 3 && a.messages.length === 1)
  })
})
