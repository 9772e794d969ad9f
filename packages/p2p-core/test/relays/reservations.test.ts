import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { lpStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { isP2pError } from '../../src/errors.ts'
import { MAX_HOP_MESSAGE_BYTES, MAX_RESERVATION_ADDRESSES, RESERVE_TIMEOUT_MS } from '../../src/limits.ts'
import { writeMessage } from '../../src/protobuf.ts'
import { decodeHopAnswer } from '../../src/relays/hop-codec.ts'
import { RELAY_HOP_PROTOCOL } from '../../src/relays/reservations.ts'
import { startPeer, startRelay } from './test-network.ts'
import type { TestPeer } from './test-network.ts'

const stack: Array<() => Promise<unknown>> = []
afterEach(async () => { for (const end of stack.splice(0).toReversed()) await end() })
const signal = new AbortController().signal
const codeOf = async (promise: Promise<unknown>): Promise<string> => promise.then(() => 'accepted', error => isP2pError(error) ? error.code : String(error))
const EXPIRE_S = Math.floor(Date.now() / 1000) + 3600

/** A peer that is connected to something that says it is a relay, and answers with these bytes; `undefined` = with nothing. */
async function peerAtFakeRelay(answer: Uint8Array | undefined): Promise<{ peer: TestPeer; connection: Connection }> {
  const relay = await startRelay({ configure: options => ({ ...options, services: {} }) })
  stack.push(async () => relay[Symbol.asyncDispose]())
  await relay.libp2p.handle(RELAY_HOP_PROTOCOL, async stream => {
    if (answer !== undefined) await lpStream(stream).write(answer)
  })
  const peer = await startPeer()
  stack.push(async () => peer[Symbol.asyncDispose]())
  return { peer, connection: await peer.libp2p.dial(relay.libp2p.getMultiaddrs()) }
}

function hopAnswer(status: number | undefined, addresses: readonly Uint8Array[] = [], expire: number | 'none' = EXPIRE_S): Uint8Array {
  return writeMessage(message => {
    message.varint(1, 2)
    message.bytes(3, writeMessage(reservation => {
      reservation.varint(1, expire === 'none' ? undefined : expire)
      for (const address of addresses) reservation.bytes(2, address)
    }))
    message.varint(5, status)
  })
}

describe('what a relay answers to the request for a reservation', () => {
  test.each([
    [200, 'RELAY_FULL'],
    [201, 'RELAY_FULL'],
    [202, 'ACCESS_DENIED'],
    [400, 'RELAY_UNREACHABLE'],
    [undefined, 'RELAY_UNREACHABLE']
  ])('[RS7] status %s is %s, and nothing is announced', async (status, code) => {
    const { peer, connection } = await peerAtFakeRelay(hopAnswer(status))
    expect(await codeOf(peer.circuit.reservations.reserve(connection, signal))).toBe(code)
    expect(peer.libp2p.getMultiaddrs()).toEqual([])
    expect(connection.status).toBe('open')
  })

  test('[RS14] addresses are taken only where they are of the relay itself, well formed, and up to a bound', async () => {
    const stranger = peerIdFromPrivateKey(await generateKeyPair('Ed25519')).toString()
    const good = Array.from({ length: 40 }, (_, i) => multiaddr(`/ip4/203.0.113.1/tcp/${i + 1}`).bytes)
    const bad = [Uint8Array.of(255, 255, 3), multiaddr(`/ip4/203.0.113.2/tcp/1/p2p/${stranger}`).bytes, multiaddr(`/ip4/203.0.113.3/tcp/1/p2p/${stranger}/p2p-circuit`).bytes]
    const { peer, connection } = await peerAtFakeRelay(hopAnswer(100, [...bad, ...good]))
    const { addresses } = await peer.circuit.reservations.reserve(connection, signal)
    const texts = addresses.map(String)
    expect(texts).toHaveLength(1 + MAX_RESERVATION_ADDRESSES - bad.length)
    expect(texts.every(text => text.endsWith(`/p2p/${connection.remotePeer.toString()}/p2p-circuit`) && !text.includes(stranger))).toBe(true)
    expect(peer.libp2p.getMultiaddrs()).toHaveLength(texts.length)
    await connection.close()
    await expect.poll(() => peer.libp2p.getMultiaddrs()).toEqual([])
    expect(peer.circuit.reservations.of(connection.remotePeer)).toBeUndefined()
  })

  test('[RS14] garbage, a frame over the limit, and silence are failed attempts', { timeout: 20_000 }, async () => {
    for (const answer of [Uint8Array.of(0xff), new Uint8Array(MAX_HOP_MESSAGE_BYTES + 1), hopAnswer(100, [], 'none')]) {
      const { peer, connection } = await peerAtFakeRelay(answer)
      expect(await codeOf(peer.circuit.reservations.reserve(connection, signal))).toMatch(/^(FRAME_INVALID|RELAY_UNREACHABLE)$/)
    }
    const { peer, connection } = await peerAtFakeRelay(undefined)
    const startMs = performance.now()
    expect(await codeOf(peer.circuit.reservations.reserve(connection, signal))).toBe('RELAY_UNREACHABLE')
    expect(performance.now() - startMs).toBeLessThan(RESERVE_TIMEOUT_MS + 3000)
  })

  test('[RS7] what is no relay at all is told so', async () => {
    const relay = await startRelay({ configure: options => ({ ...options, services: {} }) })
    stack.push(async () => relay[Symbol.asyncDispose]())
    const peer = await startPeer()
    stack.push(async () => peer[Symbol.asyncDispose]())
    const connection = await peer.libp2p.dial(relay.libp2p.getMultiaddrs())
    expect(await codeOf(peer.circuit.reservations.reserve(connection, signal))).toBe('PROTOCOL_UNSUPPORTED')
  })

  test('[RS14] any bytes are read or refused by name', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), bytes => {
      try {
        decodeHopAnswer(bytes)
      } catch (error) {
        expect(isP2pError(error, 'FRAME_INVALID')).toBe(true)
      }
    }), { numRuns: 2000 })
  })
})
