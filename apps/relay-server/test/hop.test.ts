import { generateKeyPair } from '@libp2p/crypto/keys'
import { RELAY_V2_HOP_CODEC } from '@libp2p/circuit-relay-v2'
import type { Libp2p, Stream } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { RecordEnvelope } from '@libp2p/peer-record'
import { lpStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { grantReservation } from '../src/circuit/grant-reservation.ts'
import { STATUS, decodeHopRequest, encodeHopStatus, encodeStopConnect, isStopAccepted } from '../src/circuit/hop-messages.ts'
import { WireError, bytesFields, numberField, readFields, writeFields } from '../src/circuit/wire.ts'
import { MAX_HOP_MESSAGE_BYTES } from '../src/limits.ts'
import { addressOf, startClient, startReservedClient, until } from './support/client.ts'
import { startRelayProcess } from './support/relay-process.ts'
import type { RelayProcess } from './support/relay-process.ts'

describe('the wire', () => {
  test('[RL21] fields come back as they were written, and no bytes make reading throw anything but a WireError', () => {
    const value = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.uint8Array({ maxLength: 40 }))
    fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 1000 }), value), { maxLength: 20 }), (fields) => {
      expect(readFields(writeFields(fields)).map((field) => [field.number, field.value])).toEqual(fields.map(([number, content]) => [number, content]))
    }))
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const read of [decodeHopRequest, isStopAccepted]) {
        try {
          read(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(WireError)
        }
      }
    }), { numRuns: 1000 })
  })

  test('[RL20] limits are written as the specification has them: seconds, then bytes', () => {
    const limit = numberOf(encodeHopStatus('OK', { limit: { durationS: 3600, dataBytes: 67_108_864 } }), 4)
    expect([numberField(limit, 1), numberField(limit, 2)]).toEqual([3600n, 67_108_864n])
    expect(numberOf(encodeStopConnect(new Uint8Array(2), { durationS: 1, dataBytes: undefined }), 3)).toHaveLength(1)
    expect(readFields(encodeHopStatus('OK')).map(({ number }) => number)).toEqual([1, 5])
  })
})

function numberOf(message: Uint8Array, field: number): ReturnType<typeof readFields> {
  return readFields(bytesFields(readFields(message), field)[0] ?? new Uint8Array())
}

test('[RL21] a reservation through another relay\'s circuit is refused', async () => {
  const key = await generateKeyPair('Ed25519')
  const refused: string[] = []
  const through = { remotePeer: peerIdFromPublicKey(key.publicKey), id: 'c', remoteAddr: multiaddr(`/ip4/192.0.2.1/tcp/1/p2p/${peerIdFromPublicKey(key.publicKey).toString()}/p2p-circuit`) }
  const answer = await grantReservation({
    connection: through, meter: { refused: (code: string) => refused.push(code) }
  } as unknown as Parameters<typeof grantReservation>[0])
  expect([answer.status, refused]).toEqual(['PERMISSION_DENIED', ['RESERVATION_OVER_CIRCUIT']])
})

describe('requests of a hostile client', () => {
  let relay: RelayProcess
  let client: Libp2p & AsyncDisposable
  let address: string
  beforeAll(async () => {
    relay = await startRelayProcess()
    address = addressOf(relay.ready.multiaddrs, 'tcp')
    client = await startClient()
    await client.dial(multiaddr(address))
  })
  afterAll(async () => {
    await client[Symbol.asyncDispose]()
    await relay[Symbol.asyncDispose]()
  })

  async function open(): Promise<Stream> {
    const [connection] = client.getConnections()
    if (connection === undefined) throw new TypeError('not connected')
    return await connection.newStream(RELAY_V2_HOP_CODEC)
  }
  /** The status of the relay's answer to one message. */
  async function ask(message: Uint8Array): Promise<number> {
    const stream = await open()
    const messages = lpStream(stream)
    const signal = AbortSignal.timeout(5_000)
    await messages.write(message, { signal })
    const status = numberField(readFields((await messages.read({ signal })).subarray()), 5)
    stream.abort(new TypeError('answered'))
    return Number(status)
  }

  test('[RL21] each is answered with the specification\'s status, and the next one is served', async () => {
    const connect = (peer: Uint8Array): Uint8Array => writeFields([[1, 1], [2, writeFields([[1, peer]])]])
    expect(await ask(Uint8Array.of(0xff, 0xff))).toBe(STATUS.MALFORMED_MESSAGE)
    expect(await ask(new Uint8Array())).toBe(STATUS.UNEXPECTED_MESSAGE)
    expect(await ask(writeFields([[1, 2]]))).toBe(STATUS.UNEXPECTED_MESSAGE)
    expect(await ask(writeFields([[1, 1]]))).toBe(STATUS.MALFORMED_MESSAGE)
    expect(await ask(connect(new Uint8Array(500)))).toBe(STATUS.MALFORMED_MESSAGE)
    expect(await ask(connect(client.peerId.toMultihash().bytes))).toBe(STATUS.NO_RESERVATION)
    expect(await ask(new Uint8Array(MAX_HOP_MESSAGE_BYTES + 1))).toBe(STATUS.MALFORMED_MESSAGE)
    expect(await ask(writeFields([[1, 0]]))).toBe(STATUS.OK)
  })

  test('[RL20] the voucher of a reservation is an envelope that the relay signed, as go-libp2p checks it', async () => {
    const messages = lpStream(await open())
    await messages.write(writeFields([[1, 0]]))
    const reservation = numberOf((await messages.read()).subarray(), 3)
    const envelope = await RecordEnvelope.openAndCertify(bytesFields(reservation, 3)[0] ?? new Uint8Array(), 'libp2p-relay-rsvp')
    const voucher = readFields(envelope.payload)
    expect([...envelope.payloadType]).toEqual([3, 2])
    expect(peerIdFromPublicKey(envelope.publicKey).toString()).toBe(relay.ready.peerId)
    expect([...bytesFields(voucher, 1)[0] ?? []]).toEqual([...peerIdFromPublicKey(envelope.publicKey).toMultihash().bytes])
    expect([...bytesFields(voucher, 2)[0] ?? []]).toEqual([...client.peerId.toMultihash().bytes])
    expect(numberField(voucher, 3)).toBe(numberField(reservation, 1))
    expect(Number(numberField(reservation, 1))).toBeGreaterThan(Date.now() / 1000 + 600)
  })

  test('[RL21] silent and half-open requests in number cost nobody else anything', async () => {
    const streams = await Promise.all(Array.from({ length: 60 }, async () => await open()))
    for (const stream of streams.slice(0, 30)) stream.send(Uint8Array.of(200))
    await using bystander = await startReservedClient(address)
    expect(bystander.getMultiaddrs().length).toBeGreaterThan(0)
    for (const stream of streams) stream.abort(new TypeError('over'))
    await until(async () => await ask(writeFields([[1, 0]])) === STATUS.OK, 'the same client to be served')
  })
})
