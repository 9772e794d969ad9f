import { createServer } from 'node:net'
import { MemoryDatastore } from 'datastore-core/memory'
import { expect, test } from 'vitest'
import { createDialler } from '../../src/dialler.ts'
import { createAddressPolicy, UNRESTRICTED_REACH } from '../../src/nat/address-policy.ts'
import { openPeerBook } from '../../src/persistence/peer-book.ts'
import { createRelaySupervisor } from '../../src/relays/supervisor.ts'
import { listen, NETWORK, startPeer, startRelay, until } from '../relays/test-network.ts'
import type { TestPeer, TestRelay } from '../relays/test-network.ts'

async function join(relay: TestRelay, { libp2p, circuit }: TestPeer): Promise<AsyncDisposable> {
  const supervisor = createRelaySupervisor({ libp2p, relays: [relay.url], network: NETWORK, reservations: circuit.reservations })
  supervisor.start()
  await until(() => supervisor.status[0]?.state === 'reserved', 'reserved')
  return { [Symbol.asyncDispose]: async () => { await supervisor.stop() } }
}

test('[NA12] by PeerId alone, a circuit over a connected relay is there before an address that does not answer has cost its time-out', async () => {
  // takes connections and says nothing, as far as a dialler can tell like an address of somebody else's network
  const sockets = new Set<{ destroy(): void }>()
  const silent = createServer((socket) => { sockets.add(socket) })
  const port = await listen(silent, 0)
  try {
    await using relay = await startRelay()
    await using caller = await startPeer()
    await using called = await startPeer()
    await using joined = new AsyncDisposableStack()
    for (const peer of [caller, called]) joined.use(await join(relay, peer))
    const peer = called.libp2p.peerId
    const book = await openPeerBook({ datastore: new MemoryDatastore(), now: Date.now, onError: (error) => { throw error } })
    book.heard(peer, [`/ip4/127.0.0.1/tcp/${port}/p2p/${peer.toString()}`])
    const dialler = createDialler({
      libp2p: caller.libp2p, book, policy: createAddressPolicy({ reach: UNRESTRICTED_REACH, resolve: undefined }),
      discovery: { known: [] }, isRelay: (one) => one.equals(relay.libp2p.peerId)
    })
    const startMs = performance.now()
    const connection = await dialler.dial(peer)
    expect(performance.now() - startMs).toBeLessThan(3_000)
    expect(connection.direct).toBe(false)
    expect(sockets.size).toBe(0)
  } finally {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => silent.close(resolve))
  }
})
