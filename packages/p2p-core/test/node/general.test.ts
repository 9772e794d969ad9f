import { describe, expect, it } from 'vitest'
import { createPeer, openAccess, type GeneralMessage, type Peer, type PeerOptions } from '../../src/index.ts'
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
