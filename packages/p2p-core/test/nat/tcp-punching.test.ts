import type { Registrar, TransportManager } from '@libp2p/interface-internal'
import { webRTC } from '@libp2p/webrtc'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { leavingCircuits, tcpAlone } from '../../src/nat/tcp-punching.node.ts'
import { startPeer, until } from '../relays/test-network.ts'
import type { TestPeer } from '../relays/test-network.ts'

interface Inner {
  readonly registrar: Registrar
  readonly transportManager: TransportManager
}

async function startWithInner(): Promise<TestPeer & Inner> {
  let inner: Inner | undefined
  const peer = await startPeer((options) => ({
    ...options,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [...(options.transports ?? []), webRTC()],
    services: { ...options.services, inner: ({ registrar, transportManager }) => { inner = { registrar, transportManager }; return inner } }
  }))
  if (inner === undefined) throw new TypeError('libp2p started without its services')
  return { ...peer, ...inner }
}

const RELAY = '/ip4/203.0.113.1/tcp/4001/p2p/12D3KooWKoJ79bYeJEqCMTzK3cmwCjzxLiECoCfzuvKrr4qAbdvw'

test('[NA10] DCUtR sees no address but those of plain TCP: a WebRTC attempt is the path upgrader\'s', async () => {
  await using peer = await startWithInner()
  const seen = (address: string): boolean[] => [peer.transportManager, tcpAlone(peer.transportManager)].map((transports) => transports.dialTransportForMultiaddr(multiaddr(address)) !== undefined)
  expect(seen('/ip4/203.0.113.1/tcp/4001')).toEqual([true, true])
  expect(seen(RELAY)).toEqual([true, true])
  expect(seen('/ip4/203.0.113.1/tcp/4001/ws')).toEqual([true, false])
  expect(seen(`${RELAY}/p2p-circuit/webrtc`)).toEqual([true, false])
  expect(seen(`${RELAY}/p2p-circuit`)).toEqual([true, false])
})

test('[NA11] DCUtR does not close the circuit: what is under way on it arrives', async () => {
  await using peer = await startWithInner()
  await using other = await startWithInner()
  let closed = false
  await leavingCircuits(peer.registrar).handle('/test/closing/1.0.0', async (_stream, connection) => {
    await connection.close()
    closed = true
  })
  const [address] = peer.libp2p.getMultiaddrs()
  if (address === undefined) throw new TypeError('the peer listens nowhere')
  const connection = await other.libp2p.dial(address)
  await connection.newStream('/test/closing/1.0.0')
  await until(() => closed, 'the handler is through')
  const [held] = peer.libp2p.getConnections(other.libp2p.peerId)
  expect([connection.status, held?.status]).toEqual(['open', 'open'])
  await connection.newStream('/ipfs/ping/1.0.0', { signal: AbortSignal.timeout(5_000) })
})
