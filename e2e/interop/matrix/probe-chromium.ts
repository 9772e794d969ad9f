// What the page in Chromium does with each of theirs.
import { type Browser, chromium } from '@playwright/test'
import { chromiumOptions } from '../../support/chromium.ts'
import { peerPage, type PeerPage } from '../../support/peer-page.ts'
import { type RelayProcess, startRelayProcess } from '../relay-process.ts'
import { until } from '../stock-node.ts'
import { type Theirs, UnsupportedError, type Way } from './cell.ts'
import { type Counterpart, startCounterpart } from './counterpart.ts'

/** Tries one way; says what was seen. */
export function probeChromium(theirs: Theirs, way: Way): () => Promise<string> {
  switch (way) {
    case 'ws':
      return () => inPage((relay, page) => byWebSocket(theirs, relay, page))
    case 'circuit':
      return () => inPage((relay, page) => byCircuit(theirs, relay, page))
    case 'general':
      return () => inPage((relay, page) => (theirs === 'legacy' ? byBridge(theirs, relay, page) : byGeneral(theirs, relay, page)))
    default:
      return () => Promise.reject(new UnsupportedError('a page has no such way'))
  }
}

async function inPage(probe: (relay: RelayProcess, page: PeerPage) => Promise<string>): Promise<string> {
  await using relay = await startRelayProcess()
  const browser = await launch()
  try {
    const page = await browser.newPage()
    await page.goto(relay.url)
    const person = peerPage(page)
    await person.joined()
    return await probe(relay, person)
  } finally {
    await browser.close()
  }
}

async function launch(): Promise<Browser> {
  try {
    return await chromium.launch(chromiumOptions())
  } catch (error) {
    throw new UnsupportedError(`Chromium does not start here: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`)
  }
}

async function connect(page: PeerPage, address: string, them: Counterpart): Promise<void> {
  await page.page.getByTestId('connect-input').fill(address)
  await page.page.getByTestId('connect-submit').click()
  await page.meets(them.peerId)
}

async function byWebSocket(theirs: Theirs, _relay: RelayProcess, page: PeerPage): Promise<string> {
  await using them = await startCounterpart(theirs, { security: ['noise'], listen: ['ws'] })
  await connect(page, them.address('ws'), them)
  await page.isDirectTo(them.peerId)
  return 'dialled, direct'
}

async function byCircuit(theirs: Theirs, relay: RelayProcess, page: PeerPage): Promise<string> {
  await using them = await startCounterpart(theirs, { security: ['noise'], listen: [], relay: relay.address('tcp') })
  await connect(page, await them.circuit(), them)
  await until('the page shows the path', async () => (await page.person(them.peerId).getAttribute('data-gf-path')) === 'relayed')
  return 'dialled through the relay, Noise end to end'
}

async function byGeneral(theirs: Theirs, _relay: RelayProcess, page: PeerPage): Promise<string> {
  await using them = await startCounterpart(theirs, { security: ['noise'], listen: ['ws'] })
  await connect(page, them.address('ws'), them)
  await page.say('from the page')
  const self = await page.self()
  await until('they hear the page', () => them.heard(self, 'from the page'))
  await them.say(self, 'from them')
  await page.hears(them.peerId, 'from them')
  return 'both ways, direct'
}

async function byBridge(theirs: Theirs, relay: RelayProcess, page: PeerPage): Promise<string> {
  await using them = await startCounterpart(theirs, { security: ['tls'], listen: [] })
  await them.dial(relay.address('tcp'))
  await until('the page hears them', async () => {
    await them.say(relay.peerId, 'from them')
    return (await page.timesHeard('from them')) > 0
  })
  await until('they hear the page', async () => {
    await page.say('from the page')
    return them.heard(relay.peerId, 'from the page')
  }, 30_000)
  return 'both ways by the bridge of the relay'
}
