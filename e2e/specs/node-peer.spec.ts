import { readFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { expect, test } from '../support/fixtures.ts'
import { sampleFile } from '../support/files.ts'

const MIB = 1024 * 1024
const sha256Of = async (path: string): Promise<string> => createHash('sha256').update(await readFile(path)).digest('hex')

test('a Node peer and a browser see each other and talk both ways @quick', async ({ relay, newPerson, newNodePeer }) => {
  const node = await newNodePeer({ relays: [relay.url] })
  const ana = await newPerson(relay.url)
  const anaId = await ana.joined()
  await ana.meets(node.peerId)
  await node.event('peer:connect', ({ id }) => id === anaId)
  await expect(ana.person(node.peerId)).toHaveAttribute('data-gf-kind', 'node')
  await ana.say('hello, machine')
  const heard = await node.event('message', ({ from }) => from === anaId)
  expect(heard['body']).toMatchObject({ text: 'hello, machine' })
  expect(await node.command('say', { text: 'hello, human' })).toMatchObject({ ok: true, sentTo: 1 })
  await ana.hears(node.peerId, 'hello, human')
})

test('files go from a browser to a Node peer and back @quick', async ({ relay, newPerson, newNodePeer }) => {
  const node = await newNodePeer({ relays: [relay.url] })
  const ana = await newPerson(relay.url)
  const anaId = await ana.joined()
  await ana.meets(node.peerId)
  await node.event('peer:connect', ({ id }) => id === anaId)
  const there = await sampleFile('there.bin', 2 * MIB)
  await ana.give(node.peerId, there.path)
  const done = await node.event('file:done', ({ name }) => name === there.name)
  expect(done).toMatchObject({ state: 'done', sha256: there.sha256 })
  expect(await sha256Of(String(done['location']))).toBe(there.sha256)
  const back = await sampleFile('back.bin', 2 * MIB)
  const sent = node.command('send', { peer: anaId, file: back.path })
  await ana.page.getByTestId('send-accept').click()
  expect(await sent).toMatchObject({ sha256: back.sha256, bytes: 2 * MIB })
  expect(await ana.receivedSha256(back.name)).toBe(back.sha256)
})
