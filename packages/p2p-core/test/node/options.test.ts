import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isP2pError, openAccess, P2pError } from '../../src/index.ts'
import { parseConnectTarget } from '../../src/connect-target.ts'
import { dialError } from '../../src/dial-error.ts'
import { DEFAULT_PEER_OPTIONS, resolvePeerOptions } from '../../src/options.ts'
import { stateOf } from '../../src/status.ts'

const ID = '12D3KooWKG8HRc3tud3MzFQFmLFjNu71veQJKN6WBXE7KM3XLpQP'

describe('options of a peer', () => {
  it('[PC1] every problem is told at once, as OPTION_INVALID', () => {
    const options = { access: openAccess(), relays: ['relay.example', 'https://good.example'], listen: ['0.0.0.0:4001'], network: 'no spaces', storageName: '../x', pingIntervalMs: -1 }
    expect(() => resolvePeerOptions(options)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    try {
      resolvePeerOptions(options)
    } catch (error) {
      const { message } = error as P2pError
      for (const part of ['relay.example', '0.0.0.0:4001', 'network', 'storageName', 'pingIntervalMs']) expect(message).toContain(part)
      expect(message).not.toContain('good.example')
    }
  })

  it('[PC1] there is no access policy by omission', () => {
    expect(() => resolvePeerOptions({} as never)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID', message: expect.stringContaining('access') }))
  })

  it('[PC1] a key with the value undefined does not hide a default', () => {
    const given = { access: openAccess(), network: undefined } as never
    expect(resolvePeerOptions(given).network).toBe(DEFAULT_PEER_OPTIONS.network)
  })
})

describe('whom to connect to', () => {
  it('[PC2] a multiaddr with a PeerId, a circuit address, and a PeerId alone are understood', () => {
    expect(parseConnectTarget(` /ip4/127.0.0.1/tcp/4001/p2p/${ID}\n`)).toMatchObject({ address: { } })
    expect(parseConnectTarget(`/ip4/127.0.0.1/tcp/4001/p2p/${ID}/p2p-circuit/p2p/${ID}`).peer.toString()).toBe(ID)
    expect(parseConnectTarget(ID).address).toBeUndefined()
    expect(parseConnectTarget(`/p2p/${ID}`).address).toBeUndefined()
  })

  it('[PC2] what is wrong is ADDRESS_INVALID, with what is wrong about it and how it looks when right', () => {
    const wrong: [string, RegExp][] = [
      ['', /empty/], ['https://relay.example/', /URL/], ['/ip4/127.0.0.1/tcp/4001', /which peer/], ['/ip4/300.1.1.1/tcp/1', /not a multiaddr/],
      ['/ip4/127.0.0.1/tcp/99999/p2p/' + ID, /not a multiaddr/], ['hello', /not a PeerId/], ['/p2p/hello', /not a multiaddr|not a PeerId/], ['/'.repeat(5_000), /5000 characters/]
    ]
    for (const [text, says] of wrong) {
      expect(() => parseConnectTarget(text)).toThrow(expect.objectContaining({ code: 'ADDRESS_INVALID', message: expect.stringMatching(says) }))
    }
  })

  it('[PC2] no text at all makes anything but a typed error', () => {
    const pieces = fc.array(fc.oneof(fc.constantFrom('/ip4/', '/dns4/', '/p2p/', '/tcp/', '/ws', '/p2p-circuit', '127.0.0.1', ID, '65536'), fc.string({ maxLength: 10 })), { maxLength: 12 })
    fc.assert(fc.property(fc.oneof(fc.string({ maxLength: 100 }), pieces.map((list) => list.join(''))), (text) => {
      try {
        parseConnectTarget(text)
      } catch (error) {
        expect(isP2pError(error, 'ADDRESS_INVALID')).toBe(true)
      }
    }), { numRuns: 500 })
  })
})

describe('why a dial failed', () => {
  it('[PC3] each failure has a code that a person can act on', () => {
    const named = (name: string, message = name): Error => Object.assign(new Error(message), { name })
    const cases: [unknown, string, boolean][] = [
      [new AggregateError([named('TimeoutError'), named('EncryptionFailedError', 'PEER_ID_MISMATCH: x')]), 'PEER_ID_MISMATCH', false],
      [named('DialDeniedError'), 'ADDRESS_FORBIDDEN', false], [named('NoValidAddressesError'), 'PEER_NOT_FOUND', true],
      [named('TimeoutError'), 'DIAL_TIMEOUT', true], [new Error('ECONNREFUSED'), 'DIAL_FAILED', true],
      [named('DialError', 'Tried to dial self'), 'ADDRESS_INVALID', false], [{ type: 'error' }, 'DIAL_FAILED', true], ['text', 'DIAL_FAILED', true]
    ]
    for (const [thrown, code, retryable] of cases) expect(dialError(thrown, ID)).toMatchObject({ code, retryable })
  })

  it('[PC3] a dial that the caller stopped is ABORTED, and a typed error stays what it is', () => {
    expect(dialError(new Error('aborted'), ID, AbortSignal.abort())).toMatchObject({ code: 'ABORTED' })
    const typed = new P2pError('RELAY_FULL', 'full')
    expect(dialError(typed, ID)).toBe(typed)
  })
})

describe('the state of a peer', () => {
  const relays = (...states: string[]) => states.map((state) => ({ state })) as Parameters<typeof stateOf>[0]['relays']

  it('[PC4] is one word for relays, reservations and people', () => {
    const table: [Parameters<typeof stateOf>[0], string][] = [
      [{ relays: relays(), hasPeers: false, listens: true }, 'online'], [{ relays: relays(), hasPeers: false, listens: false }, 'offline'],
      [{ relays: relays('idle'), hasPeers: false, listens: true }, 'connecting'], [{ relays: relays('dialing', 'waiting'), hasPeers: false, listens: true }, 'connecting'],
      [{ relays: relays('connected'), hasPeers: false, listens: true }, 'degraded'], [{ relays: relays('reserved', 'waiting'), hasPeers: false, listens: true }, 'degraded'],
      [{ relays: relays('waiting'), hasPeers: true, listens: true }, 'degraded'], [{ relays: relays('reserved', 'reserved'), hasPeers: false, listens: true }, 'online'],
      [{ relays: relays('waiting', 'stopped'), hasPeers: false, listens: true }, 'offline']
    ]
    for (const [facts, state] of table) expect([facts, stateOf(facts)]).toEqual([facts, state])
  })
})
