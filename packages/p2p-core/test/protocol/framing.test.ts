import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFramer, encodeFrame, encodeVarint } from '../../src/protocol/framing.ts'
import { jsonObjectCodec } from '../../src/protocol/json-codec.ts'
import { parseProtocolId, requestIds, requireProtocolId, servedIds, serves } from '../../src/protocol/protocol-id.ts'

const LIMIT = 300

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap(part => [...part]))
}

/** The bytes in pieces, cut at arbitrary places. */
function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = []
  let at = 0
  for (const size of sizes) {
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return [...pieces, bytes.subarray(at)]
}

const content = fc.uint8Array({ maxLength: LIMIT })
const line = content.map(bytes => bytes.map(byte => (byte === 0x0a ? 0x20 : byte)))
const sizes = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 })

describe('frames', () => {
  it('[PR1] come out as they went in, however the bytes are cut (length-prefixed)', () => {
    fc.assert(fc.property(fc.array(content, { maxLength: 8 }), sizes, (frames, where) => {
      const wire = concat(frames.flatMap(frame => encodeFrame('length-prefixed', LIMIT, frame)))
      const framer = createFramer('length-prefixed', LIMIT, 'reset')
      expect(cut(wire, where).flatMap(piece => framer.push(piece))).toEqual(frames)
      expect(framer.atBoundary).toBe(true)
    }))
  })

  it('[PR1] come out as they went in, however the bytes are cut (newline)', () => {
    fc.assert(fc.property(fc.array(line, { maxLength: 8 }), sizes, (frames, where) => {
      const wire = concat(frames.flatMap(frame => encodeFrame('newline', LIMIT, frame)))
      const framer = createFramer('newline', LIMIT, 'reset')
      const out = cut(wire, where).flatMap(piece => framer.push(piece)).map(frame => Uint8Array.from(frame))
      expect(out).toEqual(frames)
    }))
  })

  it('[PR2] any bytes lead to frames within the limit or to a typed error', () => {
    fc.assert(fc.property(fc.constantFrom('length-prefixed', 'newline'), fc.uint8Array({ maxLength: 2000 }), sizes, (framing, wire, where) => {
      const framer = createFramer(framing, LIMIT, 'reset')
      try {
        for (const piece of cut(wire, where)) {
          for (const frame of framer.push(piece)) expect(frame.byteLength).toBeLessThanOrEqual(LIMIT)
        }
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^FRAME_(TOO_LARGE|INVALID)$/) as string })
      }
    }))
  })

  it('[PR2] a length over the limit is refused before its content is there', () => {
    const framer = createFramer('length-prefixed', LIMIT, 'reset')
    expect(() => framer.push(encodeVarint(LIMIT + 1))).toThrow(expect.objectContaining({ code: 'FRAME_TOO_LARGE' }))
    expect(createFramer('length-prefixed', LIMIT, 'reset').push(encodeVarint(LIMIT))).toEqual([])
  })

  it('[PR2] a length with needless or endless bytes is refused', () => {
    expect(() => createFramer('length-prefixed', LIMIT, 'reset').push(Uint8Array.of(0x81, 0x00))).toThrow(expect.objectContaining({ code: 'FRAME_INVALID' }))
    expect(() => createFramer('length-prefixed', LIMIT, 'reset').push(Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80))).toThrow(expect.objectContaining({ code: 'FRAME_INVALID' }))
  })

  it('[PR2] what is over the limit or holds a newline is not sent', () => {
    expect(() => encodeFrame('length-prefixed', 3, new Uint8Array(4))).toThrow(expect.objectContaining({ code: 'FRAME_TOO_LARGE' }))
    expect(() => encodeFrame('newline', 3, Uint8Array.of(1, 0x0a))).toThrow(expect.objectContaining({ code: 'FRAME_INVALID' }))
  })

  it('[PR3] a dropping newline framer loses only the lines over the limit, and counts them', () => {
    const lines = fc.array(fc.oneof(line, fc.uint8Array({ minLength: LIMIT + 1, maxLength: 3 * LIMIT }).map(bytes => bytes.map(byte => (byte === 0x0a ? 1 : byte)))), { maxLength: 8 })
    fc.assert(fc.property(lines, sizes, (frames, where) => {
      const wire = concat(frames.flatMap(frame => [frame, Uint8Array.of(0x0a)]))
      const framer = createFramer('newline', LIMIT, 'drop')
      const out = cut(wire, where).flatMap(piece => framer.push(piece)).map(frame => Uint8Array.from(frame))
      const kept = frames.filter(frame => frame.byteLength <= LIMIT)
      expect(out).toEqual(kept)
      expect(framer.discardedFrames).toBe(frames.length - kept.length)
      expect(framer.discardedBytes).toBe(frames.reduce((sum, frame) => sum + (frame.byteLength > LIMIT ? frame.byteLength : 0), 0))
    }))
  })
})

