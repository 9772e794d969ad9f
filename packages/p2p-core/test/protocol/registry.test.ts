import type { Libp2p, Stream } from '@libp2p/interface'
import { afterEach, describe, expect, it } from 'vitest'
import { openAccess } from '../../src/access/open-access.ts'
import { defineProtocol } from '../../src/protocol/define-protocol.ts'
import { jsonObjectCodec } from '../../src/protocol/json-codec.ts'
import type { JsonObject } from '../../src/protocol/json-codec.ts'
import type { AccessDecision, AccessPolicy, Protocol, ProtocolLimits } from '../../src/protocol/protocol.ts'
import { createProtocolRegistry } from '../../src/protocol/registry.ts'
import type { Denial } from '../../src/protocol/denials.ts'
import type { ProtocolRegistry } from '../../src/protocol/registry.ts'
import { connect, startNode, until } from './nodes.ts'

const stops: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop()
})

async function peer(options: { access?: AccessPolicy; onDenied?: (denial: Denial) => void } = {}): Promise<{ node: Libp2p; registry: ProtocolRegistry }> {
  const node = await startNode()
  const registry = createProtocolRegistry({ libp2p: node, access: options.access ?? openAccess(), ...(options.onDenied === undefined ? {} : { onDenied: options.onDenied }) })
  stops.push(async () => {
    await registry.stop()
    await node.stop()
  })
  return { node, registry }
}

async function pair(options: Parameters<typeof peer>[0] = {}): Promise<{ client: Awaited<ReturnType<typeof peer>>; server: Awaited<ReturnType<typeof peer>> }> {
  const [client, server] = [await peer(), await peer(options)]
  await connect(client.node, server.node)
  return { client, server }
}

function echoProtocol(id = '/test/echo/1.0.0', limits: Partial<ProtocolLimits> = {}): Protocol<JsonObject> {
  return defineProtocol({ id, codec: jsonObjectCodec, limits })
}

async function serveEcho(registry: ProtocolRegistry, protocol: Protocol<JsonObject>): Promise<() => Promise<void>> {
  return registry.handle(protocol, async stream => {
    for await (const message of stream) await stream.send(message)
  })
}

async function first<Message>(stream: AsyncIterable<Message>): Promise<Message | undefined> {
  for await (const message of stream) return message
  return undefined
}

