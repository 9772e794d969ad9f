import { expect, test } from '../support/fixtures.ts'
import { sampleFile } from '../support/files.ts'

test('a name that is markup, or longer than any line, is shown as text and moves nothing', async ({ relay, newPerson }) => {
  const ana = await newPerson(relay.url, { viewport: { width: 360, height: 740 } })
  const anaId = await ana.joined()
  const ben = await newPerson(relay.url)
  const benId = await ben.joined()
  await Promise.all([ana.meets(benId), ben.meets(anaId)])
  const file = await sampleFile('names.bin', 1000)
  for (const name of ['<img src=x onerror=document.title="own">', 'W'.repeat(40)]) {
    await ben.page.getByTestId('name-edit').click()
    await ben.page.getByTestId('name-input').fill(name)
    await ben.page.getByTestId('name-save').click()
    await expect(ana.person(benId).locator('h3')).toHaveText(name)
    await ben.say(`I am ${name}`)
    await ana.hears(benId, `I am ${name}`)
    await ben.give(anaId, file.path)
    await expect(ana.page.getByTestId('offer')).toContainText(name)
    expect(await ana.page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(360)
    for (const part of [ana.page.getByTestId('offer'), ana.person(benId), ana.page.getByTestId('general-log')]) {
      expect(await part.evaluate((element) => element.scrollWidth - element.clientWidth), name).toBeLessThanOrEqual(1)
    }
    await ana.page.getByTestId('send-decline').click()
    await expect(ana.page.getByTestId('offer')).toHaveCount(0)
    await expect(ana.page).toHaveTitle('Network · GloFlow Peers')
  }
})
