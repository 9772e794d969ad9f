import { expect, needsWebrtc, test } from '../support/fixtures.ts'
import { sampleFile } from '../support/files.ts'

const MIB = 1024 * 1024

test('the receiver reloads in the middle of 60 MB: it goes on by itself, without asking again, and the hash is right', async ({ relay, newPerson }) => {
  needsWebrtc()
  test.setTimeout(240_000)
  const ana = await newPerson(relay.url)
  const anaId = await ana.joined()
  const ben = await newPerson(relay.url)
  const benId = await ben.joined()
  await Promise.all([ana.isDirectTo(benId), ben.isDirectTo(anaId)])
  const file = await sampleFile('sixty.bin', 60 * MIB)
  await ana.give(benId, file.path)
  await ben.page.getByTestId('send-accept').click()
  const progress = ben.transfers.filter({ hasText: file.name }).getByTestId('send-progress')
  await expect(progress).toHaveAttribute('data-gf-percent', /^[3-9]\d$/, { timeout: 60_000 })
  await ben.page.reload()
  await ben.joined()
  await expect(ana.transfers).toHaveAttribute('data-gf-transfer', 'done', { timeout: 120_000 })
  await expect(ben.page.getByTestId('send-accept')).toHaveCount(0)
  expect(await ben.receivedSha256(file.name)).toBe(file.sha256)
})

test('the giver reloads in the middle of 60 MB: it goes on by itself, without asking again, and the hash is right', async ({ relay, newPerson }) => {
  needsWebrtc()
  test.setTimeout(240_000)
  const ana = await newPerson(relay.url)
  const anaId = await ana.joined()
  const ben = await newPerson(relay.url)
  const benId = await ben.joined()
  await Promise.all([ana.isDirectTo(benId), ben.isDirectTo(anaId)])
  const file = await sampleFile('again.bin', 60 * MIB)
  await ana.give(benId, file.path)
  await ben.page.getByTestId('send-accept').click()
  const progress = ben.transfers.filter({ hasText: file.name }).getByTestId('send-progress')
  await expect(progress).toHaveAttribute('data-gf-percent', /^[3-9]\d$/, { timeout: 60_000 })
  await ana.page.reload()
  await ana.joined()
  expect(await ben.receivedSha256(file.name)).toBe(file.sha256)
  await expect(ben.page.getByTestId('send-accept')).toHaveCount(0)
})
