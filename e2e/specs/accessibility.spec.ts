import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { expect, test } from '../support/fixtures.ts'
import { sampleFile } from '../support/files.ts'

async function expectNothingFound(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`).join(' | ')}`), where).toEqual([])
}

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [size, viewport] of [['desktop', { width: 1280, height: 900 }], ['phone', { width: 390, height: 844 }]] as const) {
    const quick = colorScheme === 'light' && size === 'desktop' ? ' @quick' : ''
    test(`axe finds nothing on any place, ${colorScheme}, ${size}${quick}`, async ({ relay, newPerson }) => {
      const ana = await newPerson(relay.url, { colorScheme, viewport, reducedMotion: 'reduce' })
      const anaId = await ana.joined()
      await expectNothingFound(ana.page, 'nobody here')
      const ben = await newPerson(relay.url)
      await ben.joined()
      await ben.meets(anaId)
      await ben.say('hello')
      const file = await sampleFile('axe.bin', 1000)
      await ben.give(anaId, file.path)
      await expect(ana.page.getByTestId('offer')).toBeVisible()
      await expectNothingFound(ana.page, 'a person, a message and an offer')
      await ana.page.getByTestId('send-accept').click()
      await ana.receivedSha256(file.name)
      await ana.page.getByTestId('selftest-run').click()
      await expect(ana.page.getByTestId('selftest-results')).toHaveAttribute('aria-busy', 'false', { timeout: 45_000 })
      await expectNothingFound(ana.page, 'a file and the self-test')
      await ana.page.getByRole('link', { name: 'Me', exact: true }).click()
      await expect(ana.page.getByTestId('own-id')).toBeVisible()
      await expectNothingFound(ana.page, 'Me')
    })
  }
}

test('axe finds nothing on the relay\'s status page @quick', async ({ relay, newPerson }) => {
  const ana = await newPerson(`${relay.url}/status`)
  await expect(ana.page.locator('h1')).toBeVisible()
  await expectNothingFound(ana.page, 'status page')
})
