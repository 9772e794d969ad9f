import { MemoryDatastore } from 'datastore-core'
import * as fc from 'fast-check'
import { Key } from 'interface-datastore'
import { fromString } from 'uint8arrays/from-string'
import { describe, expect, test } from 'vitest'
import { RELAY_RETRY_HIDDEN_MS, RELAY_RETRY_MAX_MS, RELAY_RETRY_MIN_MS, RELAY_RETRY_REFUSED_MS } from '../../src/limits.ts'
import { retryDelayMs } from '../../src/relays/backoff.ts'
import { dialGroups } from '../../src/relays/dial-order.ts'
import { createLatch } from '../../src/relays/latch.ts'
import { createDatastorePins, createMemoryPins } from '../../src/relays/pins.ts'

describe('the delay before the next attempt', () => {
  test('[RS9] grows to a cap and no further, is spread over half of itself, and there is always a next one', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.boolean(), fc.boolean(), fc.double({ min: 0, max: 0.999999, noNaN: true }), (failures, hidden, refused, random) => {
      const delayMs = retryDelayMs({ failures, hidden, refused, random })
      const capMs = refused ? RELAY_RETRY_REFUSED_MS : hidden ? RELAY_RETRY_HIDDEN_MS : RELAY_RETRY_MAX_MS
      expect(delayMs).toBeGreaterThanOrEqual(RELAY_RETRY_MIN_MS / 2)
      expect(delayMs).toBeLessThanOrEqual(capMs)
      expect(retryDelayMs({ failures: failures + 1, hidden, refused, random })).toBeGreaterThanOrEqual(delayMs)
    }))
    const spread = [0, 0.25, 0.5, 0.99].map(random => retryDelayMs({ failures: 20, hidden: false, refused: false, random }))
    expect(new Set(spread).size).toBe(4)
  })
})

describe('the order of dialling', () => {
  const ip = '/ip4/172.17.0.1/tcp/1/ws/p2p/12D3KooWGHNSGhe28TK3U4nmVCe5hjkGWbUFs5MwZNeQYKMSNaYR'
  const [page, local] = [ip.replace('ip4/172.17.0.1', 'dns4/relay.example'), ip.replace('172.17.0.1', '127.0.0.1')]
  test.each([
    ['the host of the page first', 'https://relay.example/', undefined, [[page], [ip, page, local]]],
    ['this device is one host by several names', 'http://localhost:8080/', undefined, [[local], [ip, page, local]]],
    ['what worked last before that', 'https://relay.example/', ip, [[ip], [page], [ip, page, local]]],
    ['what worked last and is gone does not count', 'https://relay.example/', '/ip4/10.0.0.1/tcp/1', [[page], [ip, page, local]]],
    ['without a page there is no guess', page, undefined, [[ip, page, local]]]
  ])('[RS9] %s', (_, source, last, expected) => {
    expect(dialGroups([ip, page, local], source, last)).toEqual(expected)
  })
})

describe('a latch', () => {
  test('[RS10] a wake-up is never lost: it ends the wait that is under way, or the next one', async () => {
    const latch = createLatch()
    const { signal } = new AbortController()
    latch.wake()
    await latch.wait(undefined, signal)
    const waiting = latch.wait(undefined, signal)
    latch.wake()
    await waiting
    const startMs = performance.now()
    await latch.wait(30, signal)
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(25)
    await latch.wait(undefined, AbortSignal.abort())
  })
})

describe('pins', () => {
  test.each([['in memory', () => createMemoryPins()], ['in a datastore', () => createDatastorePins(new MemoryDatastore())]])('[RS3] %s are kept for each relay as it was configured', async (_, create) => {
    const pins = create()
    expect(await pins.get('https://a.example/')).toBeUndefined()
    await pins.set('https://a.example/', { peerId: 'A', seq: 1 })
    await pins.set('https://a.example/?x=/../b', { peerId: 'B', seq: 2 })
    expect(await pins.get('https://a.example/')).toEqual({ peerId: 'A', seq: 1 })
    expect(await pins.get('https://a.example/?x=/../b')).toEqual({ peerId: 'B', seq: 2 })
  })

  test('[RS3] one that is not understood counts as none', async () => {
    const datastore = new MemoryDatastore()
    const pins = createDatastorePins(datastore)
    await pins.set('s', { peerId: 'A', seq: 1 })
    for await (const { key } of datastore.query({})) await datastore.put(new Key(key.toString()), fromString('{"peerId":7}'))
    expect(await pins.get('s')).toBeUndefined()
  })
})
