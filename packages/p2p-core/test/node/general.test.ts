import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryDatastore } from 'datastore-core/memory'
import { describe, expect, it } from 'vitest'
import { createPeer, openAccess, type GeneralMessage, type Peer, type PeerOptions } from '../../src/index.ts'
import { openPeerBook } from '../../src/persistence/peer-book.ts'
import { startTestRelay, until } from '../../testing/index.ts'

function start(options: Partial<PeerOptions> = {}): Promise<Peer> {
  return createPeer({ access: openAccess(), webrtc: false, listen: [], ...options })
}

describe('the protocols of a peer', () => {
  it('[PC15] a message goes over the relay to those who are here, and not to the relay', async () => {
    await using relay = await startTestRelay()
    await using alice = await start({ relays: [relay.tcp] })
    await using bob = await start({ relays: [relay.ws] })
    await until(() => alice.status.state === 'online' && bob.status.state === 'online')
    await alice.connect(bob.id)
    const heard: GeneralMessage[] = []
    const overheard: GeneralMessage[] = []
    bob.general.events.on('message', (message) => { heard.push(message) })
    relay.peer.general.events.on('message', (message) => { overheard.push(message) })
    expect(await alice.general.say({ text: 'hello' })).toMatchObject({ sentTo: 1 })
    await until(() => heard.length > 0)
    expect(heard).toMatchObject([{ from: alice.id.toString(), via: undefined, body: { text: 'hello' } }])
    expect(overheard).toEqual([])
  })

  it('[PB11] whom a file went to, and whom it came from, are friends', async () => {
    const downloads = await mkdtemp(join(tmpdir(), 'gf-friends-'))
    const [one, other] = [new MemoryDatastore(), new MemoryDatastore()]
    await using receiver = await start({ listen: ['/ip4/127.0.0.1/tcp/0'], downloads, datastore: other })
    await using sender = await start({ datastore: one })
    receiver.files.events.on('offer', ({ id }) => { void receiver.files.accept(id) })
    await sender.libp2p.dial(receiver.multiaddrs[0] ?? [])
    const content = new TextEncoder().encode('a small picture')
    await sender.files.send(receiver.id, { name: 'a.txt', bytes: content.length, mediaType: 'text/plain', async *read(offset) { yield content.subarray(offset) } })
    await Promise.all([sender.stop(), receiver.stop()])
    const friends = async (datastore: MemoryDatastore): Promise<string[]> => (await openPeerBook({ datastore, now: Date.now, onError: () => {} })).list('friend').map(({ peerId }) => peerId)
    expect(await friends(one)).toEqual([receiver.id.toString()])
    expect(await friends(other)).toEqual([sender.id.toString()])
    await rm(downloads, { recursive: true, force: true })
  })

  it('[PB11] whom one connected to is a friend; who merely came is not', async () => {
    const [one, other] = [new MemoryDatastore(), new MemoryDatastore()]
    await using host = await start({ listen: ['/ip4/127.0.0.1/tcp/0'], datastore: other })
    await using guest = await start({ datastore: one })
    await guest.connect(host.multiaddrs[0] ?? '')
    await until(() => host.peers.length > 0)
    await Promise.all([guest.stop(), host.stop()])
    const tags = async (datastore: MemoryDatastore): Promise<readonly string[]> => (await openPeerBook({ datastore, now: Date.now, onError: () => {} })).list().flatMap((entry) => entry.tags)
    expect(await tags(one)).toEqual(['friend'])
    expect(await tags(other)).toEqual([])
  })

  it('[PC15] who is refused by the access policy is told, and the refusal is an event here', async () => {
    const denied: unknown[] = []
    await using closed = await start({
      listen: ['/ip4/127.0.0.1/tcp/0'],
      access: { decide: () => ({ allowed: false, code: 'ACCESS_DENIED', reason: 'closed today' }) }
    })
    closed.events.on('protocol:denied', (event) => { denied.push(event) })
    await using alice = await start()
    await alice.connect(closed.multiaddrs[0] ?? '')
    await alice.general.say({ text: 'let me in' })
    await until(() => denied.length > 0)
    expect(denied[0]).toMatchObject({ protocol: '/gf/general/0.0.1', code: 'ACCESS_DENIED', reason: 'closed today' })
    expect(alice.libp2p.getConnections()).toHaveLength(1)
  })
})
