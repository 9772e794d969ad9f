import type { Page } from 'puppeteer-core'
import { firefoxPath } from '../support/environment.ts'
import { expect, needsWebrtc, test } from '../support/fixtures.ts'
import { sampleFile } from '../support/files.ts'
import { startFirefox } from '../support/firefox.ts'

const WAIT = { timeout: 30_000 }

async function joined(page: Page): Promise<string> {
  await page.waitForSelector('html[data-gf-state="online"]', WAIT)
  const id = await page.$eval('[data-gf-self]', (element) => element.getAttribute('data-gf-self'))
  expect(id).toMatch(/^12D3KooW/)
  return id ?? ''
}

async function say(page: Page, text: string): Promise<void> {
  await page.type('[data-testid="general-input"]', text)
  await page.keyboard.press('Enter')
}

test('Firefox and Chromium join, become direct, talk and give each other files', async ({ relay, newPerson }) => {
  test.skip(firefoxPath() === undefined, 'Firefox is missing (Debian package: firefox-esr)')
  needsWebrtc()
  test.setTimeout(180_000)
  await using firefox = await startFirefox()
  const { page } = firefox
  await page.goto(relay.url)
  const foxId = await joined(page)
  const ana = await newPerson(relay.url)
  const anaId = await ana.joined()
  await ana.isDirectTo(foxId)
  await page.waitForSelector(`[data-gf-peer="${anaId}"]:is([data-gf-path="direct"], [data-gf-path="lan"])`, WAIT)

  await say(page, 'hello from Firefox')
  await ana.hears(foxId, 'hello from Firefox')
  await ana.say('hello from Chromium')
  await page.waitForFunction((text) => document.querySelector('[data-testid="general-log"]')?.textContent?.includes(text) ?? false, WAIT, 'hello from Chromium')

  const there = await sampleFile('from-chromium.bin', 1024 * 1024)
  await ana.give(foxId, there.path)
  await (await page.waitForSelector('[data-testid="send-accept"]', { ...WAIT, visible: true }))?.click()
  await page.waitForSelector(`[data-gf-transfer="done"][data-gf-sha256="${there.sha256}"]`, WAIT)
  const received = await page.waitForSelector('[data-testid="received-file"]', WAIT)
  const sha256 = await received?.evaluate(async (link) => {
    const digest = await crypto.subtle.digest('SHA-256', await (await fetch(link.getAttribute('href') ?? '')).arrayBuffer())
    return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  })
  expect(sha256).toBe(there.sha256)

  const back = await sampleFile('from-firefox.bin', 1024 * 1024)
  const input = await page.waitForSelector(`[data-gf-peer="${anaId}"] input[type="file"]`, WAIT)
  if (input === null) throw new Error('Firefox shows nothing to give a file by')
  await (input as Awaited<ReturnType<typeof page.waitForSelector<'input'>>>)?.uploadFile(back.path)
  await ana.page.getByTestId('send-accept').click()
  expect(await ana.receivedSha256(back.name)).toBe(back.sha256)
})
