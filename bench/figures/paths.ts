import type { Figure } from '../figure.ts'
import { createStage, type Person } from '../browser.ts'
import { startGloflowPeer, type GloflowPeer } from '../../e2e/support/gloflow-peer.ts'
import { startRelay } from '../../e2e/support/relay.ts'

async function meet(a: Person, b: Person): Promise<{ relayedAt: number; directAt: number }> {
  await Promise.all([a.open(), b.open()])
  const other = await b.id()
  const directAt = await a.pathSeenAt(other, 'direct')
  const relayedAt = await a.pathSeenAt(other, 'relayed')
  return { relayedAt, directAt }
}

/** Two browsers that met by the relay, until the page says that they are direct. */
export const upgrade: Figure = {
  id: 'upgrade',
  title: 'two browsers: relayed → direct and proven',
  unit: 'ms',
  floor: undefined,
  aim: '300 ms, ≤ 5 s',
  async measure(rounds) {
    const product: number[] = []
    for (let count = 0; count < rounds; count++) {
      await using stage = await createStage()
      const { relayedAt, directAt } = await meet(await stage.newPerson(), await stage.newPerson())
      product.push(directAt - relayedAt)
    }
    return { product, floor: [] }
  }
}

/** One of two browsers reloads, until the path between them is direct again. */
export const reloadToDirect: Figure = {
  id: 'reload-direct',
  title: 'page reloaded → direct again',
  unit: 'ms',
  floor: undefined,
  aim: '650 ms',
  async measure(rounds) {
    const product: number[] = []
    await using stage = await createStage()
    const [a, b] = [await stage.newPerson(), await stage.newPerson()]
    await meet(a, b)
    const other = await b.id()
    for (let count = 0; count < rounds; count++) {
      await a.reload()
      const directAt = await a.pathSeenAt(other, 'direct')
      product.push(directAt - await a.page.evaluate(() => performance.timeOrigin))
    }
    return { product, floor: [] }
  }
}

async function dialMs(peer: GloflowPeer, addr: string): Promise<number> {
  const startedAt = performance.now()
  await peer.command('dial', { addr })
  return performance.now() - startedAt
}

/** A Node peer dials another through the relay; beside it, directly by TCP. Each dial is by a process of its own, without any state. */
export const relayedDial: Figure = {
  id: 'relayed-dial',
  title: 'dial through the relay → identified',
  unit: 'ms',
  floor: 'dial by TCP',
  aim: '170–300 ms cold',
  async measure(rounds) {
    const relay = await startRelay()
    const relayAddress = relay.multiaddrs.find((address) => address.startsWith('/ip4/127.0.0.1/tcp/') && !address.includes('/ws')) ?? ''
    const product: number[] = []
    const floor: number[] = []
    try {
      for (let count = 0; count < rounds; count++) {
        // Networks of their own, so that discovery does not connect them before the dial.
        const callee = await startGloflowPeer({ relays: [relayAddress], flags: ['--network', `callee-${count}`, '--listen', '/ip4/127.0.0.1/tcp/0'] })
        const callers = await Promise.all([0, 1].map((number) => startGloflowPeer({ relays: [], flags: ['--network', `caller-${count}-${number}`, '--listen', '/ip4/127.0.0.1/tcp/0'] })))
        await callee.event('status', (event) => event['state'] === 'online')
        const status = await callee.command('status')
        const tcp = (Array.isArray(status['multiaddrs']) ? status['multiaddrs'].map(String) : []).find((address) => /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\//.test(address) && !address.includes('p2p-circuit')) ?? ''
        const [relayed, direct] = callers
        if (relayed !== undefined) product.push(await dialMs(relayed, `${relayAddress}/p2p-circuit/p2p/${callee.peerId}`))
        if (direct !== undefined) floor.push(await dialMs(direct, tcp))
        await Promise.all([callee, ...callers].map((peer) => peer.stop()))
      }
    } finally {
      await relay.remove()
    }
    return { product, floor }
  }
}
