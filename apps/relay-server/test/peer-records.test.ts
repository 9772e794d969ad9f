import { MemoryDatastore } from 'datastore-core/memory'
import { Key } from 'interface-datastore'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { PeerRecords, withPeersInMemory } from '../src/peer-records.ts'

test('[RL38] records of peers stay within their number; the one used longest ago goes first', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom('put', 'get', 'delete'), fc.integer({ min: 0, max: 9 })), { maxLength: 100 }), (steps) => {
    const records = new PeerRecords(4)
    let used: number[] = []
    for (const [what, number] of steps) {
      const key = new Key(`/peer${number}`)
      if (what === 'put') records.put(key, Uint8Array.of(number))
      else if (what === 'delete') records.delete(key)
      else if (used.includes(number)) expect(records.get(key)).toEqual(Uint8Array.of(number))
      const was = used.includes(number)
      used = used.filter((other) => other !== number)
      if (what === 'put' || (what === 'get' && was)) used.push(number)
      used = used.slice(-4)
      expect(records.size).toBe(used.length)
      for (const other of used) expect(records.has(new Key(`/peer${other}`))).toBe(true)
    }
  }))
})

test('[RL38] they are in memory, and everything else is where it was', async () => {
  const disk = new MemoryDatastore()
  const datastore = withPeersInMemory(disk, 10)
  const [peer, other] = [new Key('/peers/abc'), new Key('/gloflow/peer-book')]
  await datastore.put(peer, Uint8Array.of(1))
  await datastore.put(other, Uint8Array.of(2))
  expect([await datastore.get(peer), await datastore.get(other)]).toEqual([Uint8Array.of(1), Uint8Array.of(2)])
  expect([disk.has(peer), disk.has(other)]).toEqual([false, true])
  const found: string[] = []
  for await (const { key } of datastore.query({ prefix: '/peers' })) found.push(key.toString())
  expect(found).toEqual(['/peers/abc'])
})
