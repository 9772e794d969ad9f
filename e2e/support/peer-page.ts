import { expect, type Locator, type Page } from '@playwright/test'

/** Time until a page has joined, on a machine that does several things at once. */
const JOIN_TIMEOUT_MS = 40_000

/** Time until two browsers are direct: the issue allows 5 s after they meet. */
const DIRECT_TIMEOUT_MS = 40_000

/** One person at the web page. */
export interface PeerPage {
  readonly page: Page
  /** Own PeerId; waits until the page has one. */
  self(): Promise<string>
  /** Waits until the page is online and has a place at a relay. */
  joined(): Promise<string>
  /** What `html[data-gf-state]` says. */
  readonly state: Locator
  person(id: string): Locator
  /** Waits until that person is here. */
  meets(id: string): Promise<void>
  /** Waits until the path to that person is a direct one. */
  isDirectTo(id: string): Promise<void>
  /** Each path to that person that the page has shown, in order, without repetitions in a row. */
  pathsSeen(id: string): Promise<string[]>
  /** Says something in the general channel. */
  say(text: string): Promise<void>
  /** Waits until the general channel shows the text from that author. */
  hears(from: string, text: string): Promise<void>
  /** How often the general channel shows the text. */
  timesHeard(text: string): Promise<number>
  /** Offers a file (a path) to a person. */
  give(id: string, file: string): Promise<void>
  /** The rows of files on their way. */
  readonly transfers: Locator
  /** Hex SHA-256 of the received file of that name, computed here from the bytes that the page hands out. */
  receivedSha256(name: string): Promise<string>
}

/** Wraps a page. It need not be open at the peer's URL yet. */
export function peerPage(page: Page): PeerPage {
  const person = (id: string): Locator => page.locator(`[data-gf-peer="${id}"]`)
  const transfers = page.locator('[data-gf-transfer]')
  const self = async (): Promise<string> => {
    const element = page.locator('[data-gf-self]')
    await expect(element).toHaveAttribute('data-gf-self', /^12D3KooW/, { timeout: JOIN_TIMEOUT_MS })
    return await element.getAttribute('data-gf-self') ?? ''
  }
  const line = (text: string): Locator => page.locator('[data-gf-message]').filter({ hasText: text })
  return {
    page,
    self,
    state: page.locator('html'),
    async joined() {
      await expect(page.locator('html')).toHaveAttribute('data-gf-state', 'online', { timeout: JOIN_TIMEOUT_MS })
      return self()
    },
    person,
    meets: (id) => expect(person(id)).toBeVisible({ timeout: JOIN_TIMEOUT_MS }),
    isDirectTo: (id) => expect(person(id)).toHaveAttribute('data-gf-path', /^(direct|lan)$/, { timeout: DIRECT_TIMEOUT_MS }),
    pathsSeen: (id) => page.evaluate((peer) => {
      const seen: unknown = Reflect.get(globalThis, 'gfPathsSeen')
      return seen instanceof Map ? [...seen.get(peer) ?? []].map(String) : []
    }, id),
    async say(text) {
      await page.getByTestId('general-input').fill(text)
      await page.getByTestId('general-input').press('Enter')
      await expect(page.getByTestId('general-input')).toHaveValue('')
    },
    hears: (from, text) => expect(line(text).and(page.locator(`[data-gf-from="${from}"]`))).toHaveCount(1),
    timesHeard: (text) => line(text).count(),
    give: (id, file) => person(id).getByTestId('send-file').setInputFiles(file),
    transfers,
    async receivedSha256(name) {
      const row = transfers.filter({ hasText: name })
      await expect(row).toHaveAttribute('data-gf-transfer', 'done', { timeout: 60_000 })
      const link = row.getByTestId('received-file')
      await expect(link).toHaveAttribute('href', /^blob:/)
      return link.evaluate(async (element) => {
        const response = await fetch(element.getAttribute('href') ?? '')
        const digest = await crypto.subtle.digest('SHA-256', await response.arrayBuffer())
        return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
      })
    }
  }
}

/** Runs in the page before its own code: remembers how the paths of the people that it shows change. */
export function recordPaths(): void {
  const seen = new Map<string, string[]>()
  Reflect.set(globalThis, 'gfPathsSeen', seen)
  const look = (): void => {
    for (const element of document.querySelectorAll('[data-gf-peer]')) {
      const id = element.getAttribute('data-gf-peer') ?? ''
      const path = element.getAttribute('data-gf-path') ?? ''
      const paths = seen.get(id) ?? []
      seen.set(id, paths)
      if (paths.at(-1) !== path) paths.push(path)
    }
  }
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-gf-path', 'data-gf-peer'] })
}