describe('JSON objects', () => {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

  it('[PR4] only objects in UTF-8 of bounded depth are read', () => {
    expect(jsonObjectCodec.decode(encode('{"a":[1,{"b":null}]}'))).toEqual({ a: [1, { b: null }] })
    const deep = `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`
    for (const bytes of [encode('[]'), encode('"x"'), encode('null'), encode('1'), encode(''), encode('{'), encode(deep), Uint8Array.of(0x7b, 0xff, 0x7d)]) {
      expect(() => jsonObjectCodec.decode(bytes)).toThrow(expect.objectContaining({ code: 'FRAME_INVALID' }))
    }
  })

  it('[PR4] any bytes give an object or FRAME_INVALID', () => {
    fc.assert(fc.property(fc.oneof(fc.uint8Array(), fc.json().map(encode)), bytes => {
      try {
        expect(jsonObjectCodec.decode(bytes)).toBeTypeOf('object')
      } catch (error) {
        expect(error).toMatchObject({ code: 'FRAME_INVALID' })
      }
    }))
  })
})

describe('versions', () => {
  it.each([
    ['/gf/x/1.2.0', '/gf/x/1.0.0', true],
    ['/gf/x/1.2.0', '/gf/x/1.2.7', true],
    ['/gf/x/1.2.0', '/gf/x/1.3.0', false],
    ['/gf/x/1.2.0', '/gf/x/2.0.0', false],
    ['/gf/x/1.2.0', '/gf/y/1.2.0', false],
    ['/gf/x/0.2.3', '/gf/x/0.2.1', true],
    ['/gf/x/0.2.3', '/gf/x/0.2.4', false],
    ['/gf/x/0.2.3', '/gf/x/0.1.0', false],
    ['/gf/general/0.0.1', '/gf/general/0.0.1', true],
    ['/gf/general/0.0.2', '/gf/general/0.0.1', false]
  ])('[PR5] %s serves a request for %s: %s', (served, requested, expected) => {
    expect(serves(requireProtocolId(served), requireProtocolId(requested))).toBe(expected)
  })

  it('[PR5] every ID that is registered is one that is served, the own one first, and the list is bounded', () => {
    const version = fc.record({ major: fc.nat(3), minor: fc.nat(40), patch: fc.nat(40) })
    fc.assert(fc.property(version, parts => {
      const id = { name: '/gf/x', ...parts }
      const ids = servedIds(id)
      expect(ids[0]).toBe(`/gf/x/${id.major}.${id.minor}.${id.patch}`)
      expect(ids.length).toBeLessThanOrEqual(16)
      expect(new Set(ids).size).toBe(ids.length)
      for (const text of ids) expect(serves(id, requireProtocolId(text))).toBe(true)
    }))
  })

  it('[PR5] a peer that advertises only other versions is asked for one that serves, the oldest first', () => {
    const wanted = requireProtocolId('/gf/x/1.1.0')
    expect(requestIds(wanted, ['/gf/x/1.1.0', '/gf/x/1.2.0'])).toEqual(['/gf/x/1.1.0'])
    expect(requestIds(wanted, ['/gf/x/1.9.3', '/gf/x/1.1.5', '/gf/x/2.0.0'])).toEqual(['/gf/x/1.1.5', '/gf/x/1.1.0'])
    expect(requestIds(wanted, ['/gf/x/1.0.0', '/meshsub/1.1.0', 'nonsense'])).toEqual(['/gf/x/1.1.0'])
  })

  it('[PR5] what is not an ID is refused', () => {
    for (const text of ['', 'x', '/1.0.0', '/x', '/x/1.0', '/x/1.0.0.0', '/x/01.0.0', '/x y/1.0.0', '/x/1.0.0\n', `/${'x'.repeat(300)}/1.0.0`]) {
      expect(parseProtocolId(text)).toBeUndefined()
    }
  })
})
