import { randomBytes } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { noise } from '@libp2p/noise'
import { tls } from '@libp2p/tls'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { createPeer, openAccess, type Peer } from '@gloflow/p2p-core'
import { expect, test } from '../support/fixtures.ts'
import { sampleFile } from '../support/files.ts'
import { createTap } from '../support/tap.ts'

const newMarker = (): string => `marker-${randomBytes(16).toString('hex')}`

/** 200 kB in which the marker stands many times, so that no cutting into pieces can hide it. */
const contentWith = (marker: string): Buffer => Buffer.from(`${marker}\n`.repeat(5_000))

test('what two browsers say and send through the relay is nowhere in clear in the relay', async ({ newRelay, newPerson }) => {
  test.setTimeout(240_000)
  const tap = await createTap()
  const relay = await newRelay(tap.relayOptions)
  const ana = await newPerson(`${relay.url}/me`)
  await ana.page.getByTestId('direct-shared').check()
  await ana.page.getByRole('link', { name: 'Network' }).click()
  const anaId = await ana.joined()
  const ben = await newPerson(relay.url)
  const benId = await ben.joined()
  await expect(ana.person(benId)).toHaveAttribute('data-gf-path', 'relayed')
  const [said, sent] = [newMarker(), newMarker()]
  await ana.say(said)
  await ben.hears(anaId, said)
  const file = await sampleFile('marked.txt', 0, contentWith(sent))
  await ana.give(benId, file.path)
  await ben.page.getByTestId('send-accept').click()
  expect(await ben.receivedSha256(file.name)).toBe(file.sha256)
  await expect(ana.person(benId)).toHaveAttribute('data-gf-path', 'relayed')
  expect(await tap.size(), 'the file went through the relay').toBeGreaterThan(contentWith(sent).length)
  expect(await tap.saw(said)).toBe(false)
  expect(await tap.saw(sent)).toBe(false)
})

for (const [name, encrypter] of [['TLS', tls], ['Noise', noise]] as const) {
  test(`what two Node peers say and send through the relay over ${name} is nowhere in clear in the relay @quick`, async ({ newRelay }) => {
    const tap = await createTap()
    const relay = await newRelay(tap.relayOptions)
    const downloads = await mkdtemp(join(tmpdir(), 'gf-downloads-'))
    const start = (): Promise<Peer> => createPeer({
      access: openAccess(),
      downloads,
      relays: [relay.url],
      listen: ['/p2p-circuit'],
      webrtc: false,
      configureLibp2p: (defaults) => ({ ...defaults, connectionEncrypters: [encrypter()] })
    })
    await using first = await start()
    await using second = await start()
    await expect.poll(() => [first, second].map(({ status }) => status.state), { timeout: 20_000 }).toEqual(['online', 'online'])
    await expect.poll(() => first.peers.map(({ id, path }) => `${id.toString()} ${path}`), { timeout: 20_000 }).toEqual([`${second.id.toString()} relayed`])
    expect(first.libp2p.getConnections(second.id).map(({ encryption }) => encryption)).toEqual([expect.stringContaining(name.toLowerCase())])

    const [said, sent] = [newMarker(), newMarker()]
    const heard = new Promise((resolve) => { second.general.events.on('message', ({ body }) => resolve(body['text'])) })
    expect(await first.general.say({ text: said })).toMatchObject({ sentTo: 1 })
    expect(await heard).toBe(said)

    const content = contentWith(sent)
    second.files.events.on('offer', ({ id }) => { void second.files.accept(id) })
    const transfer = await first.files.send(second.id, {
      name: 'marked.txt', bytes: content.length, mediaType: 'text/plain',
      async * read(offset) { yield content.subarray(offset) }
    })
    expect(transfer.state).toBe('done')
    expect(await tap.size(), 'the file went through the relay').toBeGreaterThan(content.length)
    expect(await tap.saw(said)).toBe(false)
    expect(await tap.saw(sent)).toBe(false)
  })
}

test('the same tap finds a marker that is sent to the relay itself @quick', async ({ newRelay }) => {
  const tap = await createTap()
  const relay = await newRelay(tap.relayOptions)
  for (const encrypter of [tls, noise]) {
    const marker = newMarker()
    const node = await createLibp2p({ addresses: { listen: [] }, transports: [tcp()], connectionEncrypters: [encrypter()], streamMuxers: [yamux()], connectionGater: { denyDialMultiaddr: () => false } })
    try {
      const address = relay.multiaddrs.find((each) => each.startsWith('/ip4/127.0.0.1/tcp/') && !each.includes('/ws'))
      expect(address).toBeDefined()
      const stream = await node.dialProtocol(multiaddr(address), '/ipfs/ping/1.0.0')
      stream.send(Buffer.from(marker.slice(0, 32).padEnd(32, '-')))
      await expect.poll(() => tap.saw(marker.slice(0, 32)), { timeout: 10_000 }).toBe(true)
    } finally {
      await node.stop()
    }
  }
})
