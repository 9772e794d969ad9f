import { webSockets } from '@libp2p/websockets'
import { expect, test } from 'vitest'
import { closingWebSockets } from '../../src/relays/web-sockets.ts'
import { startPeer, startRelay, until } from './test-network.ts'

type Transport = typeof closingWebSockets | typeof webSockets

/** Aborts a connection on one side of a WebSocket; whether the other side sees it go. */
async function otherSideSees(listening: Transport, dialling: Transport, aborting: 'listener' | 'dialler'): Promise<boolean> {
  await using server = await startRelay({ configure: (options) => ({ ...options, addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] }, transports: [listening()] }) })
  await using peer = await startPeer((options) => ({ ...options, addresses: { listen: [] }, transports: [dialling()] }))
  const [address] = server.libp2p.getMultiaddrs()
  if (address === undefined) throw new TypeError('the server listens nowhere')
  const outbound = await peer.libp2p.dial(address)
  await until(() => server.libp2p.getConnections().length === 1, 'the server has the connection')
  const [inbound] = server.libp2p.getConnections()
  if (inbound === undefined) throw new TypeError('the connection went by itself')
  const [aborted, other] = aborting === 'dialler' ? [outbound, inbound] : [inbound, outbound]
  // below the muxer, whose farewell may get through or not
  const raw: unknown = Reflect.get(aborted, 'maConn')
  if (!isAbortable(raw)) throw new TypeError('libp2p keeps the raw connection elsewhere')
  raw.abort(new TypeError('enough'))
  return await until(() => other.status !== 'open', 'the other side sees it', 2_000).then(() => true, () => false)
}

function isAbortable(value: unknown): value is { abort(error: Error): void } {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'abort') === 'function'
}

test('[RS15] a WebSocket connection that is aborted is closed on the other side too', async () => {
  expect(await otherSideSees(closingWebSockets, closingWebSockets, 'dialler')).toBe(true)
  expect(await otherSideSees(closingWebSockets, closingWebSockets, 'listener')).toBe(true)
})

test('libp2p\'s own transport still leaves the socket open; once it does not, ours can go', async () => {
  expect(await otherSideSees(webSockets, webSockets, 'dialler')).toBe(false)
})
