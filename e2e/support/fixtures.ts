import { test as base, type BrowserContextOptions } from '@playwright/test'
import { startGloflowPeer, type GloflowPeer, type GloflowPeerOptions } from './gloflow-peer.ts'
import { peerPage, recordPaths, type PeerPage } from './peer-page.ts'
import { startRelay, type RelayOptions, type RelayProcess } from './relay.ts'
import { reasonAgainstWebrtc } from './environment.ts'

/** What every scenario can ask for. All of it is ended with the scenario. */
export interface Fixtures {
  /** A relay on free ports. */
  readonly relay: RelayProcess
  /** Starts further relays. */
  readonly newRelay: (options?: RelayOptions) => Promise<RelayProcess>
  /** Opens the page at a URL as a person of their own: separate storage. */
  readonly newPerson: (url: string, options?: BrowserContextOptions) => Promise<PeerPage>
  /** Starts a headless Node peer. */
  readonly newNodePeer: (options: GloflowPeerOptions) => Promise<GloflowPeer>
}

export const test = base.extend<Fixtures>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads from the pattern what a fixture needs: nothing
  newRelay: async ({}, use, testInfo) => {
    const relays: RelayProcess[] = []
    await use(async (options) => {
      const relay = await startRelay(options)
      relays.push(relay)
      return relay
    })
    if (testInfo.status !== testInfo.expectedStatus) for (const [index, relay] of relays.entries()) await testInfo.attach(`relay ${index}`, { body: relay.log(), contentType: 'text/plain' })
    await Promise.all(relays.map((relay) => relay.remove()))
  },
  relay: async ({ newRelay }, use) => {
    await use(await newRelay())
  },
  newPerson: async ({ browser }, use, testInfo) => {
    const contexts: Awaited<ReturnType<typeof browser.newContext>>[] = []
    const console: string[] = []
    await use(async (url, options) => {
      const context = await browser.newContext(options)
      const number = contexts.push(context)
      const page = await context.newPage()
      page.on('console', (message) => console.push(`${number} ${message.type()}: ${message.text()}`))
      page.on('pageerror', (error) => console.push(`${number} uncaught: ${error.stack ?? error.message}`))
      await page.addInitScript(recordPaths)
      await page.goto(url)
      return peerPage(page)
    })
    if (testInfo.status !== testInfo.expectedStatus) await testInfo.attach('console', { body: console.join('\n'), contentType: 'text/plain' })
    await Promise.all(contexts.map((context) => context.close()))
  },
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads from the pattern what a fixture needs: nothing
  newNodePeer: async ({}, use, testInfo) => {
    const peers: GloflowPeer[] = []
    await use(async (options) => {
      const peer = await startGloflowPeer(options)
      peers.push(peer)
      return peer
    })
    if (testInfo.status !== testInfo.expectedStatus) for (const [index, peer] of peers.entries()) await testInfo.attach(`node peer ${index}`, { body: peer.log(), contentType: 'text/plain' })
    await Promise.all(peers.map((peer) => peer.stop()))
  }
})

export { expect } from '@playwright/test'

/** Skips the scenario, with the reason, where no direct path can come about. */
export function needsWebrtc(): void {
  const reason = reasonAgainstWebrtc()
  base.skip(reason !== undefined, `WebRTC: ${reason ?? ''}`)
}
