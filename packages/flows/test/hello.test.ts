import { encodeBundle, parseBundle } from '@gloflow/authz'
import { until } from '@gloflow/p2p-core/testing'
import { expect, it } from 'vitest'
import { flowHelloProtocol, type HelloMessage } from '../src/hello-wire.ts'
import { MAX_OFFERS_PER_PEER } from '../src/limits.ts'
import { type Person, same, share, startPerson } from './people.ts'

async function offerTo(from: Person, to: Person, bytes: Uint8Array): Promise<HelloMessage | undefined> {
  await using stream = await from.peer.open(to.peer.id, flowHelloProtocol)
  await stream.send({ type: 'offer', bytes })
  for await (const answer of stream) return answer
  return undefined
}

it('[FL15] an offer is taken only with a chain that holds, ends here, and contains who offers it', async () => {
  await using ann = await startPerson()
  await using bob = await startPerson()
  await using eve = await startPerson()
  await bob.meet(ann)
  await eve.meet(ann)
  await eve.meet(bob)
  const flow = await ann.flows.create('Summer')
  await ann.flows.add(flow, bob.peer.id, 'viewer')
  const proof = bob.told.offer[0]?.proof ?? new Uint8Array()
  const { links } = parseBundle(proof)
  bob.flows.decline(flow)
  expect(await offerTo(eve, bob, proof)).toEqual({ type: 'refused' })
  expect(await offerTo(ann, eve, proof)).toEqual({ type: 'refused' })
  expect(await offerTo(ann, bob, encodeBundle(links.slice(0, 1)))).toEqual({ type: 'refused' })
  const broken = proof.slice()
  broken[broken.length - 1] = (broken[broken.length - 1] ?? 0) ^ 1
  expect(await offerTo(ann, bob, broken)).toEqual({ type: 'refused' })
  expect(bob.flows.offers).toEqual([])
  expect(await offerTo(ann, bob, proof)).toEqual({ type: 'taken' })
  await bob.flows.join(flow)
  await same(flow, ann, bob)
})

it('[FL15] of one peer only so many offers wait', async () => {
  await using ann = await startPerson()
  await using bob = await startPerson()
  await bob.meet(ann)
  for (let i = 0; i < MAX_OFFERS_PER_PEER; i += 1) await ann.flows.add(await ann.flows.create(`Flow ${i}`), bob.peer.id, 'viewer')
  await expect(ann.flows.add(await ann.flows.create('One more'), bob.peer.id, 'viewer')).rejects.toMatchObject({ code: 'PEER_UNSUITABLE', retryable: true })
  expect(bob.flows.offers).toHaveLength(MAX_OFFERS_PER_PEER)
})

it('[FL1] who was removed is let in again by a new grant, and an admin adds people too', async () => {
  await using ann = await startPerson()
  await using bob = await startPerson()
  await using eve = await startPerson()
  await bob.meet(ann)
  await eve.meet(bob)
  const flow = await ann.flows.create('Summer')
  await share(flow, ann, bob, 'admin')
  await share(flow, bob, eve, 'tagger')
  await same(flow, ann, bob, eve)
  await bob.flows.remove(flow, eve.flows.did)
  await until(() => eve.told.denied.length > 0)
  await ann.flows.tag(flow, 'meanwhile')
  await same(flow, ann, bob)
  await bob.flows.add(flow, eve.peer.id, 'tagger')
  await same(flow, ann, bob, eve)
  expect(eve.flows.get(flow)).toMatchObject({ name: 'Summer', tags: ['meanwhile'], role: 'tagger' })
  await expect(bob.flows.remove(flow, ann.flows.did)).rejects.toMatchObject({ code: 'OWNER_IRREMOVABLE' })
  await bob.flows.rename(flow, 'Autumn')
  await until(() => eve.flows.get(flow)?.name === 'Autumn')
})
