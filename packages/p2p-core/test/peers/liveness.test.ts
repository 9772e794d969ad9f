import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '@libp2p/interface'
import { afterEach, describe, expect, it } from 'vitest'
import { createPeer, openAccess, type Peer } from '../../src/index.ts'
import { createLiveness, type Liveness } from '../../src/peers/liveness.ts'
import { createTrafficMeter, type TrafficMeter } from '../../src/peers/traffic.ts'
import { until } from '../../testing/index.ts'
import { startSilentProxy, type SilentProxy } from './silent-proxy.ts'

// wide enough for a machine that does much else
const INTERVAL_MS = 500
const TIMEOUT_MS = 450

const open: AsyncDisposable[] = []
let liveness: Liveness | undefined
afterEach(async () => {
  liveness?.stop()
  for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]()
})

async function start(listen: string[], services = true): Promise<Peer> {
  const peer = await createPeer({
    access: openAccess(), webrtc: false, listen, pingIntervalMs: 0,
    configureLibp2p: (defaults) => services ? defaults : { ...defaults, services: { ...defaults.services, ping: () => ({}) } }
  })
  open.push(peer)
  return peer
}

async function connected(options: { readonly ping?: boolean; readonly traffic?: TrafficMeter } = {}): Promise<{ connection: Connection; proxy: SilentProxy; peer: Peer }> {
  const server = await start(['/ip4/127.0.0.1/tcp/0'], options.ping ?? true)
  const address = server.multiaddrs[0]?.toString() ?? ''
  const proxy = await startSilentProxy(Number(/tcp\/(\d+)/.exec(address)?.[1]))
  open.push(proxy)
  const peer = await start([])
  const traffic = options.traffic ?? createTrafficMeter(() => [])
  liveness = createLiveness({ libp2p: peer.libp2p, traffic, intervalMs: INTERVAL_MS, timeoutMs: TIMEOUT_MS })
  await peer.connect(address.replace(/tcp\/\d+/, `tcp/${proxy.port}`))
  const [connection] = peer.libp2p.getConnections()
  if (connection === undefined) throw new TypeError('not connected')
  return { connection, proxy, peer }
}

describe('liveness of a connection', () => {
  it('[PC12] the round trip is measured as soon as it opens', async () => {
    const { connection } = await connected()
    await until(() => liveness?.rttMs(connection) !== undefined)
    expect(liveness?.rttMs(connection)).toBeLessThanOrEqual(TIMEOUT_MS)
  })

  it('[PC12] a connection that died without a word is ended', async () => {
    const { connection, proxy, peer } = await connected()
    await until(() => liveness?.rttMs(connection) !== undefined)
    proxy.silence(true)
    await until(() => connection.status !== 'open', 15_000)
    expect(peer.peers).toEqual([])
  })

  it('[PC12] one ping without an answer does not end it', async () => {
    const { connection, proxy } = await connected()
    await until(() => liveness?.rttMs(connection) !== undefined)
    proxy.silence(true)
    await sleep(INTERVAL_MS)
    proxy.silence(false)
    await sleep(4 * INTERVAL_MS)
    expect(connection.status).toBe('open')
  })

  it('[PC12] a connection on which other bytes come in is alive, however late its pings are', async () => {
    let bytesIn = 0
    const traffic = { ...createTrafficMeter(() => []), of: () => ({ bytesIn: bytesIn += 1, bytesOut: 0 }) }
    const { connection, proxy } = await connected({ traffic })
    proxy.silence(true)
    await sleep(5 * INTERVAL_MS)
    expect(connection.status).toBe('open')
  })

  it('[PC12] a peer that refuses pings is alive', async () => {
    const { connection } = await connected({ ping: false })
    await sleep(4 * INTERVAL_MS)
    expect(connection.status).toBe('open')
    expect(liveness?.rttMs(connection)).toBeUndefined()
  })
})
