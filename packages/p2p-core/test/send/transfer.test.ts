import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { afterEach, describe, expect, it } from 'vitest'
import type { FileTransfer } from '../../src/protocol/send.ts'
import { connect, until } from '../protocol/nodes.ts'
import { content, newBelongings, removeBelongings, startPerson } from './person.ts'
import type { Person, PersonOptions } from './person.ts'

const stops: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop()
})

async function person(options: PersonOptions = {}): Promise<Person> {
  const one = await startPerson(options)
  stops.push(async () => {
    await one.stop()
    if (options.belongings === undefined) await removeBelongings(one.belongings)
  })
  return one
}

async function pair(receiver: PersonOptions = {}, sender: PersonOptions = {}): Promise<{ a: Person; b: Person }> {
  const [a, b] = [await person(sender), await person(receiver)]
  await connect(a.node, b.node)
  return { a, b }
}

async function hashOf(path: string | undefined): Promise<string> {
  return createHash('sha256').update(await readFile(path ?? '')).digest('hex')
}

describe('sending a file', () => {
  it('[SD8] what is accepted arrives whole, hashed on both sides, with progress', async () => {
    const { a, b } = await pair()
    const progress: FileTransfer[] = []
    a.files.events.on('progress', transfer => progress.push(transfer))
    const source = content(20_000_003)
    const sent = await a.files.send(b.node.peerId, source)
    await until(() => b.ended.length === 1)
    expect(sent).toMatchObject({ direction: 'out', state: 'done', sha256: source.sha256, totalBytes: 20_000_003, doneBytes: 20_000_003 })
    expect(b.offers).toMatchObject([{ name: 'picture.png', bytes: 20_000_003, mediaType: 'image/png' }])
    expect(b.ended).toMatchObject([{ id: b.offers[0]?.id, direction: 'in', state: 'done', sha256: source.sha256, doneBytes: 20_000_003 }])
    expect(await hashOf(b.ended[0]?.location)).toBe(source.sha256)
    expect(progress.some(({ state, doneBytes }) => state === 'running' && doneBytes < 20_000_003)).toBe(true)
    expect(source.readFrom).toEqual([0])
    expect(await readdir(b.belongings.directory)).toEqual(['picture.png'])
    expect(a.files.transfers).toHaveLength(1)
  })

  it('[SD8] files of zero bytes, of one, and of a chunk and one arrive', async () => {
    const { a, b } = await pair()
    for (const bytes of [0, 1, 128 * 1024 + 1]) {
      const source = content(bytes, `${bytes}.png`)
      await a.files.send(b.node.peerId, source)
      await until(() => b.ended.length > 0)
      expect(await hashOf(b.ended.pop()?.location)).toBe(source.sha256)
    }
  })

  it('[SD8] many files to one person go a few at a time, and all arrive', async () => {
    const { a, b } = await pair()
    await Promise.all(Array.from({ length: 20 }, (_, n) => a.files.send(b.node.peerId, content(300_000, `${n}.png`, n))))
    await until(() => b.ended.length === 20)
    expect(b.ended.every(({ state }) => state === 'done')).toBe(true)
    expect((await readdir(b.belongings.directory))).toHaveLength(20)
  })

  it('[SD9] a large file is held in memory neither here nor there', async () => {
    const { a, b } = await pair()
    const source = content(128 * 1024 * 1024)
    const before = process.memoryUsage().rss
    let most = 0
    const timer = setInterval(() => { most = Math.max(most, process.memoryUsage().rss - before) }, 20)
    await a.files.send(b.node.peerId, source)
    clearInterval(timer)
    await until(() => b.ended.length === 1)
    expect(await hashOf(b.ended[0]?.location)).toBe(source.sha256)
    expect(most).toBeLessThan(100 * 1024 * 1024)
  })

  it('[SD10] a declined offer and a cancelled one end on both sides, and leave nothing behind', async () => {
    const { a, b } = await pair({ answer: 'none' })
    const declined = a.files.send(b.node.peerId, content(1000))
    await until(() => b.offers.length === 1)
    expect(b.files.offers).toEqual(b.offers)
    await b.files.decline(b.offers[0]?.id ?? '')
    await expect(declined).rejects.toMatchObject({ code: 'FILE_REFUSED', message: expect.stringContaining('Declined') as string })
    const withdrawn = new AbortController()
    const sending = a.files.send(b.node.peerId, content(1000), { signal: withdrawn.signal })
    await until(() => b.offers.length === 2)
    withdrawn.abort()
    await expect(sending).rejects.toMatchObject({ code: 'ABORTED' })
    await until(() => b.ended.length === 2)
    expect([...a.ended, ...b.ended].map(({ direction, state }) => `${direction} ${state}`)).toEqual(['out declined', 'out cancelled', 'in declined', 'in cancelled'])
    await expect(b.files.accept(b.offers[1]?.id ?? '')).rejects.toMatchObject({ code: 'FILE_REFUSED' })
    expect(b.files.offers).toEqual([])
    expect(await readdir(b.belongings.directory)).toEqual([])
  })

  it.each(['sender', 'receiver'] as const)('[SD10] the %s cancels in the middle', async who => {
    const { a, b } = await pair()
    const sending = a.files.send(b.node.peerId, content(200 * 1024 * 1024))
    await until(() => b.files.transfers.some(({ doneBytes }) => doneBytes > 1_000_000))
    const canceller = who === 'sender' ? a : b
    const refused = expect(sending).rejects.toMatchObject({ code: who === 'sender' ? 'ABORTED' : 'FILE_REFUSED' })
    await canceller.files.cancel(canceller.files.transfers[0]?.id ?? '')
    await refused
    await until(() => b.ended.length === 1)
    expect(b.ended[0]?.state).toBe('cancelled')
    await until(async () => (await readdir(b.belongings.directory)).length === 0)
    await a.files.send(b.node.peerId, content(1000))
  })

  it('[SD1] what cannot be offered is refused before anything is sent', async () => {
    const { a, b } = await pair({}, { maxFileBytes: 1000 })
    await expect(a.files.send(b.node.peerId, content(10, '../../etc/passwd'))).rejects.toMatchObject({ code: 'FILE_NAME_INVALID' })
    await expect(a.files.send(b.node.peerId, content(1001))).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' })
    expect(b.offers).toEqual([])
  })
})

