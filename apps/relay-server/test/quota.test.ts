import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, Stream } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createByteQuota } from '../src/circuit/byte-quota.ts'
import { createCircuits } from '../src/circuit/circuits.ts'
import { MAX_CIRCUITS_PER_CLIENT, MAX_CIRCUITS_PER_PEER } from '../src/limits.ts'
import { addressOf, dialThrough, sendAll, startReservedClient, until } from './support/client.ts'
import { startRelayProcess } from './support/relay-process.ts'

const HOUR_MS = 60 * 60 * 1000

describe('bytes of a peer', () => {
  test('[RL47] no peer sends more than the quota and what an hour brings, what one sends costs no other, and memory is bounded', () => {
    const use = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 700 }), fc.integer({ min: 0, max: HOUR_MS / 4 }))
    fc.assert(fc.property(fc.array(use, { maxLength: 100 }), (uses) => {
      const quota = createByteQuota({ bytesPerHour: 1000, maxPeers: 3 })
      const sent = new Map<string, number>()
      let nowMs = 0
      for (const [peer, bytes, laterMs] of uses) {
        nowMs += laterMs
        if (!sent.has(peer)) expect(quota.left(peer, nowMs)).toBe(1000)
        const left = quota.left(peer, nowMs)
        expect(quota.spend(peer, bytes, nowMs)).toBe(left >= bytes)
        if (left >= bytes) sent.set(peer, (sent.get(peer) ?? 0) + bytes)
      }
      for (const bytes of sent.values()) expect(bytes).toBeLessThanOrEqual(1000 + (nowMs / HOUR_MS) * 1000 + 1e-6)
    }))
    const quota = createByteQuota({ bytesPerHour: 1000, maxPeers: 3 })
    for (let peer = 0; peer < 50; peer++) expect(quota.spend(String(peer), 1000, 0)).toBe(true)
    expect([quota.size(), quota.left('49', 0), quota.left('0', 0), quota.left('49', HOUR_MS / 2)]).toEqual([3, 0, 1000, 500])
    expect(createByteQuota({ bytesPerHour: 0, maxPeers: 3 }).spend('a', Number.MAX_SAFE_INTEGER, 0)).toBe(true)
  })

  test('[RL47] a circuit ends where the sender\'s quota does, the sender opens no other one, and whom it sent to still may', async () => {
    await using relay = await startRelayProcess(['--peer-max-bytes', String(1024 * 1024)])
    const address = addressOf(relay.ready.multiaddrs, 'tcp')
    await using a = await startReservedClient(address)
    await using b = await startReservedClient(address)
    let received = 0
    await b.handle('/test/sink/1.0.0', (stream) => { stream.addEventListener('message', ({ data }) => { received += data.byteLength }) }, { runOnLimitedConnection: true })
    const connection = await dialThrough(a, address, b)
    const closed = new Promise((resolve) => { connection.addEventListener('close', resolve, { once: true }) })
    const stream = await connection.newStream('/test/sink/1.0.0', { runOnLimitedConnection: true })
    await sendAll(stream, 2 * 1024 * 1024).catch(() => { /* it ends in the middle */ })
    await closed
    expect(received).toBeGreaterThan(512 * 1024)
    expect(received).toBeLessThan(1024 * 1024)
    await until(async () => (await (await fetch(`${relay.ready.url}/status.json`)).json() as { refused: Record<string, number> }).refused['PEER_BYTES'] === 1, 'the count')
    await expect(dialThrough(a, address, b)).rejects.toThrow(/RESOURCE_LIMIT_EXCEEDED/)
    expect((await dialThrough(b, address, a)).remotePeer.toString()).toBe(a.peerId.toString())
  })
})

test('[RL48] one client address does not take all circuits, by however many PeerIds; those being opened count', async () => {
  const peers = await Promise.all(Array.from({ length: (2 * MAX_CIRCUITS_PER_CLIENT) / MAX_CIRCUITS_PER_PEER + 2 }, async () => peerIdFromPrivateKey(await generateKeyPair('Ed25519'))))
  const refused: string[] = []
  // A destination that never answers: its circuits stay half open until the request is given up.
  const silent = { status: 'open', id: 'c', timeline: { open: 0 }, remoteAddr: multiaddr('/ip4/192.0.2.9/tcp/1'), newStream: (_: string, { signal }: { signal: AbortSignal }) => new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', reject)
  }) } as unknown as Connection
  const meter = { refused: (code: string) => refused.push(code), circuitAnswer: () => { /* not counted here */ } }
  const circuits = createCircuits({
    meter, limit: undefined, circuitMaxBytes: 0, circuitMaxMs: 0, peerMaxBytes: 0, now: () => 0,
    access: { mayConnect: () => true }, reservations: { get: () => ({ connection: 'c' }) }, connectionManager: { getConnections: () => [silent] },
    clientOf: ({ remoteAddr }: Connection) => remoteAddr.getComponents()[0]?.value
  } as unknown as Parameters<typeof createCircuits>[0])
  const over = new AbortController()
  const open = (source: number, destination: number, address: string): Promise<unknown> => {
    const connection = { remotePeer: peers[source], remoteAddr: multiaddr(`/ip4/${address}/tcp/1`) } as unknown as Connection
    return circuits.open({} as Stream, connection, peers[destination]?.toMultihash().bytes, over.signal)
  }
  // Each but the last two opens half of its circuits and is asked for the other half.
  const ring = peers.length - 2
  const pending = Array.from({ length: MAX_CIRCUITS_PER_CLIENT }, (_, index) => open(index % ring, (index + 1) % ring, '192.0.2.1'))
  expect(refused).toEqual([])
  expect(await open(ring, ring + 1, '192.0.2.1')).toBe('RESOURCE_LIMIT_EXCEEDED')
  expect(refused).toEqual(['CLIENT_CIRCUITS_FULL'])
  pending.push(open(ring, ring + 1, '192.0.2.2'))
  expect(refused).toHaveLength(1)
  over.abort(new TypeError('over'))
  expect(new Set(await Promise.all(pending))).toEqual(new Set(['CONNECTION_FAILED']))
  expect(await open(ring, ring + 1, '192.0.2.1')).toBe('CONNECTION_FAILED')
})
