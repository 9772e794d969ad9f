import { readdir } from 'node:fs/promises'
import type { Libp2p } from '@libp2p/interface'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'
import { afterEach, describe, expect, it } from 'vitest'
import { SEND_MAX_INCOMING_PER_PEER, SEND_MAX_WITHDRAWN } from '../../src/limits.ts'
import { createMessageId } from '../../src/protocol/general-wire.ts'
import { createSendQueue } from '../../src/protocol/send-queue.ts'
import { sendProtocol } from '../../src/protocol/send-wire.ts'
import type { OfferMessage, SendMessage } from '../../src/protocol/send-wire.ts'
import { openTransferStore } from '../../src/protocol/transfer-store.ts'
import { connect, startNode, until } from '../protocol/nodes.ts'
import { content, openRogue, removeBelongings, rogueOn, startPerson } from './person.ts'
import type { Person, PersonOptions, Rogue } from './person.ts'

const stops: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop()
})

async function person(options: PersonOptions = {}): Promise<Person> {
  const one = await startPerson(options)
  stops.push(async () => {
    await one.stop()
    await removeBelongings(one.belongings)
  })
  return one
}

async function rogueNode(): Promise<Libp2p> {
  const node = await startNode()
  stops.push(async () => { await node.stop() })
  return node
}

async function rogueSender(options: PersonOptions = {}): Promise<{ victim: Person; node: Libp2p; open: () => Promise<Rogue> }> {
  const [node, victim] = [await rogueNode(), await person(options)]
  await connect(node, victim.node)
  return { victim, node, open: () => openRogue(node, victim.node) }
}

const offer = (over: Partial<OfferMessage> = {}): OfferMessage => ({ type: 'offer', id: createMessageId(), name: 'a.png', bytes: 1000, mediaType: 'image/png', ...over })
const last = (rogue: Rogue): unknown => rogue.received.at(-1)

