import { Key } from 'interface-datastore'
import { describe, expect, test } from 'vitest'
import { validateGloflowRecord } from '../../src/discovery/dht/dht.ts'
import { RecordStore } from '../../src/discovery/dht/record-store.ts'
import { MAX_DHT_RECORDS, MAX_DHT_RECORDS_PER_PEER, MAX_DHT_RECORD_BYTES, MAX_DHT_VALUES } from '../../src/limits.ts'

const TEST_KEY = new TextEncoder().encode('/gf/0.0.1/key_test_1')

describe('records from outside', () => {
  const provider = (cid: number, peer: string): Key => new Key(`/dht/provider/cid${cid}/${peer}`)

  test('[RL63] a flood of one peer costs no other peer its record', async () => {
    const store = new RecordStore(() => 0)
    store.put(provider(0, 'quiet'), new Uint8Array(1))
    for (let index = 0; index < 10_000; index++) store.put(provider(index, 'loud'), new Uint8Array(1))
    expect(store.size).toBe(MAX_DHT_RECORDS_PER_PEER + 1)
    expect(await store.has(provider(0, 'quiet'))).toBe(true)
    for (let index = 0; index < 1_000; index++) store.put(new Key(`/dht/record/v${index}`), new Uint8Array(1))
    expect(store.size).toBe(MAX_DHT_RECORDS_PER_PEER + 1 + MAX_DHT_VALUES)
    expect(await store.has(provider(0, 'quiet'))).toBe(true)
  })

  test('[RL63] a flood by many peers ends at the store\'s own size, and costs no more the fuller it is', () => {
    const store = new RecordStore(() => 0)
    for (let index = 0; index < 40_000; index++) store.put(provider(index, `peer${index}`), new Uint8Array(1))
    expect(store.size).toBe(MAX_DHT_RECORDS)
    for (let index = 40_000 - MAX_DHT_RECORDS; index < 40_000; index++) store.delete(provider(index, `peer${index}`))
    expect(store.size).toBe(0)
  }, 10_000)

  test('[RL64] what is too large is refused, and what nobody renews ends', async () => {
    let nowMs = 0
    const store = new RecordStore(() => nowMs)
    expect(() => store.put(provider(0, 'a'), new Uint8Array(MAX_DHT_RECORD_BYTES + 1))).toThrow('larger than')
    expect(() => validateGloflowRecord(new Uint8Array(10), new Uint8Array(100_000))).toThrow('larger than')
    expect(() => validateGloflowRecord(TEST_KEY, new Uint8Array(10))).not.toThrow()
    store.put(provider(0, 'old'), new Uint8Array(1))
    nowMs = 25 * 60 * 60 * 1000
    store.put(provider(0, 'new'), new Uint8Array(1))
    expect(await store.has(provider(0, 'old'))).toBe(false)
    expect(store.size).toBe(1)
  })
})
