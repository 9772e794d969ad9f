import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Libp2p, Stream } from '@libp2p/interface'
import { readFileSync } from 'node:fs'
import { addressOf, dialThrough, drained, sendAll, startClient, startReservedClient, until } from './support/client.ts'
import { startRelayProcess } from './support/relay-process.ts'
import type { RelayProcess } from './support/relay-process.ts'

const ECHO = '/test/echo/1.0.0'

interface Status { readonly reservations: number; readonly circuits: number; readonly bytesRelayed: number; readonly refused: Record<string, number> }

async function statusOf(relay: RelayProcess): Promise<Status> {
  return await (await fetch(`${relay.ready.url}/status.json`)).json() as Status
}

/** Resident memory of a process, in bytes; Linux tells it in pages. */
function rssOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096
}

async function serveEcho(node: Libp2p): Promise<void> {
  await node.handle(ECHO, async (stream) => {
    for await (const chunk of stream) if (!stream.send(chunk)) await drained(stream)
    await stream.close()
  }, { runOnLimitedConnection: true })
}

describe('circuits with default limits', () => {
  let relay: RelayProcess
  beforeAll(async () => { relay = await startRelayProcess() })
  afterAll(async () => { await relay[Symbol.asyncDispose]() })

  test('[RL20] stock peers reserve over TCP and over WebSocket, and reach each other both ways, with the limits announced in seconds and bytes', async () => {
    const [overTcp, overWs] = [addressOf(relay.ready.multiaddrs, 'tcp'), addressOf(relay.ready.multiaddrs, 'ws')]
    await using a = await startReservedClient(overTcp)
    await using b = await startReservedClient(overWs)
    await serveEcho(a)
    await serveEcho(b)
    for (const [from, to, via] of [[a, b, overTcp], [b, a, overWs]] as const) {
      const connection = await dialThrough(from, via, to)
      expect(connection.remotePeer.toString()).toBe(to.peerId.toString())
      expect(connection.limits?.seconds).toBeGreaterThan(3590)
      expect(connection.limits?.seconds).toBeLessThanOrEqual(3600)
      expect(Number(connection.limits?.bytes)).toBeGreaterThan(60 * 1024 * 1024)
      const stream = await connection.newStream(ECHO, { runOnLimitedConnection: true })
      let received = 0
      stream.addEventListener('message', ({ data }) => { received += data.byteLength })
      await sendAll(stream, 8 * 1024 * 1024)
      await stream.close()
      await until(() => received === 8 * 1024 * 1024, 'the echo of 8 MiB')
      await connection.close()
    }
    const status = await statusOf(relay)
    expect(status.reservations).toBe(2)
    expect(status.bytesRelayed).toBeGreaterThan(32 * 1024 * 1024)
  })

  test('[RL21] a peer without a reservation is not reached, and the refusal is counted by its name', async () => {
    const address = addressOf(relay.ready.multiaddrs, 'tcp')
    await using a = await startClient()
    await using b = await startClient()
    await expect(dialThrough(a, address, b)).rejects.toThrow(/NO_RESERVATION/)
    expect((await statusOf(relay)).refused['CIRCUIT_TO_NOBODY']).toBe(1)
  })
})

