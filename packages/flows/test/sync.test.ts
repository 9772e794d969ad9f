import { createSigner, parseOperation, type Operation } from '@gloflow/authz'
import { startTestRelay, until } from '@gloflow/p2p-core/testing'
import { describe, expect, it } from 'vitest'
import { coverageOf } from '../src/coverage.ts'
import { MAX_STRANGERS_PER_STREAM, MAX_SYNC_BATCH, MAX_WANTS_PER_STREAM } from '../src/limits.ts'
import { flowSyncProtocol, type SyncMessage } from '../src/sync-wire.ts'
import { byHand, forgeTag, operationsOf, readTo, strangerTag } from './hostile.ts'
import { crypto, type Person, same, share, startPerson } from './people.ts'

/** A flow of `ann` that `bob` is in, with so many tags; both have it. */
async function flowOf(ann: Person, bob: Person, role: 'editor' | 'viewer', tags = 0): Promise<string> {
  await bob.meet(ann)
  const flow = await ann.flows.create('Summer')
  await share(flow, ann, bob, role)
  for (let i = 0; i < tags; i += 1) await ann.flows.tag(flow, `tag ${i}`)
  await same(flow, ann, bob)
  return flow
}

const bytesIn = (frames: readonly SyncMessage[]): readonly Uint8Array[] => frames.flatMap((frame) => (frame.type === 'operations' ? frame.operations : []))

describe('synchronizing', () => {
  it('[FL8] sends exactly what the other side lacks, in bounded batches, parents first', async () => {
    await using ann = await startPerson()
    await using bob = await startPerson()
    const flow = await flowOf(ann, bob, 'editor', 80)
    const all = await operationsOf(ann, flow)
    const stream = await byHand(bob, ann, flow)
    await stream.send({ type: 'heads', tips: coverageOf(all.slice(0, 5)).tips })
    const frames = await readTo(stream, 'done')
    expect(bytesIn(frames).map((bytes) => parseOperation(bytes).id)).toEqual(all.slice(5).map(({ id }) => id))
    expect(frames.map((frame) => (frame.type === 'operations' ? frame.operations.length : frame.type))).toEqual(['heads', MAX_SYNC_BATCH, all.length - 5 - MAX_SYNC_BATCH, 'done'])
    // what is new comes on the same stream
    await ann.flows.tag(flow, 'live')
    expect(bytesIn(await readTo(stream, 'operations'))).toHaveLength(1)
    stream.abort(new Error('cut'))
  })

  it('[FL8] a guess about a chain that is further along there is corrected at the end', async () => {
    await using ann = await startPerson()
    await using bob = await startPerson()
    const flow = await flowOf(ann, bob, 'editor', 3)
    const all = await operationsOf(ann, flow)
    const stream = await byHand(bob, ann, flow)
    // says that it has more of Ann's chain than she has herself, which is not true
    await stream.send({ type: 'heads', tips: [{ did: ann.flows.did, seq: 1_000, id: 'ab'.repeat(32) }] })
    expect(bytesIn(await readTo(stream, 'done'))).toEqual([])
    await stream.send({ type: 'done' })
    expect(bytesIn(await readTo(stream, 'operations'))).toHaveLength(all.length)
    stream.abort(new Error('cut'))
  })

  it('[FL8] nothing is sent back to whom it came from, once it is known what the other side has', async () => {
    await using ann = await startPerson()
    await using bob = await startPerson()
    const flow = await flowOf(ann, bob, 'editor')
    await bob.flows.tag(flow, 'known to both')
    await same(flow, ann, bob)
    await ann.part(bob)
    await bob.flows.tag(flow, 'new')
    const all = await operationsOf(bob, flow)
    await bob.flows.stop()
    await bob.meet(ann)
    const stream = await byHand(bob, ann, flow)
    await stream.send({ type: 'heads', tips: coverageOf(all).tips })
    expect(bytesIn(await readTo(stream, 'done'))).toEqual([])
    await stream.send({ type: 'operations', operations: [all.at(-1)?.bytes ?? new Uint8Array()] })
    await stream.send({ type: 'done' })
    await until(() => ann.flows.get(flow)?.tags.length === 2)
    await ann.flows.tag(flow, 'live')
    const [next] = bytesIn(await readTo(stream, 'operations')).map((bytes) => parseOperation(bytes).id)
    expect(next).toBe((await operationsOf(ann, flow)).at(-1)?.id)
    stream.abort(new Error('cut'))
  })

  it('[FL9] an operation whose past is missing waits; what is missing is asked for', async () => {
    await using ann = await startPerson()
    await using bob = await startPerson()
    const flow = await flowOf(ann, bob, 'editor')
    await ann.part(bob)
    await bob.flows.tag(flow, 'first')
    await bob.flows.tag(flow, 'second')
    const [second, first] = (await operationsOf(bob, flow)).toReversed()
    await bob.flows.stop()
    await bob.meet(ann)
    const stream = await byHand(bob, ann, flow)
    await stream.send({ type: 'heads', tips: [] })
    await stream.send({ type: 'operations', operations: [second?.bytes ?? new Uint8Array()] })
    expect((await readTo(stream, 'want')).at(-1)).toEqual({ type: 'want', ids: [first?.id] })
    expect(ann.flows.get(flow)?.tags).toEqual([])
    await stream.send({ type: 'operations', operations: [first?.bytes ?? new Uint8Array()] })
    await until(() => ann.flows.get(flow)?.tags.join() === 'first,second')
    stream.abort(new Error('cut'))
  })

  it('[FL10] members who reach each other through a relay alone are in step too, and again after a cut', async () => {
    await using relay = await startTestRelay()
    await using ann = await startPerson({ relays: [relay.tcp], listen: [] })
    await using bob = await startPerson({ relays: [relay.tcp], listen: [] })
    await until(() => ann.peer.status.state === 'online' && bob.peer.status.state === 'online')
    await ann.peer.connect(bob.peer.id)
    const flow = await ann.flows.create('Summer')
    await share(flow, ann, bob, 'editor')
    await ann.part(bob)
    await Promise.all([ann.flows.tag(flow, 'one'), bob.flows.tag(flow, 'two')])
    await bob.peer.connect(ann.peer.id)
    await until(() => [ann, bob].every(({ flows }) => flows.get(flow)?.tags.join() === 'one,two'))
    await same(flow, ann, bob)
  })
})

