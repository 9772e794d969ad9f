import { chromium, type Browser, type BrowserContext, type Page } from '@playwright/test'
import { chromiumOptions } from '../e2e/support/chromium.ts'
import { startRelay, type RelayProcess } from '../e2e/support/relay.ts'

/** Longest wait for anything that is measured; what takes longer is an error, not a figure. */
const PATIENCE_MS = 60_000

/** A relay and a browser for one figure. */
export interface Stage extends AsyncDisposable {
  readonly relay: RelayProcess
  readonly browser: Browser
  /** A person of their own: separate storage. */
  newPerson(): Promise<Person>
}

/** One page, with what is measured on it. */
export interface Person {
  readonly context: BrowserContext
  readonly page: Page
  /** Opens the relay's URL; resolves with ms from the start of navigation until the page shows `online`. */
  open(): Promise<number>
  reload(): Promise<number>
  readonly id: () => Promise<string>
  /** Resolves with the UNIX ms at which the page first showed that path to that person since it was opened. */
  pathSeenAt(id: string, path: 'relayed' | 'direct'): Promise<number>
}

/** Starts both. */
export async function createStage(): Promise<Stage> {
  const relay = await startRelay()
  const browser = await chromium.launch(chromiumOptions())
  return {
    relay,
    browser,
    async newPerson() {
      const context = await browser.newContext()
      const page = await context.newPage()
      await page.addInitScript(recordMoments)
      return person(context, page, relay.url)
    },
    async [Symbol.asyncDispose]() {
      await browser.close()
      await relay.remove()
    }
  }
}

function person(context: BrowserContext, page: Page, url: string): Person {
  const joinedAfterMs = async (): Promise<number> => {
    const moment = await page.waitForFunction(() => {
      const moments: unknown = Reflect.get(globalThis, 'benchMoments')
      return moments instanceof Map ? moments.get('online') : undefined
    }, undefined, { timeout: PATIENCE_MS })
    return Number(await moment.jsonValue()) - await page.evaluate(() => performance.timeOrigin)
  }
  return {
    context,
    page,
    async open() {
      await page.goto(url)
      return joinedAfterMs()
    },
    async reload() {
      await page.reload()
      return joinedAfterMs()
    },
    id: async () => await page.locator('[data-gf-self]').getAttribute('data-gf-self') ?? '',
    async pathSeenAt(id, path) {
      const moment = await page.waitForFunction(([peer, kind]) => {
        const moments: unknown = Reflect.get(globalThis, 'benchMoments')
        if (!(moments instanceof Map)) return undefined
        return moments.get(`${peer} ${kind}`) ?? (kind === 'direct' ? moments.get(`${peer} lan`) : undefined)
      }, [id, path] as const, { timeout: PATIENCE_MS })
      return Number(await moment.jsonValue())
    }
  }
}

/** Runs in the page before its own code: remembers when it first showed its state and each path, as UNIX ms. */
function recordMoments(): void {
  const moments = new Map<string, number>()
  Reflect.set(globalThis, 'benchMoments', moments)
  const note = (key: string): void => { if (!moments.has(key)) moments.set(key, performance.timeOrigin + performance.now()) }
  const look = (): void => {
    const state = document.documentElement.getAttribute('data-gf-state')
    if (state !== null) note(state)
    for (const element of document.querySelectorAll('[data-gf-peer]')) note(`${element.getAttribute('data-gf-peer')} ${element.getAttribute('data-gf-path')}`)
  }
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-gf-state', 'data-gf-path', 'data-gf-peer'] })
}
