import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bindingResponse, parseBindingRequest } from '../src/stun/binding.ts'
import { startStunServer } from '../src/stun/stun-server.ts'
import type { StunOutcome, StunServer } from '../src/stun/stun-server.ts'
import { MAX_STUN_AMPLIFICATION, STUN_BURST_PER_SOURCE } from '../src/limits.ts'
import { until } from './support/client.ts'

const COOKIE = [0x21, 0x12, 0xa4, 0x42]
const TRANSACTION = Array.from({ length: 12 }, (_, index) => index + 1)

function request(attributes: readonly number[] = [], header: Partial<{ type: number[]; length: number; cookie: number[] }> = {}): Uint8Array {
  const length = header.length ?? attributes.length
  return Uint8Array.from([...(header.type ?? [0, 1]), length >> 8, length & 0xff, ...(header.cookie ?? COOKIE), ...TRANSACTION, ...attributes])
}

/** Reads XOR-MAPPED-ADDRESS back, independent of the code under test. */
function mapped(response: Uint8Array): { readonly port: number; readonly address: readonly number[] } {
  const view = new DataView(response.buffer, response.byteOffset)
  expect(view.getUint16(0)).toBe(0x0101)
  expect(view.getUint16(20)).toBe(0x0020)
  const mask = [...COOKIE, ...TRANSACTION]
  return { port: view.getUint16(26) ^ 0x2112, address: [...response.subarray(28)].map((byte, index) => byte ^ (mask[index] ?? 0)) }
}

describe('messages', () => {
  test('[RL40] a request is answered with where it came from, for IPv4 and IPv6', () => {
    const parsed = parseBindingRequest(request())
    if (parsed === undefined) throw new TypeError('not parsed')
    expect(mapped(bindingResponse(parsed, { address: '::ffff:192.0.2.7', port: 40_000 }))).toEqual({ port: 40_000, address: [192, 0, 2, 7] })
    expect(mapped(bindingResponse(parsed, { address: '3fff::1:2', port: 1 }))).toEqual({ port: 1, address: [0x3f, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2] })
  })

  test.each([
    ['too short', new Uint8Array(19)],
    ['too long', request([0x80, 0x22, 2, 0x60, ...Array.from({ length: 0x260 }, () => 0)])],
    ['another method', request([], { type: [0, 3] })],
    ['a response', request([], { type: [1, 1] })],
    ['an indication', request([], { type: [0, 0x11] })],
    ['no cookie (RFC 3489)', request([], { cookie: [1, 2, 3, 4] })],
    ['a wrong length', request([], { length: 8 })],
    ['an attribute that is cut off', request([0x80, 0x22, 0, 8])],
    ['a length that is no multiple of 4', request([1, 2], { length: 2 })]
  ])('[RL41] %s gets no answer', (_name, datagram) => {
    expect(parseBindingRequest(datagram)).toBeUndefined()
  })

  test('[RL41] an attribute that has to be understood and is not is answered with 420 and its number', () => {
    const parsed = parseBindingRequest(request([0, 3, 0, 4, 0, 0, 0, 6]))
    if (parsed === undefined) throw new TypeError('not parsed')
    const response = bindingResponse(parsed, { address: '192.0.2.7', port: 1 })
    expect([...response.subarray(0, 2), ...response.subarray(20)]).toEqual([1, 0x11, 0, 9, 0, 4, 0, 0, 4, 20, 0, 10, 0, 2, 0, 3, 0, 0])
  })

  test('[RL42] whatever comes, an answer is at most 2.2 times the request, with its transaction, and nothing throws', () => {
    const attribute = fc.tuple(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0, max: 12 })).map(([type, size]) => [type >> 8, type & 0xff, 0, size * 4, ...Array.from({ length: size * 4 }, () => 0)])
    const wellFormed = fc.array(attribute, { maxLength: 20 }).map((attributes) => request(attributes.flat()))
    fc.assert(fc.property(fc.oneof(wellFormed, fc.uint8Array({ maxLength: 700 })), fc.ipV6(), (datagram, address) => {
      const parsed = parseBindingRequest(datagram)
      if (parsed === undefined) return
      const response = bindingResponse(parsed, { address, port: 5 })
      expect(response.length / datagram.length).toBeLessThanOrEqual(MAX_STUN_AMPLIFICATION)
      expect([...response.subarray(8, 20)]).toEqual(TRANSACTION)
      expect(new DataView(response.buffer).getUint16(2)).toBe(response.length - 20)
    }), { numRuns: 500 })
  })
})

describe('the service', () => {
  const outcomes = new Map<StunOutcome, number>()
  let nowMs = 0
  let server: StunServer
  let socket: Socket
  let replies = 0
  beforeAll(async () => {
    server = await startStunServer({ port: 0, host: '127.0.0.1', now: () => nowMs, onOutcome: (outcome) => { outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1) } })
    socket = createSocket('udp4').on('message', () => { replies += 1 })
    await new Promise<void>((resolve) => { socket.bind(0, '127.0.0.1', resolve) })
  })
  afterAll(async () => {
    socket.close()
    await server.close()
  })

  test('[RL43] a source gets one answer a request up to its rate; what is beyond is counted and not answered; malformed ones are counted', async () => {
    for (let index = 0; index < 200; index++) socket.send(request(), server.port, '127.0.0.1')
    socket.send(Uint8Array.from([1, 2, 3]), server.port, '127.0.0.1')
    await until(() => [...outcomes.values()].reduce((sum, count) => sum + count, 0) === 201 && replies === STUN_BURST_PER_SOURCE, 'all datagrams')
    expect(Object.fromEntries(outcomes)).toEqual({ answered: STUN_BURST_PER_SOURCE, limited: 200 - STUN_BURST_PER_SOURCE, malformed: 1 })
    nowMs += 10_000
    socket.send(request(), server.port, '127.0.0.1')
    await until(() => replies === STUN_BURST_PER_SOURCE + 1, 'an answer after a quiet time')
  })
})