describe('going on', () => {
  it('[SD11] a transfer goes on from where it was when the path is cut and there is another', async () => {
    const { a, b } = await pair()
    const source = content(40_000_000)
    const sending = a.files.send(b.node.peerId, source)
    for (const share of [0.2, 0.6]) {
      await until(() => a.files.transfers.some(({ doneBytes }) => doneBytes > share * source.bytes))
      a.node.getConnections(b.node.peerId)[0]?.abort(new Error('cable pulled'))
      await until(() => a.node.getConnections(b.node.peerId).length === 0)
      await until(() => a.files.transfers.some(({ state }) => state === 'waiting') && b.files.transfers.some(({ state }) => state === 'waiting'))
      await connect(b.node, a.node)
    }
    expect(await sending).toMatchObject({ state: 'done', sha256: source.sha256 })
    await until(() => b.ended.length === 1)
    expect(await hashOf(b.ended[0]?.location)).toBe(source.sha256)
    expect(b.offers).toHaveLength(1)
    expect(source.readFrom).toHaveLength(3)
    expect(source.readFrom[1]).toBeGreaterThan(0.15 * source.bytes)
    expect(source.readFrom[2]).toBeGreaterThan(0.5 * source.bytes)
  })

  it('[SD12] a transfer goes on after both programs were started anew, without asking the person again', async () => {
    const [mine, theirs] = [await newBelongings(), await newBelongings()]
    stops.push(() => removeBelongings(mine), () => removeBelongings(theirs))
    const keys = [await generateKeyPair('Ed25519'), await generateKeyPair('Ed25519')] as const
    const source = content(48_000_000)
    const first = { a: await startPerson({ belongings: mine, privateKey: keys[0] }), b: await startPerson({ belongings: theirs, privateKey: keys[1] }) }
    await connect(first.a.node, first.b.node)
    const sending = first.a.files.send(first.b.node.peerId, source)
    await until(() => first.b.files.transfers.some(({ doneBytes }) => doneBytes > 12_000_000))
    await Promise.all([expect(sending).rejects.toMatchObject({ code: 'STOPPED', retryable: true }), first.a.stop(), first.b.stop()])
    const a = await person({ belongings: mine, privateKey: keys[0] })
    const b = await person({ belongings: theirs, privateKey: keys[1], answer: 'none' })
    await connect(a.node, b.node)
    const again = content(48_000_000)
    let least = Number.POSITIVE_INFINITY
    a.files.events.on('progress', ({ state, doneBytes }) => { if (state === 'running') least = Math.min(least, doneBytes) })
    expect(await a.files.send(b.node.peerId, again)).toMatchObject({ state: 'done', sha256: source.sha256 })
    expect(least).toBeGreaterThan(11_000_000)
    expect(b.offers).toEqual([])
    await until(() => b.ended.length === 1)
    expect(await hashOf(b.ended[0]?.location)).toBe(source.sha256)
  })

  it('[SD12] a peer that stops does not tell the other side to give up what is there', async () => {
    const mine = await newBelongings()
    stops.push(() => removeBelongings(mine))
    const key = await generateKeyPair('Ed25519')
    const first = await startPerson({ belongings: mine, privateKey: key })
    const b = await person()
    await connect(first.node, b.node)
    const sending = first.files.send(b.node.peerId, content(200_000_000))
    await until(() => b.files.transfers.some(({ doneBytes }) => doneBytes > 10_000_000))
    await Promise.all([expect(sending).rejects.toMatchObject({ code: 'STOPPED' }), first.files.stop()])
    await until(() => b.files.transfers.some(({ state }) => state === 'waiting'))
    // What was said on the stream before it ended would be heard by now.
    await new Promise(resolve => { setTimeout(resolve, 300) })
    expect(b.files.transfers).toMatchObject([{ state: 'waiting' }])
    expect(b.ended).toEqual([])
    await first.stop()
  })

  it('[SD12] where another file of that name and size is sent after the restart, the hash tells, and the next try starts anew', async () => {
    const [mine, theirs] = [await newBelongings(), await newBelongings()]
    stops.push(() => removeBelongings(mine), () => removeBelongings(theirs))
    const key = await generateKeyPair('Ed25519')
    const first = await startPerson({ belongings: mine, privateKey: key })
    const b = await person({ belongings: theirs })
    await connect(first.node, b.node)
    const sending = first.files.send(b.node.peerId, content(40_000_000, 'a.png', 1))
    await until(() => b.files.transfers.some(({ doneBytes }) => doneBytes > 10_000_000))
    await Promise.all([expect(sending).rejects.toMatchObject({ code: 'STOPPED', retryable: true }), first.stop()])
    await until(() => b.files.transfers.some(({ state }) => state === 'waiting'))
    const a = await person({ belongings: mine, privateKey: key })
    await connect(a.node, b.node)
    const other = content(40_000_000, 'a.png', 2)
    await expect(a.files.send(b.node.peerId, other)).rejects.toMatchObject({ code: 'FILE_HASH_MISMATCH', retryable: true })
    await until(async () => (await readdir(theirs.directory)).length === 0)
    expect(await a.files.send(b.node.peerId, other)).toMatchObject({ sha256: other.sha256 })
  })
})