describe('a hostile sender', () => {
  it.each([
    [{ name: '../../etc/passwd' }, 'FILE_NAME_INVALID'], [{ name: 'a\u0000b' }, 'FILE_NAME_INVALID'], [{ name: '' }, 'FILE_NAME_INVALID'],
    [{ name: 'C:\\Windows\\x.exe' }, 'FILE_NAME_INVALID'], [{ bytes: 2 ** 40 }, 'FILE_TOO_LARGE']
  ])('[SD1] who offers %j is told %s, and nobody is asked', async (over, code) => {
    const { victim, open } = await rogueSender()
    const rogue = await open()
    rogue.say(offer(over))
    await until(() => rogue.received.length === 1)
    expect(last(rogue)).toMatchObject({ type: 'decline', code })
    expect(victim.offers).toEqual([])
    expect(await readdir(victim.belongings.directory)).toEqual([])
  })

  it('[SD13] who sends more than was offered is cut off before it is stored, and told why', async () => {
    const { victim, open } = await rogueSender()
    const rogue = await open()
    rogue.say(offer())
    await until(() => rogue.received.length === 1)
    expect(last(rogue)).toEqual({ type: 'accept', offset: 0 })
    rogue.say({ type: 'data', content: new Uint8Array(900) })
    rogue.say({ type: 'data', content: new Uint8Array(101) })
    await until(() => rogue.received.at(-1)?.type === 'failed')
    expect(last(rogue)).toMatchObject({ code: 'FILE_TOO_LARGE' })
    expect(victim.ended).toMatchObject([{ state: 'failed', doneBytes: 900, error: { code: 'FILE_TOO_LARGE' } }])
    await until(async () => (await readdir(victim.belongings.directory)).length === 0)
  })

  it('[SD13] who ends early, and who claims another hash, leave no file', async () => {
    const { victim, open } = await rogueSender()
    for (const [bytes, code] of [[900, 'FILE_REFUSED'], [1000, 'FILE_HASH_MISMATCH']] as const) {
      const rogue = await open()
      rogue.say(offer())
      await until(() => rogue.received.length === 1)
      rogue.say({ type: 'data', content: new Uint8Array(bytes) })
      rogue.say({ type: 'end', sha256: 'f'.repeat(64) })
      await until(() => rogue.received.at(-1)?.type === 'failed')
      expect(last(rogue)).toMatchObject({ code })
      await until(async () => (await readdir(victim.belongings.directory)).length === 0)
    }
    expect(victim.ended.map(({ error }) => error?.code)).toEqual(['FILE_REFUSED', 'FILE_HASH_MISMATCH'])
  })

  it('[SD14] who talks out of turn, nonsense, or data before the answer, loses the stream and nothing else', async () => {
    const { victim, node, open } = await rogueSender({ answer: 'none' })
    const early = await open()
    early.say(offer())
    early.say({ type: 'data', content: new Uint8Array(10) })
    const noOffer = await open()
    noOffer.say({ type: 'accept', offset: 0 })
    const nonsense = await open()
    nonsense.stream.send(Uint8Array.of(3, 9, 9, 9))
    const huge = await open()
    huge.stream.send(Uint8Array.of(0xff, 0xff, 0xff, 0x7f))
    await until(() => [early, noOffer, nonsense, huge].every(({ stream }) => stream.status !== 'open'))
    expect(victim.ended).toMatchObject([{ state: 'failed', error: { code: 'FRAME_INVALID' } }])
    expect(node.getConnections()[0]?.status).toBe('open')
    expect(victim.files.offers).toEqual([])
  })

  it('[SD15] who floods with offers gets four before a person, and the rest is declined', async () => {
    const { victim, open } = await rogueSender({ answer: 'none' })
    const rogues = await Promise.all(Array.from({ length: 7 }, open))
    for (const rogue of rogues) rogue.say(offer())
    await until(() => rogues.filter(({ received }) => received.length === 1).length === 3)
    expect(rogues.flatMap(({ received }) => received)).toMatchObject(Array.from({ length: 3 }, () => ({ type: 'decline', code: 'LIMIT_REACHED' })))
    expect(victim.offers).toHaveLength(4)
    // Another person is not kept from offering.
    const friend = await person()
    await connect(friend.node, victim.node)
    const sending = friend.files.send(victim.node.peerId, content(1000))
    await until(() => victim.offers.length === 5)
    await victim.files.accept(victim.offers[4]?.id ?? '')
    await sending
  })

  it('[SD16] who offers and takes back again and again is soon declined without a notice, and others are not', async () => {
    const { victim, open } = await rogueSender({ answer: 'none' })
    let answers: readonly SendMessage[] = []
    for (let round = 0; round <= SEND_MAX_WITHDRAWN; round += 1) {
      const rogue = await open()
      rogue.say(offer())
      await until(() => victim.offers.length === round + 1 || rogue.received.length > 0)
      answers = rogue.received
      if (round < SEND_MAX_WITHDRAWN) rogue.say({ type: 'cancel' })
      await until(() => victim.files.offers.length === 0)
      rogue.stream.abort(new Error('the next one'))
    }
    expect(answers).toMatchObject([{ type: 'decline', code: 'LIMIT_REACHED' }])
    expect(victim.offers).toHaveLength(SEND_MAX_WITHDRAWN)
    const friend = await person()
    await connect(friend.node, victim.node)
    const sending = friend.files.send(victim.node.peerId, content(10))
    await until(() => victim.files.offers.length === 1)
    await victim.files.accept(victim.files.offers[0]?.id ?? '')
    await sending
  })

  it('[SD16] who begins files and leaves them holds a bounded number open', async () => {
    const { victim, open } = await rogueSender()
    for (let round = 0; round < SEND_MAX_INCOMING_PER_PEER; round += 1) {
      const rogue = await open()
      rogue.say(offer())
      await until(() => rogue.received.length === 1)
      expect(last(rogue)).toMatchObject({ type: 'accept' })
      rogue.stream.abort(new Error('left'))
    }
    const rogue = await open()
    rogue.say(offer())
    await until(() => rogue.received.length === 1)
    expect(last(rogue)).toMatchObject({ type: 'decline', code: 'LIMIT_REACHED' })
    expect(victim.offers).toHaveLength(SEND_MAX_INCOMING_PER_PEER)
  })

  it('[SD15] an id that another file has is refused; the id of another peer is no matter', async () => {
    const { victim, open } = await rogueSender({ answer: 'none' })
    const friend = await rogueNode()
    await connect(friend, victim.node)
    const [one, two, other] = [await open(), await open(), await openRogue(friend, victim.node)]
    const first = offer()
    one.say(first)
    await until(() => victim.offers.length === 1)
    two.say({ ...first, bytes: 5 })
    other.say(first)
    await until(() => two.received.length === 1 && victim.offers.length === 2)
    expect(last(two)).toMatchObject({ type: 'decline', code: 'FILE_REFUSED' })
    expect(victim.offers[0]?.id).not.toBe(victim.offers[1]?.id)
  })
})

