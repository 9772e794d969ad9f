import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { chromium } from '@playwright/test'
import { chromiumOptions } from '../support/chromium.ts'
import { outsideAddress } from '../support/environment.ts'
import { expect, test } from '../support/fixtures.ts'
import { peerPage } from '../support/peer-page.ts'

test('on plain http off this machine the page says why it cannot join, and what to do @quick', async ({ relay, newPerson }) => {
  const address = outsideAddress()
  test.skip(address === undefined, 'start the scenarios with e2e/run.ts as root: an address besides loopback is needed')
  const ana = await newPerson(`http://${address}:${relay.httpPort}/`)
  expect(await ana.page.evaluate(() => isSecureContext)).toBe(false)
  const notice = ana.page.getByTestId('error')
  await expect(notice).toHaveAttribute('data-gf-code', 'INSECURE_ORIGIN')
  await expect(notice).toContainText('https://')
  await expect(notice).toContainText(`http://localhost:${relay.httpPort}/`)
  await expect(ana.state).toHaveAttribute('data-gf-state', 'offline')
  expect((await new AxeBuilder({ page: ana.page }).analyze()).violations).toEqual([])
})

test('a browser that refuses storage joins, and is told that this identity ends with the tab @quick', async ({ relay, newPerson }) => {
  const profile = await mkdtemp(join(tmpdir(), 'gf-profile-'))
  try {
    // Chromium's own setting "block all site data": IndexedDB, localStorage, caches and locks are refused.
    await mkdir(join(profile, 'Default'), { recursive: true })
    await writeFile(join(profile, 'Default', 'Preferences'), JSON.stringify({ profile: { default_content_setting_values: { cookies: 2 } } }))
    const context = await chromium.launchPersistentContext(profile, chromiumOptions())
    try {
      const ana = peerPage(await context.newPage())
      await ana.page.goto(relay.url)
      const refused = await ana.page.evaluate(async () => {
        try {
          await new Promise((resolve, reject) => {
            const request = indexedDB.open('probe')
            request.addEventListener('success', resolve)
            request.addEventListener('error', () => reject(request.error))
          })
          return false
        } catch {
          return true
        }
      })
      expect(refused, 'this browser really refuses IndexedDB').toBe(true)
      const first = await ana.joined()
      await expect(ana.page.getByTestId('ephemeral-notice')).toBeVisible()
      const ben = await newPerson(relay.url)
      const benId = await ben.joined()
      await ana.meets(benId)
      await ana.say('nothing of me stays')
      await ben.hears(first, 'nothing of me stays')
      await ana.page.reload()
      expect(await ana.joined()).not.toBe(first)
    } finally {
      await context.close()
    }
  } finally {
    await rm(profile, { recursive: true, force: true })
  }
})
