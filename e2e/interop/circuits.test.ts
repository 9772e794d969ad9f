import type { Peer } from '@gloflow/p2p-core'
import type { Connection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GO_BUILDS } from './availability.ts'
import { stopAfterEach } from './cleanup.ts'
import { GoPeer } from './go-peer.ts'
import type { Generation } from './go-toolchain.ts'
import { circuitAddress, startNodePeer } from './node-peer.ts'
import { type RelayProcess, startRelayProcess } from './relay-process.ts'
import { echoMatches, until } from './stock-node.ts'

const ECHO_BYTES = 1 << 20
const LISTEN = ['-listen', '/ip4/127.0.0.1/tcp/0']

const use = stopAfterEach()

const startGo = async (generation: Generation, flags: string[] = []): Promise<GoPeer> => use(await GoPeer.start(generation, flags))
const both = GO_BUILDS.every((build) => build.available)

describe('the relay and Go', () => {
  for (const { generation, available, title } of GO_BUILDS) {
    for (const security of generation === 'legacy' ? ['tls'] : ['tls', 'noise']) {
      it.skipIf(!available)(`[GO7] Go ${title} dials the relay over TCP by ${security}`, async () => {
        const relay = use(await startRelayProcess())
        const go = await startGo(generation, ['-security', security])
        expect(await go.dial(relay.address('tcp'))).toMatchObject({ peer: relay.peerId, security: security === 'tls' ? '/tls/1.0.0' : '/noise', muxer: '/yamux/1.0.0' })
        expect((await go.identify(relay.peerId)).protocols).toContain('/libp2p/circuit/relay/0.2.0/hop')
        expect(await go.ping(relay.peerId)).toBeGreaterThan(0)
      })
    }

    it.skipIf(!available)(`[GO7] the relay dials Go ${title} that its operator named`, async () => {
      const go = await startGo(generation, LISTEN)
      const relay = use(await startRelayProcess(['--bootstrap', go.address()]))
      const came = await go.event((event) => event['event'] === 'peer:connect' && event['peer'] === relay.peerId)
      expect(came).toMatchObject({ direction: 'inbound', security: '/tls/1.0.0' })
      expect(await go.ping(relay.peerId)).toBeGreaterThan(0)
    })

    it.skipIf(!available)(`[GO8] a reservation tells Go ${title} the operator's limits`, async () => {
      const limited = use(await startRelayProcess(['--circuit-max-ms', '120000', '--circuit-max-bytes', '1048576']))
      const free = use(await startRelayProcess(['--circuit-max-ms', '0', '--circuit-max-bytes', '0']))
      const go = await startGo(generation)
      expect(await go.reserve(limited.address('tcp'))).toMatchObject({ limitSeconds: 120, limitBytes: 1_048_576, voucher: true })
      expect(await go.reserve(free.address('tcp'))).toMatchObject({ limitSeconds: 0, limitBytes: 0, voucher: true })
    })
  }

  it.skipIf(!GO_BUILDS.some((build) => build.generation === 'current' && build.available))('[GO7] Go current dials the relay by WebSocket', async () => {
    const relay = use(await startRelayProcess())
    const go = await startGo('current')
    expect((await go.dial(relay.address('ws'))).addr).toMatch(/\/ws$/)
    expect(await go.ping(relay.peerId)).toBeGreaterThan(0)
  })
})

describe('circuits through the relay', () => {
  let relay: RelayProcess
  let node: Peer
  beforeAll(async () => {
    relay = await startRelayProcess()
    node = await startNodePeer({ relays: [relay.address('tcp')], listen: ['/p2p-circuit'] })
  })
  afterAll(async () => {
    await node?.stop()
    await relay?.stop()
  })

  for (const { generation, available, title } of GO_BUILDS) {
    it.skipIf(!available)(`[GO9] Node dials Go ${title} through it, secured end to end`, async () => {
      const go = await startGo(generation)
      const { circuit } = await go.reserve(relay.address('tcp'))
      const info = await node.connect(circuit)
      expect(info).toMatchObject({ path: 'relayed', relay: relay.peerId, kind: 'go' })
      const connection = circuitOf(node, go.peerId)
      expect(['/tls/1.0.0', '/noise']).toContain(connection.encryption)
      if (generation === 'legacy') expect(connection.encryption).toBe('/tls/1.0.0')
      expect(await echoMatches(connection, ECHO_BYTES)).toBe(true)
      expect(await go.echo(node.id.toString(), ECHO_BYTES)).toMatchObject({ bytes: ECHO_BYTES, path: 'relayed' })
    })

    it.skipIf(!available)(`[GO9] Go ${title} dials Node through it`, async () => {
      const go = await startGo(generation)
      expect(await go.dial(await circuitAddress(node, relay.peerId))).toMatchObject({ peer: node.id.toString(), path: 'relayed' })
      expect(await go.echo(node.id.toString(), ECHO_BYTES)).toMatchObject({ bytes: ECHO_BYTES, path: 'relayed' })
      await until('the Node peer shows it', () => node.peers.some((peer) => peer.id.toString() === go.peerId && peer.path === 'relayed'))
    })

    for (const target of GO_BUILDS) {
      it.skipIf(!both)(`[GO9] Go ${title} dials Go ${target.title} through it`, async () => {
        const [from, to] = [await startGo(generation), await startGo(target.generation)]
        const { circuit } = await to.reserve(relay.address('tcp'))
        expect(await from.dial(circuit)).toMatchObject({ peer: to.peerId, path: 'relayed' })
        expect(await from.echo(to.peerId, ECHO_BYTES)).toMatchObject({ bytes: ECHO_BYTES, path: 'relayed' })
        expect(await to.ping(from.peerId)).toBeGreaterThan(0)
      })
    }

    it.skipIf(!available)(`[GO10] Node reserves at a Go relay (${title}) and is dialled through it by Go`, async () => {
      const goRelay = await startGo(generation, [...LISTEN, '-relay-service'])
      const behind = use(await startNodePeer({ relays: [goRelay.address()], listen: ['/p2p-circuit'] }))
      const caller = await startGo(generation)
      expect(await caller.dial(await circuitAddress(behind, goRelay.peerId))).toMatchObject({ peer: behind.id.toString(), path: 'relayed' })
      expect(await caller.echo(behind.id.toString(), ECHO_BYTES)).toMatchObject({ bytes: ECHO_BYTES, path: 'relayed' })
    })
  }
})

function circuitOf(peer: Peer, remote: string): Connection {
  const found = peer.libp2p.getConnections(peerIdFromString(remote)).find((each) => each.remoteAddr.toString().includes('/p2p-circuit'))
  if (found === undefined) throw new Error(`no circuit to ${remote}`)
  return found
}