describe('a hostile receiver', () => {
  async function against(answer: (rogue: Rogue) => void): Promise<{ sending: Promise<unknown>; person: Person }> {
    const [node, one] = [await rogueNode(), await person()]
    await node.handle(sendProtocol.id, stream => {
      const rogue = rogueOn(stream, true)
      const timer = setInterval(() => {
        if (rogue.received.length === 0) return
        clearInterval(timer)
        answer(rogue)
      }, 5)
      stops.push(async () => { clearInterval(timer) })
    })
    await connect(one.node, node)
    return { sending: one.files.send(node.peerId, content(100_000)), person: one }
  }

  it.each([
    ['accepts from behind the end', (rogue: Rogue) => { rogue.say({ type: 'accept', offset: 100_001 }) }, 'FRAME_INVALID'],
    ['confirms what was not sent', (rogue: Rogue) => { rogue.say({ type: 'accept', offset: 0 }); rogue.say({ type: 'ack', offset: 100_001 }) }, 'FRAME_INVALID'],
    ['is done before it began', (rogue: Rogue) => { rogue.say({ type: 'done', sha256: '0'.repeat(64) }) }, 'FILE_HASH_MISMATCH'],
    ['is done with another hash', (rogue: Rogue) => { rogue.say({ type: 'accept', offset: 0 }); rogue.say({ type: 'done', sha256: '0'.repeat(64) }) }, 'FRAME_INVALID'],
    ['gives a reason of no known code', (rogue: Rogue) => { rogue.say({ type: 'decline', code: 'RM_RF', reason: 'x' }) }, 'FILE_REFUSED'],
    ['has a full disk', (rogue: Rogue) => { rogue.say({ type: 'accept', offset: 0 }); rogue.say({ type: 'failed', code: 'STORAGE_FULL', reason: 'no room' }) }, 'STORAGE_FULL']
  ])('[SD14] who %s is a typed error', async (_what, answer, code) => {
    const { sending, person: one } = await against(answer)
    await expect(sending).rejects.toMatchObject({ name: 'P2pError', code })
    expect(one.files.transfers).toMatchObject([{ error: { code } }])
  })

  it('[SD8] a peer that was never there is not waited for', async () => {
    const [one, node] = [await person(), await rogueNode()]
    await expect(one.files.send(node.peerId, content(10))).rejects.toMatchObject({ code: 'PEER_NOT_FOUND' })
    await connect(one.node, node)
    await expect(one.files.send(node.peerId, content(10))).rejects.toMatchObject({ code: 'PROTOCOL_UNSUPPORTED' })
  })
})

describe('what is remembered', () => {
  const record = (id: string) => ({ direction: 'out', peer: 'peer', id, name: 'a', bytes: 1, mediaType: 'b', state: 'accepted', sha256: undefined } as const)

  it('[SD12] outlives a restart, for a week, in bounded number; damage is taken out', async () => {
    const datastore = new MemoryDatastore()
    let nowMs = 1_000_000
    const store = await openTransferStore(datastore, () => nowMs)
    for (let n = 0; n < 300; n += 1) {
      nowMs += 1
      await store.put(record(`${n}`))
    }
    await datastore.put(new Key('/gf-transfers/out/peer/broken'), new TextEncoder().encode('{"direction":"out"}'))
    const again = await openTransferStore(datastore, () => nowMs)
    expect([again.get('out', 'peer', '43'), again.get('out', 'peer', '44')?.id]).toEqual([undefined, '44'])
    expect(again.findOutgoing('peer', 'a', 1, 'b')).toBeDefined()
    expect(again.findOutgoing('other', 'a', 1, 'b')).toBeUndefined()
    await again.delete('out', 'peer', '44')
    nowMs += 7 * 24 * 3_600_000 + 1
    const later = await openTransferStore(datastore, () => nowMs)
    expect(later.findOutgoing('peer', 'a', 1, 'b')).toBeUndefined()
    const left: string[] = []
    for await (const key of datastore.queryKeys({ prefix: '/gf-transfers' })) left.push(key.toString())
    expect(left).toEqual([])
  })

  it('[SD15] a queue lets a few run, takes a bounded number, and forgets who stopped', async () => {
    const queue = createSendQueue()
    let running = 0
    let most = 0
    const gates: (() => void)[] = []
    const task = async (): Promise<void> => {
      running += 1
      most = Math.max(most, running)
      await new Promise<void>(resolve => { gates.push(resolve) })
      running -= 1
    }
    const stop = new AbortController()
    const all = Array.from({ length: 20 }, (_, n) => queue.run('peer', n === 10 ? stop.signal : new AbortController().signal, task))
    const stopped = expect(all[10]).rejects.toMatchObject({ code: 'ABORTED' })
    stop.abort()
    await stopped
    const done = Promise.allSettled(all)
    await until(() => {
      gates.shift()?.()
      return running === 0 && gates.length === 0
    })
    await done
    expect(most).toBe(3)
    const many = Array.from({ length: 260 }, () => queue.run('peer', new AbortController().signal, task))
    await expect(many[259]).rejects.toMatchObject({ code: 'LIMIT_REACHED' })
    void Promise.allSettled(many)
  })
})