describe('what a member sends by hand', () => {
  it.each([
    ['heads twice', [{ type: 'heads', tips: [] }, { type: 'heads', tips: [] }]],
    ['no operation', [{ type: 'operations', operations: [new Uint8Array(200)] }]],
    ['too many questions', Array.from({ length: MAX_WANTS_PER_STREAM + 1 }, () => ({ type: 'want', ids: ['ab'.repeat(32)] }))]
  ] satisfies [string, SyncMessage[]][])('[FL11] %s ends that stream, and nothing else', async (_, frames) => {
    await using ann = await startPerson()
    await using bob = await startPerson()
    const flow = await flowOf(ann, bob, 'viewer')
    const before = ann.flows.get(flow)
    const stream = await byHand(bob, ann, flow)
    for (const frame of frames) await stream.send(frame)
    await expect(readToEnd(stream)).rejects.toMatchObject({ code: 'STREAM_CLOSED' })
    expect(ann.flows.get(flow)).toEqual(before)
    expect(ann.peer.peers).toHaveLength(1)
  })

  it('[FL11] a false signature, and a flood of strangers’ operations, end the stream and leave no trace', async () => {
    await using ann = await startPerson()
    await using bob = await startPerson()
    const flow = await flowOf(ann, bob, 'editor')
    const before = ann.flows.get(flow)
    const signed = await forgeTag(bob, flow, 'x')
    const forged = signed.bytes.slice()
    const at = forged.length - 1
    forged[at] = (forged[at] ?? 0) ^ 1
    const stream = await byHand(bob, ann, flow)
    await stream.send({ type: 'operations', operations: [forged] })
    await expect(readToEnd(stream)).rejects.toMatchObject({ code: 'STREAM_CLOSED' })
    await using eve = await startPerson()
    const strangers: Operation[] = []
    for (let i = 0; i <= MAX_STRANGERS_PER_STREAM; i += 1) strangers.push(await strangerTag({ ...eve, seed: crypto.random(32) }, ann, flow))
    const again = await bob.peer.open(ann.peer.id, flowSyncProtocol, { resources: [flow] })
    for (const half of [strangers.slice(0, 40), strangers.slice(40)]) await again.send({ type: 'operations', operations: half.map(({ bytes }) => bytes) })
    await expect(readToEnd(again)).rejects.toMatchObject({ code: 'STREAM_CLOSED' })
    expect(ann.told.refused.map(({ code }) => code)).toEqual(strangers.map(() => 'NOT_A_MEMBER'))
    expect(ann.flows.get(flow)).toEqual(before)
  })

  it.each([
    ['no kind', Uint8Array.of(9)],
    ['nothing', Uint8Array.of()],
    ['a list cut short', Uint8Array.of(0, 1, 2, 3)],
    ['an author that is no key', Uint8Array.of(0, ...new Uint8Array(68))],
    ['an operation longer than its frame', Uint8Array.of(1, 0, 0, 1, 0, 7)],
    ['empty operations', Uint8Array.of(1, 0, 0, 0, 0)],
    ['too many operations', Uint8Array.of(1, ...Array.from({ length: MAX_SYNC_BATCH + 1 }, () => [0, 0, 0, 1, 7]).flat())],
    ['too many questions', new Uint8Array(1 + 257 * 32).fill(2, 0, 1)],
    ['more than done', Uint8Array.of(3, 0)]
  ])('[FL11] a frame with %s is refused before anything of it is looked at', (_, frame) => {
    expect(() => flowSyncProtocol.codec.decode(frame)).toThrow(expect.objectContaining({ code: 'FRAME_INVALID' }))
  })

  it('[FL11] frames come back as they were', async () => {
    const { did } = await createSigner(crypto, crypto.random(32))
    const messages: SyncMessage[] = [
      { type: 'heads', tips: [{ did, seq: 2 ** 31 - 1, id: '0f'.repeat(32) }, { did, seq: 0, id: 'f0'.repeat(32) }] },
      { type: 'operations', operations: [crypto.random(300), crypto.random(1)] }, { type: 'want', ids: ['12'.repeat(32)] }, { type: 'done' }
    ]
    for (const message of messages) expect(flowSyncProtocol.codec.decode(flowSyncProtocol.codec.encode(message))).toEqual(message)
  })
})

async function readToEnd(stream: AsyncIterable<SyncMessage>): Promise<void> {
  for await (const frame of stream) void frame
}