describe('limits', () => {
  test('[RL22] a circuit ends with a typed reason after its bytes in one direction, and what fits gets through', async () => {
    const limit = 1024 * 1024
    await using relay = await startRelayProcess(['--circuit-max-bytes', String(limit)])
    const address = addressOf(relay.ready.multiaddrs, 'tcp')
    await using a = await startReservedClient(address)
    await using b = await startReservedClient(address)
    let received = 0
    await b.handle('/test/sink/1.0.0', (stream) => { stream.addEventListener('message', ({ data }) => { received += data.byteLength }) }, { runOnLimitedConnection: true })
    const connection = await dialThrough(a, address, b)
    const stream = await connection.newStream('/test/sink/1.0.0', { runOnLimitedConnection: true })
    const closed = new Promise((resolve) => { connection.addEventListener('close', resolve, { once: true }) })
    await sendAll(stream, limit / 2)
    await until(() => received === limit / 2, 'half of the limit')
    await sendAll(stream, limit).catch(() => { /* it ends in the middle */ })
    await closed
    await until(async () => (await statusOf(relay)).refused['CIRCUIT_BYTES'] === 1, 'the count of the limit')
    expect((await statusOf(relay)).circuits).toBe(0)
    expect(received).toBeLessThan(limit)
  })

  test('[RL39] a slow side holds the fast one back: the relay keeps a window and no more, and nothing is lost', async () => {
    await using relay = await startRelayProcess()
    const address = addressOf(relay.ready.multiaddrs, 'ws')
    await using a = await startReservedClient(address)
    await using b = await startReservedClient(address)
    let received = 0
    let inbound: Stream | undefined
    await b.handle('/test/slow/1.0.0', (stream) => {
      inbound = stream
      stream.pause()
      stream.addEventListener('message', ({ data }) => { received += data.byteLength })
    }, { runOnLimitedConnection: true })
    const connection = await dialThrough(a, address, b)
    const stream = await connection.newStream('/test/slow/1.0.0', { runOnLimitedConnection: true })
    const total = 48 * 1024 * 1024
    const before = rssOf(relay.pid)
    let sent = false
    const sending = sendAll(stream, total).then(() => { sent = true })
    await until(() => inbound !== undefined, 'the stream')
    // What can go into the windows on the way has gone when nothing moves any more.
    let waiting = -1
    await until(async () => {
      const now = (await statusOf(relay)).bytesRelayed
      const still = now === waiting && now > 0
      waiting = now
      await new Promise((resolve) => setTimeout(resolve, 300))
      return still
    }, 'standstill')
    expect(sent).toBe(false)
    expect(waiting).toBeLessThan(16 * 1024 * 1024)
    expect(rssOf(relay.pid) - before).toBeLessThan(48 * 1024 * 1024)
    inbound?.resume()
    await sending
    await until(() => received === total, 'all of it')
  })

  test('[RL23] a circuit ends with a typed reason after its time', async () => {
    await using relay = await startRelayProcess(['--circuit-max-ms', '1200'])
    const address = addressOf(relay.ready.multiaddrs, 'ws')
    await using a = await startReservedClient(address)
    await using b = await startReservedClient(address)
    const connection = await dialThrough(a, address, b)
    const openedAtMs = Date.now()
    await new Promise((resolve) => { connection.addEventListener('close', resolve, { once: true }) })
    expect(Date.now() - openedAtMs).toBeGreaterThan(900)
    expect(connection.limits?.seconds).toBeLessThanOrEqual(2)
    await until(async () => (await statusOf(relay)).refused['CIRCUIT_TIME'] === 1, 'the count of the limit')
  })

  test('[RL24] many more clients than slots come and go, and the next is served; while all are here, one more is refused by name', async () => {
    await using relay = await startRelayProcess(['--max-reservations', '3'])
    const address = addressOf(relay.ready.multiaddrs, 'ws')
    for (let round = 0; round < 12; round++) {
      await using client = await startReservedClient(address)
      expect(client.getMultiaddrs().length).toBeGreaterThan(0)
    }
    await using a = await startReservedClient(address)
    await using b = await startReservedClient(address)
    await using c = await startReservedClient(address)
    expect([a, b, c].every((client) => client.getMultiaddrs().length > 0)).toBe(true)
    await expect(startClient({ listen: [`${address}/p2p-circuit`] })).rejects.toThrow()
    expect((await statusOf(relay)).refused['RESERVATIONS_FULL']).toBeGreaterThan(0)
  })

  test('[RL25] a slot is free within 30 s after its peer\'s last connection went', async () => {
    await using relay = await startRelayProcess()
    const address = addressOf(relay.ready.multiaddrs, 'ws')
    const client = await startReservedClient(address)
    expect((await statusOf(relay)).reservations).toBe(1)
    await client.stop()
    await until(async () => (await statusOf(relay)).reservations === 0, 'the slot to be free', 30_000)
  }, 40_000)
})
