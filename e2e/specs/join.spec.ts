import { expect, needsWebrtc, test } from '../support/fixtures.ts'
import { generatedPeerId } from '../support/identities.ts'

test('opening the relay\'s URL joins the network with nothing to configure @quick', async ({ relay, newPerson }) => {
  const ana = await newPerson(relay.url)
  const id = await ana.joined()
  expect(id).toMatch(/^12D3KooW/)
  await expect(ana.page.getByTestId('status-pill')).toContainText('Online')
  await expect(ana.page.locator(`[data-gf-relay="${relay.peerId}"]`)).toHaveAttribute('data-gf-relay-state', 'reserved')
})

test('two people meet through the relay, become direct, and talk both ways @quick', async ({ relay, newPerson }) => {
  needsWebrtc()
  const ana = await newPerson(relay.url)
  const anaId = await ana.joined()
  const ben = await newPerson(relay.url)
  const benId = await ben.joined()
  await Promise.all([ana.meets(benId), ben.meets(anaId)])
  await Promise.all([ana.isDirectTo(benId), ben.isDirectTo(anaId)])
  const paths = [...await ana.pathsSeen(benId), ...await ben.pathsSeen(anaId)]
  expect(paths, 'at least one of the two saw the relayed path first').toContain('relayed')
  await expect(ana.person(benId)).toHaveAttribute('data-gf-kind', 'browser')
  await ana.say('good morning, Ben')
  await ben.hears(anaId, 'good morning, Ben')
  await ben.say('good morning, Ana')
  await ana.hears(benId, 'good morning, Ana')
  expect(await ben.timesHeard('good morning, Ben')).toBe(1)
  expect(await ana.timesHeard('good morning, Ana')).toBe(1)
})

test('those who stay relayed by choice are shown why, and talk both ways @quick', async ({ relay, newPerson }) => {
  const ana = await newPerson(`${relay.url}/me`)
  await ana.page.getByTestId('direct-shared').check()
  await ana.page.getByRole('link', { name: 'Network' }).click()
  const anaId = await ana.joined()
  const ben = await newPerson(relay.url)
  const benId = await ben.joined()
  await expect(ana.person(benId)).toHaveAttribute('data-gf-path-reason', 'relayed-by-choice')
  await expect(ana.person(benId)).toHaveAttribute('data-gf-path', 'relayed')
  await ana.say('through the relay')
  await ben.hears(anaId, 'through the relay')
  await ben.say('and back')
  await ana.hears(benId, 'and back')
  await expect(ana.person(benId)).toHaveAttribute('data-gf-path', 'relayed')
})

test('a reload keeps the PeerId and comes back to the people @quick', async ({ relay, newPerson }) => {
  const ana = await newPerson(relay.url)
  const anaId = await ana.joined()
  const ben = await newPerson(relay.url)
  const benId = await ben.joined()
  await Promise.all([ana.meets(benId), ben.meets(anaId)])
  await ana.page.reload()
  expect(await ana.joined()).toBe(anaId)
  await Promise.all([ana.meets(benId), ben.meets(anaId)])
  await ana.say('here again')
  await ben.hears(anaId, 'here again')
})

test('people who leave are no longer shown @quick', async ({ relay, newPerson }) => {
  const ana = await newPerson(relay.url)
  await ana.joined()
  const ben = await newPerson(relay.url)
  const benId = await ben.joined()
  await ana.meets(benId)
  await ben.page.close()
  await expect(ana.person(benId)).toHaveCount(0, { timeout: 45_000 })
})

test('a bad address in the form is refused by name, and the peer lives on @quick', async ({ relay, newPerson }) => {
  const ana = await newPerson(relay.url)
  await ana.joined()
  const other = await generatedPeerId()
  const webSocket = `/ip4/127.0.0.1/tcp/${relay.httpPort}/ws`
  const wrong: readonly (readonly [string, string])[] = [
    ['not an address', 'ADDRESS_INVALID'],
    ['/ip4/1.2.3.4/tcp/99999/p2p/x', 'ADDRESS_INVALID'],
    [`${webSocket}/p2p/${other.slice(0, -1)}`, 'ADDRESS_INVALID'],
    [webSocket, 'ADDRESS_INVALID'],
    [`${webSocket}/p2p/${other}`, 'PEER_ID_MISMATCH']
  ]
  for (const [address, code] of wrong) {
    await ana.page.getByTestId('connect-input').fill(address)
    await ana.page.getByTestId('connect-submit').click()
    await expect(ana.page.getByTestId('connect-submit')).toBeEnabled()
    await expect(ana.page.locator('form').filter({ has: ana.page.getByTestId('connect-input') }).locator('xpath=..').getByTestId('error'), address).toHaveAttribute('data-gf-code', code)
  }
  await expect(ana.state).toHaveAttribute('data-gf-state', 'online')
})

test('a good address in the form connects @quick', async ({ relay, newPerson }) => {
  const ana = await newPerson(relay.url)
  await ana.joined()
  const ben = await newPerson(relay.url)
  const benId = await ben.joined()
  await expect(ben.page.locator('[data-gf-address]').first()).toBeVisible()
  const address = await ben.page.locator('[data-gf-address]').first().getAttribute('data-gf-address') ?? ''
  await ana.page.getByTestId('connect-input').fill(address)
  await ana.page.getByTestId('connect-submit').click()
  await expect(ana.page.getByText(/^Connected to /)).toBeVisible()
  await ana.meets(benId)
})
