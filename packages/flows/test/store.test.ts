import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '@gloflow/p2p-core/testing'
import { MemoryDatastore } from 'datastore-core/memory'
import { LevelDatastore } from 'datastore-level'
import { Key } from 'interface-datastore'
import { expect, it } from 'vitest'
import { operationsOf } from './hostile.ts'
import { same, share, startPerson } from './people.ts'

it('[FL12] a restart keeps flows, keys, roles and texts', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'gf-flows-'))
  const path = join(dir, 'store')
  await using ann = await startPerson()
  const store = new LevelDatastore(path)
  await store.open()
  const bob = await startPerson({ store })
  await bob.meet(ann)
  const flow = await ann.flows.create('Summer')
  await share(flow, ann, bob, 'tagger')
  await bob.flows.tag(flow, 'sea')
  await same(flow, ann, bob)
  const before = bob.flows.get(flow)
  await bob[Symbol.asyncDispose]()
  await store.close()
  const reopened = new LevelDatastore(path)
  await reopened.open()
  {
    await using again = await startPerson({ store: reopened, seed: bob.seed })
    expect(again.flows.get(flow)).toEqual(before)
    await again.meet(ann)
    await again.flows.tag(flow, 'sand')
    await until(() => ann.flows.get(flow)?.tags.join() === 'sand,sea')
  }
  await reopened.close()
  await rm(dir, { recursive: true })
})

it('[FL13] a store that lost its end has the state of what is left, writes nothing, and is whole again after a sync', async () => {
  await using ann = await startPerson()
  const store = new MemoryDatastore()
  const bob = await startPerson({ store })
  await bob.meet(ann)
  const flow = await ann.flows.create('Summer')
  await share(flow, ann, bob, 'tagger')
  await bob.flows.tag(flow, 'one')
  const earlier = bob.flows.get(flow)
  await bob.flows.tag(flow, 'two')
  await same(flow, ann, bob)
  const last = (await operationsOf(bob, flow)).at(-1)
  await bob[Symbol.asyncDispose]()
  const key = new Key(`/gf/flows/1/flow/${flow}/op/${last?.id ?? ''}`)
  await store.put(key, (last?.bytes ?? new Uint8Array()).slice(0, 100))
  await using again = await startPerson({ store, seed: bob.seed })
  expect(again.flows.get(flow)).toEqual({ ...earlier, damaged: true })
  await expect(again.flows.tag(flow, 'three')).rejects.toMatchObject({ code: 'FLOW_DAMAGED', retryable: true })
  await again.meet(ann)
  await same(flow, ann, again)
  expect(again.flows.get(flow)).toMatchObject({ tags: ['one', 'two'], damaged: false })
  await again.flows.tag(flow, 'three')
  await until(() => ann.flows.get(flow)?.tags.join() === 'one,three,two')
  expect(await store.get(key)).toEqual(last?.bytes)
})

it('[FL14] what cannot be written is a typed error, counts nowhere and is sent to nobody', async () => {
  const store = new MemoryDatastore()
  await using ann = await startPerson({ store })
  await using bob = await startPerson()
  await bob.meet(ann)
  const flow = await ann.flows.create('Summer')
  await share(flow, ann, bob, 'tagger')
  const before = ann.flows.get(flow)
  const batch = store.batch.bind(store)
  store.batch = () => ({ ...batch(), commit: async () => { throw new Error('disk full') } })
  await expect(ann.flows.tag(flow, 'mine')).rejects.toMatchObject({ code: 'STORE_FAILED', retryable: true })
  await bob.flows.tag(flow, 'theirs')
  await until(() => ann.told.problem.length > 0)
  expect(ann.flows.get(flow)).toEqual(before)
  expect(ann.told.problem[0]).toMatchObject({ flow, error: { code: 'STORE_FAILED' } })
  store.batch = batch
  await ann.flows.tag(flow, 'mine')
  await until(() => [ann, bob].every(({ flows }) => flows.get(flow)?.tags.join() === 'mine,theirs'))
  await same(flow, ann, bob)
})
