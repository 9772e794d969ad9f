import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launch, type Page } from 'puppeteer-core'
import { firefoxPath } from './environment.ts'

/** Firefox, with a profile of its own that goes with it. */
export interface Firefox extends AsyncDisposable {
  readonly page: Page
}

/** Starts Firefox by WebDriver BiDi. Playwright drives only builds of its own. */
export async function startFirefox(): Promise<Firefox> {
  const executablePath = firefoxPath()
  if (executablePath === undefined) throw new Error('no Firefox: ask firefoxPath() first')
  const home = await mkdtemp(join(tmpdir(), 'gf-firefox-'))
  const browser = await launch({
    browser: 'firefox',
    executablePath,
    headless: true,
    env: { ...process.env, HOME: home },
    extraPrefsFirefox: { 'app.update.enabled': false, 'browser.safebrowsing.update.enabled': false, 'network.captive-portal-service.enabled': false, 'network.connectivity-service.enabled': false }
  })
  return {
    page: await browser.newPage(),
    async [Symbol.asyncDispose]() {
      await browser.close()
      await rm(home, { recursive: true, force: true })
    }
  }
}
