import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { streamGuard } from '../../src/nat/stream-guard.ts'
import { startPeer, until } from '../relays/test-network.ts'

const PROTOCOL = '/test/guarded/1.0.0'

test('a guarded handler runs once for each inbound stream, never for outbound ones, and not for those refused', async () => {
  await using a = await startPeer(defaults => ({ ...defaults, addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] } }))
  await using b = await startPeer(defaults => ({ ...defaults, addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] } }))
  const handled: string[] = []
  let refuses = false
  for (const { libp2p } of [a, b]) {
    libp2p.use(PROTOCOL, streamGuard((stream, connection, next) => {
      if (refuses && stream.direction === 'inbound') throw new TypeError('refused')
      next(stream, connection)
    }))
    await libp2p.handle(PROTOCOL, stream => { handled.push(`${libp2p === a.libp2p ? 'a' : 'b'} ${stream.direction}`) })
  }
  const address = b.libp2p.getMultiaddrs()[0]
  const connection = await a.libp2p.dial(multiaddr(`${address}`))
  const openThree = async (): Promise<void> => { for (let i = 0; i < 3; i++) await connection.newStream(PROTOCOL) }
  await openThree()
  await until(() => handled.length >= 3, 'handled')
  refuses = true
  const refused = await connection.newStream(PROTOCOL)
  await until(() => refused.status !== 'open', 'refused')
  expect(handled).toEqual(['b inbound', 'b inbound', 'b inbound'])
})