describe('a protocol between two peers', () => {
  it('[PR6] messages go both ways in order, and closing ends the reading', async () => {
    const { client, server } = await pair()
    await serveEcho(server.registry, echoProtocol())
    const stream = await client.registry.open(server.node.peerId, echoProtocol())
    for (let n = 0; n < 100; n += 1) await stream.send({ n })
    await stream.close()
    const seen: unknown[] = []
    for await (const message of stream) seen.push(message['n'])
    expect(seen).toEqual(Array.from({ length: 100 }, (_, n) => n))
    await until(() => server.node.getConnections()[0]?.streams.every(open => open.protocol !== '/test/echo/1.0.0') === true)
  })

  it('[PR5] an older client is served by a newer handler, a newer client is not', async () => {
    const { client, server } = await pair()
    await serveEcho(server.registry, echoProtocol('/test/echo/1.3.2'))
    for (const id of ['/test/echo/1.0.0', '/test/echo/1.2.0', '/test/echo/1.3.1', '/test/echo/1.3.2']) {
      const stream = await client.registry.open(server.node.peerId, echoProtocol(id))
      await stream.send({ id })
      expect(await first(stream)).toEqual({ id })
      expect(stream.protocol).toBe(id)
      await stream.close()
    }
    for (const id of ['/test/echo/1.4.0', '/test/echo/2.0.0', '/test/echo/0.9.0']) {
      await expect(client.registry.open(server.node.peerId, echoProtocol(id))).rejects.toMatchObject({ code: 'PROTOCOL_UNSUPPORTED' })
    }
  })

  it('[PR5] a version that is served but not registered is found in what the peer advertises', async () => {
    const { client, server } = await pair()
    await serveEcho(server.registry, echoProtocol('/test/echo/1.3.0'))
    await until(async () => (await client.node.peerStore.get(server.node.peerId)).protocols.includes('/test/echo/1.3.0'))
    const stream = await client.registry.open(server.node.peerId, echoProtocol('/test/echo/1.2.5'))
    expect(stream.protocol).toBe('/test/echo/1.2.0')
    await stream.send({ hello: 1 })
    expect(await first(stream)).toEqual({ hello: 1 })
  })

  it('[PR6] a handler that sends first and ends at once is heard', async () => {
    const { client, server } = await pair()
    await server.registry.handle(echoProtocol(), stream => stream.send({ hello: 'first' }))
    for (let n = 0; n < 20; n += 1) {
      const stream = await client.registry.open(server.node.peerId, echoProtocol())
      expect(await first(stream)).toEqual({ hello: 'first' })
      await stream.close()
    }
  })

  it('[PR5] one handler serves all compatible versions; a second one for them is refused', async () => {
    const { server } = await pair()
    const off = await serveEcho(server.registry, echoProtocol('/test/echo/1.1.0'))
    await expect(serveEcho(server.registry, echoProtocol('/test/echo/1.0.0'))).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    await serveEcho(server.registry, echoProtocol('/test/echo/2.0.0'))
    await off()
    await serveEcho(server.registry, echoProtocol('/test/echo/1.0.0'))
  })

  it('[PR7] 1,000 unknown protocols in a row are refused one by one, and the connection lives on', async () => {
    const { client, server } = await pair()
    await serveEcho(server.registry, echoProtocol())
    const connection = client.node.getConnections(server.node.peerId)[0]
    if (connection === undefined) throw new TypeError('not connected')
    for (let n = 0; n < 500; n += 1) {
      await expect(client.registry.open(server.node.peerId, echoProtocol(`/test/unknown-${n}/1.0.0`))).rejects.toMatchObject({ code: 'PROTOCOL_UNSUPPORTED', retryable: false })
    }
    const names = Array.from({ length: 500 }, (_, n) => `/test/also-unknown-${n}/1.0.0`)
    const outcomes = await Promise.allSettled(names.map(name => connection.newStream([name], { signal: AbortSignal.timeout(20_000) })))
    expect(outcomes.every(outcome => outcome.status === 'rejected')).toBe(true)
    await expect(connection.newStream(names, { signal: AbortSignal.timeout(20_000) })).rejects.toMatchObject({ name: 'UnsupportedProtocolError' })
    expect(connection.status).toBe('open')
    const stream = await client.registry.open(server.node.peerId, echoProtocol(), { connection })
    await stream.send({ still: 'here' })
    expect(await first(stream)).toEqual({ still: 'here' })
    await until(() => connection.streams.length <= 2)
  })

  it('[PR8] the handler sees no byte before the access decision, and none at all after a refusal', async () => {
    const { promise: decision, resolve: decideNow } = Promise.withResolvers<AccessDecision>()
    const denials: Denial[] = []
    const { client, server } = await pair({ access: { decide: () => decision }, onDenied: denial => denials.push(denial) })
    let called = 0
    await server.registry.handle(echoProtocol(), async stream => {
      called += 1
      for await (const message of stream) await stream.send(message)
    })
    const opening = client.registry.open(server.node.peerId, echoProtocol())
    const raw = await rawStream(client.node, server.node, '/test/echo/1.0.0')
    raw.send(Uint8Array.of(2, 0x7b, 0x7d))
    await until(() => server.node.getConnections()[0]?.streams.filter(open => open.protocol === '/test/echo/1.0.0').length === 2)
    expect(called).toBe(0)
    decideNow({ allowed: false, code: 'NOT_A_MEMBER', reason: 'not on the list' })
    await expect(opening).rejects.toMatchObject({ code: 'ACCESS_DENIED', message: expect.stringContaining('NOT_A_MEMBER: not on the list') as string })
    expect(called).toBe(0)
    await until(() => denials.length === 2)
    expect(denials[0]).toMatchObject({ protocol: '/test/echo/1.0.0', code: 'NOT_A_MEMBER', reason: 'not on the list' })
    expect(denials[0]?.id.equals(client.node.peerId)).toBe(true)
    expect(server.node.getConnections()[0]?.status).toBe('open')
  })

  it('[PR8] a policy that throws, and one that never answers, refuse', async () => {
    let answer: () => Promise<AccessDecision> = () => Promise.reject(new TypeError('broken'))
    const { client, server } = await pair({ access: { decide: () => answer() } })
    const protocol = echoProtocol('/test/echo/1.0.0', { openTimeoutMs: 300 })
    await serveEcho(server.registry, protocol)
    await expect(client.registry.open(server.node.peerId, protocol)).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
    answer = () => new Promise(() => undefined)
    const started = Date.now()
    await expect(client.registry.open(server.node.peerId, echoProtocol())).rejects.toMatchObject({ code: 'ACCESS_DENIED', message: expect.stringContaining('too long') as string })
    expect(Date.now() - started).toBeLessThan(3000)
  })

  it('[PR8] what is taken back later closes the open streams within a second', async () => {
    let allowed = true
    const { client, server } = await pair({ access: { decide: () => (allowed ? { allowed } : { allowed, code: 'REVOKED', reason: 'taken back' }) } })
    await serveEcho(server.registry, echoProtocol())
    const stream = await client.registry.open(server.node.peerId, echoProtocol())
    await stream.send({ a: 1 })
    expect(await first(stream)).toEqual({ a: 1 })
    await server.registry.recheck()
    await stream.send({ a: 2 })
    expect(await first(stream)).toEqual({ a: 2 })
    allowed = false
    const started = Date.now()
    await server.registry.recheck(request => request.peer.equals(client.node.peerId))
    await expect(first(stream)).rejects.toMatchObject({ code: 'STREAM_CLOSED' })
    expect(Date.now() - started).toBeLessThan(1000)
  })

  it('[PR9] streams of one peer are limited on both sides, and a closed one makes room', async () => {
    const { client, server } = await pair()
    await serveEcho(server.registry, echoProtocol('/test/echo/1.0.0', { maxInboundStreamsPerPeer: 2 }))
    const open = (): Promise<unknown> => client.registry.open(server.node.peerId, echoProtocol('/test/echo/1.0.0', { maxOutboundStreamsPerPeer: 3 }))
    const one = await client.registry.open(server.node.peerId, echoProtocol())
    await client.registry.open(server.node.peerId, echoProtocol())
    await expect(open()).rejects.toMatchObject({ code: 'LIMIT_REACHED', retryable: true, message: expect.stringContaining('refused by the other side') as string })
    await expect(client.registry.open(server.node.peerId, echoProtocol('/test/echo/1.0.0', { maxOutboundStreamsPerPeer: 2 }))).rejects.toMatchObject({ code: 'LIMIT_REACHED' })
    await one.close()
    await until(() => open().then(() => true, () => false))
  })

  it('[PR10] a frame over the limit ends the stream with a typed error on the reading side, and the connection lives on', async () => {
    const { client, server } = await pair()
    const { promise: failure, resolve } = Promise.withResolvers<unknown>()
    const protocol = echoProtocol('/test/echo/1.0.0', { maxFrameBytes: 1000 })
    await server.registry.handle(protocol, async stream => {
      try {
        await first(stream)
      } catch (error) {
        resolve(error)
        throw error
      }
    })
    const stream = await client.registry.open(server.node.peerId, echoProtocol())
    await stream.send({ text: 'x'.repeat(2000) })
    await expect(failure).resolves.toMatchObject({ code: 'FRAME_TOO_LARGE' })
    await expect(first(stream)).rejects.toMatchObject({ code: 'STREAM_CLOSED', retryable: true })
    await expect(client.registry.open(server.node.peerId, protocol).then(open => open.send({ text: 'x'.repeat(2000) }))).rejects.toMatchObject({ code: 'FRAME_TOO_LARGE' })
    expect(client.node.getConnections(server.node.peerId)[0]?.status).toBe('open')
  })

  it('[PR11] a stream that stays silent is timed out on either side, also when it is half-open', async () => {
    const { client, server } = await pair()
    const { promise: failure, resolve } = Promise.withResolvers<unknown>()
    const protocol = echoProtocol('/test/echo/1.0.0', { idleTimeoutMs: 200 })
    await server.registry.handle(protocol, async stream => {
      try {
        await first(stream)
      } catch (error) {
        resolve(error)
        throw error
      }
    })
    const raw = await rawStream(client.node, server.node, '/test/echo/1.0.0')
    await expect(failure).resolves.toMatchObject({ code: 'PROTOCOL_TIMEOUT' })
    await until(() => raw.status === 'reset')
    const silent = defineProtocol({ id: '/test/silent/1.0.0', codec: jsonObjectCodec, limits: { openTimeoutMs: 300 } })
    await server.node.handle('/test/silent/1.0.0', () => undefined)
    await expect(client.registry.open(server.node.peerId, silent)).rejects.toMatchObject({ code: 'PROTOCOL_TIMEOUT', retryable: true })
    await until(() => client.node.getConnections()[0]?.streams.every(open => open.protocol !== '/test/silent/1.0.0') === true)
  })

  it('[PR12] a slow reader holds the sender back, in bounded memory', async () => {
    const { client, server } = await pair()
    const { promise: go, resolve } = Promise.withResolvers<undefined>()
    let received = 0
    const protocol = echoProtocol()
    await server.registry.handle(protocol, async stream => {
      await go
      for await (const message of stream) received += String(message['text']).length
      await stream.send({ received })
    })
    const stream = await client.registry.open(server.node.peerId, protocol)
    const text = 'x'.repeat(60_000)
    let sent = 0
    const all = (async () => {
      for (let n = 0; n < 500; n += 1) {
        await stream.send({ text })
        sent += text.length
      }
      await stream.close()
    })()
    await until(() => sent > 0)
    let before = -1
    await until(async () => {
      const still = before === sent
      before = sent
      await new Promise(done => { setTimeout(done, 200) })
      return still && before === sent
    })
    expect(sent).toBeLessThan(20_000_000)
    resolve(undefined)
    await all
    expect(await first(stream)).toEqual({ received: 30_000_000 })
  })

  it('[PR13] asking a peer that is not connected, and a registry that has stopped, give typed errors', async () => {
    const [one, two] = [await peer(), await peer()]
    await expect(one.registry.open(two.node.peerId, echoProtocol())).rejects.toMatchObject({ code: 'PEER_NOT_FOUND', retryable: true })
    await connect(one.node, two.node)
    await serveEcho(two.registry, echoProtocol())
    await expect(one.registry.open(two.node.peerId, echoProtocol(), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
    const stream = await one.registry.open(two.node.peerId, echoProtocol())
    await two.registry.stop()
    await expect(first(stream)).rejects.toMatchObject({ code: 'STREAM_CLOSED' })
    await expect(two.registry.open(one.node.peerId, echoProtocol())).rejects.toMatchObject({ code: 'STOPPED' })
    await expect(one.registry.open(two.node.peerId, echoProtocol())).rejects.toMatchObject({ code: 'PROTOCOL_UNSUPPORTED' })
  })

  it('[PR13] a connection that is cut is not taken for the end of what was sent', async () => {
    const { client, server } = await pair()
    await serveEcho(server.registry, echoProtocol())
    const stream = await client.registry.open(server.node.peerId, echoProtocol())
    await stream.send({ a: 1 })
    expect(await first(stream)).toEqual({ a: 1 })
    client.node.getConnections(server.node.peerId)[0]?.abort(new Error('cable pulled'))
    await expect(first(stream)).rejects.toMatchObject({ code: 'STREAM_CLOSED', retryable: true })
    await expect(stream.send({ a: 2 })).rejects.toMatchObject({ code: 'STREAM_CLOSED' })
  })

  it('[PR14] protocols without a version and limits that make no sense are refused when they are defined', () => {
    expect(() => defineProtocol({ id: '/test', codec: jsonObjectCodec })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    expect(() => echoProtocol('/test/1.0.0', { maxFrameBytes: 0 })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    expect(() => echoProtocol('/test/1.0.0', { openTimeoutMs: Number.POSITIVE_INFINITY })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    expect(() => defineProtocol({ id: '/test/1.0.0', codec: jsonObjectCodec, onInvalidFrame: 'drop' })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  })
})

/** A stream without the registry: what a hostile or half-finished client would open. */
async function rawStream(from: Libp2p, to: Libp2p, protocol: string): Promise<Stream> {
  const connection = from.getConnections(to.peerId)[0]
  if (connection === undefined) throw new TypeError('not connected')
  return connection.newStream([protocol])
}
