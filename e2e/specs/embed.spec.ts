import type { Page } from '@playwright/test'
import { expect, test } from '../support/fixtures.ts'
import { startForeignSite, type ForeignSite } from '../support/foreign-page/server.ts'
import type { PeerPage } from '../support/peer-page.ts'
import type { RelayProcess } from '../support/relay.ts'

interface Embedded {
  readonly site: ForeignSite
  readonly relay: RelayProcess
}

const embedding = test.extend<{ embedded: Embedded }>({
  embedded: async ({ newRelay }, use) => {
    await using site = await startForeignSite()
    await use({ site, relay: await newRelay({ flags: ['--embed-origin', site.origin] }) })
  }
})

const element = (page: Page) => page.locator('gf-peer')

async function joinedElement(host: PeerPage): Promise<string> {
  await expect(element(host.page)).toHaveAttribute('state', 'online', { timeout: 30_000 })
  const self = await element(host.page).evaluate((peer) => String(Reflect.get(peer, 'self')))
  expect(self).toMatch(/^12D3KooW/)
  return self
}

for (const how of ['module', 'system'] as const) {
  embedding(`the element joins from a page of another origin, as ${how} @quick`, async ({ embedded: { site, relay }, newPerson }) => {
    const host = await newPerson(site.pageUrl(relay.url, how))
    const self = await joinedElement(host)
    const ben = await newPerson(relay.url)
    const benId = await ben.joined()
    await ben.meets(self)
    await expect.poll(() => element(host.page).evaluate((peer) => JSON.stringify(Reflect.get(peer, 'people')))).toContain(benId)
    const events = await host.page.evaluate(() => JSON.stringify(Reflect.get(globalThis, 'galleryState').events))
    expect(events).toContain('gf-peer-state')
    expect(events).toContain('gf-peer-connect')
  })
}

embedding('host styles, keys and pasting stay untouched, and so does the layout', async ({ embedded: { site, relay }, newPerson }) => {
  const host = await newPerson(site.pageUrl(relay.url, 'module'))
  const styles = (): Promise<string[]> => host.page.locator('h1, #note, .gf_image, body').evaluateAll((elements) => elements.map((each) => JSON.stringify([...getComputedStyle(each)].map((name) => getComputedStyle(each).getPropertyValue(name)))))
  await expect(element(host.page)).toHaveCount(1)
  await joinedElement(host)
  const withElement = await styles()
  await element(host.page).evaluate((peer) => { peer.remove() })
  const without = await styles()
  expect(withElement.length).toBeGreaterThan(10)
  // The page's height may differ by the element; nothing else does.
  const heightless = (all: readonly string[]): string[] => all.map((style) => style.replaceAll(/"[\d.]+px( [\d.]+px)?"/g, '""'))
  expect(heightless(withElement)).toEqual(heightless(without))

  await host.page.locator('#note').click()
  await host.page.keyboard.press('Enter')
  await host.page.keyboard.press('Escape')
  await host.page.evaluate(() => document.querySelector('#note')?.dispatchEvent(new ClipboardEvent('paste', { bubbles: true })))
  expect(await host.page.evaluate(() => Reflect.get(globalThis, 'galleryState'))).toMatchObject({ keys: ['Enter', 'Escape'], pasted: ['INPUT'] })
  expect(await host.page.evaluate(() => Reflect.get(globalThis, 'galleryLayout').getItemElements().length)).toBe(12)
})

embedding('what is typed and pasted in the element does not reach the host', async ({ embedded: { site, relay }, newPerson }) => {
  const host = await newPerson(site.pageUrl(relay.url, 'module'))
  await joinedElement(host)
  const frame = host.page.frames().find((each) => each.url().startsWith(relay.url))
  if (frame === undefined) throw new Error('the element has no frame of the relay\'s origin')
  await frame.locator('body').click()
  await host.page.keyboard.press('Enter')
  await host.page.keyboard.press('Escape')
  await frame.evaluate(() => document.body.dispatchEvent(new ClipboardEvent('paste', { bubbles: true })))
  await element(host.page).evaluate((peer) => {
    peer.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, composed: true }))
    peer.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, composed: true }))
  })
  expect(await host.page.evaluate(() => Reflect.get(globalThis, 'galleryState'))).toMatchObject({ keys: [], pasted: [] })
})

embedding('host scripts cannot reach the peer or its key @quick', async ({ embedded: { site, relay }, newPerson }) => {
  const host = await newPerson(site.pageUrl(relay.url, 'module'))
  await joinedElement(host)
  const reached = await host.page.evaluate(async () => {
    const found: string[] = []
    const peer = document.querySelector('gf-peer')
    if (peer?.shadowRoot !== null) found.push('shadow root')
    // Whoever sends a message can be found by it, also from a closed shadow root.
    const sources: Set<unknown> = Reflect.get(globalThis, 'gallerySources')
    for (const source of [...sources, ...Array.from({ length: window.length }, (_, index) => window[index])]) {
      for (const name of ['document', 'indexedDB', 'localStorage', 'navigator']) {
        try {
          if (Reflect.get(Object(source), name) !== undefined) found.push(name)
        } catch {
          // Refused by the browser: another origin.
        }
      }
    }
    const databases = await indexedDB.databases()
    found.push(...databases.map(({ name }) => `database ${name ?? ''}`))
    if (localStorage.length > 0) found.push('localStorage')
    return { found, frames: sources.size }
  })
  expect(reached.frames).toBe(1)
  expect(reached.found).toEqual([])
  const frame = host.page.frames().find((each) => each.url().startsWith(relay.url))
  const inside = await frame?.evaluate(async () => (await indexedDB.databases()).length)
  expect(inside, 'the key is in the frame\'s own storage').toBeGreaterThan(0)
})

embedding('a site that the relay does not name cannot embed it @quick', async ({ embedded: { site }, newRelay, newPerson }) => {
  const other = await newRelay()
  const host = await newPerson(site.pageUrl(other.url, 'module'))
  await expect(element(host.page)).toHaveCount(1)
  const frame = host.page.frames().find((each) => each !== host.page.mainFrame())
  await expect.poll(() => frame?.url()).toMatch(/^chrome-error:/)
  await expect(element(host.page)).not.toHaveAttribute('state', 'online')
})
