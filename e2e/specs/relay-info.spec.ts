import { randomBytes } from 'node:crypto'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { signRelayInfo, type RelayInfoContent } from '@gloflow/p2p-core'
import type { Page } from '@playwright/test'
import { expect, test } from '../support/fixtures.ts'

const PATTERN = '**/.well-known/gloflow-relay.json'

/** A well-formed content as a relay would sign it. */
const content: RelayInfoContent = {
  multiaddrs: ['/ip4/127.0.0.1/tcp/9/ws'],
  network: 'gloflow_testnet',
  stun: [],
  relays: [],
  limits: { reservations: 10, circuitBytes: 0, circuitMs: 0 },
  access: 'open',
  bridge: false,
  version: '0.0.0',
  seq: 1,
  expires: Math.floor(Date.now() / 1000) + 3600
}

async function documentOf(change: Partial<RelayInfoContent>): Promise<string> {
  return JSON.stringify(await signRelayInfo(await generateKeyPair('Ed25519'), { ...content, ...change }))
}

/** A signed document with one bit of its envelope turned. */
async function tamperedDocument(): Promise<string> {
  const document = await signRelayInfo(await generateKeyPair('Ed25519'), content)
  const envelope = Buffer.from(document.envelope, 'base64')
  const middle = Math.floor(envelope.length / 2)
  envelope[middle] = (envelope[middle] ?? 0) ^ 1
  return JSON.stringify({ ...document, envelope: envelope.toString('base64') })
}

const HUGE = JSON.stringify({ envelope: 'A'.repeat(20 * 1024 * 1024) })

/** What a hostile relay (or who stands before it) may serve → the code that the person sees. */
const HOSTILE: readonly (readonly [string, () => Promise<string | Buffer>, string])[] = [
  ['no JSON', async () => '<html>hello</html>', 'RELAY_INFO_INVALID'],
  ['random bytes', async () => randomBytes(2000), 'RELAY_INFO_INVALID'],
  ['JSON without an envelope', async () => '{"peerId":"12D3KooW"}', 'RELAY_INFO_INVALID'],
  ['an array', async () => '[]', 'RELAY_INFO_INVALID'],
  ['an envelope that is not base64', async () => '{"envelope":"%%%"}', 'RELAY_INFO_INVALID'],
  ['a readable copy with a foreign envelope', async () => JSON.stringify({ ...content, peerId: '12D3KooW', envelope: randomBytes(300).toString('base64') }), 'RELAY_INFO_INVALID'],
  ['a signature that does not fit', tamperedDocument, 'RELAY_INFO_INVALID'],
  ['an expired document', () => documentOf({ expires: Math.floor(Date.now() / 1000) - 86_400 }), 'RELAY_INFO_EXPIRED'],
  ['20 MiB', async () => HUGE, 'RELAY_INFO_TOO_LARGE']
]

async function serve(page: Page, body: string | Buffer): Promise<void> {
  await page.route(PATTERN, (route) => route.fulfill({ body, contentType: 'application/json' }))
}

test('a relay info document that cannot be believed is refused by name, and the page lives on @quick', async ({ relay, newPerson }) => {
  test.setTimeout(240_000)
  const ana = await newPerson('about:blank')
  for (const [what, body, code] of HOSTILE) {
    await test.step(what, async () => {
      await serve(ana.page, await body()) // the route that was added last is asked first
      await ana.page.goto(relay.url)
      await expect(ana.page.getByTestId('error')).toHaveAttribute('data-gf-code', code)
      await expect(ana.state).not.toHaveAttribute('data-gf-state', 'online')
      await ana.page.getByRole('link', { name: 'Me', exact: true }).click()
      await expect(ana.page.getByTestId('own-id')).toBeVisible()
    })
  }
})

test('a relay that mends its document is joined without a reload', async ({ relay, newPerson }) => {
  const ana = await newPerson('about:blank')
  await serve(ana.page, 'nonsense')
  await ana.page.goto(relay.url)
  await expect(ana.page.getByTestId('error')).toHaveAttribute('data-gf-code', 'RELAY_INFO_INVALID', { timeout: 20_000 })
  await ana.page.unroute(PATTERN)
  await expect(ana.state).toHaveAttribute('data-gf-state', 'online', { timeout: 45_000 })
  await expect(ana.page.getByTestId('error')).toHaveCount(0)
})

test('a relay with another key is not used until the person agrees @quick', async ({ relay, newPerson }) => {
  test.setTimeout(180_000)
  const ana = await newPerson(relay.url)
  const id = await ana.joined()
  const before = relay.peerId
  await relay.restart({ freshData: true })
  expect(relay.peerId).not.toBe(before)
  await expect(ana.page.getByTestId('error')).toHaveAttribute('data-gf-code', 'RELAY_KEY_CHANGED', { timeout: 30_000 })
  await expect(ana.state).not.toHaveAttribute('data-gf-state', 'online')
  await ana.page.reload()
  await expect(ana.page.getByTestId('error'), 'a reload does not forget the pin').toHaveAttribute('data-gf-code', 'RELAY_KEY_CHANGED', { timeout: 30_000 })
  await ana.page.getByTestId('relay-trust').click()
  expect(await ana.joined()).toBe(id)
  await ana.page.reload()
  expect(await ana.joined()).toBe(id)
  await expect(ana.page.locator(`[data-gf-relay="${relay.peerId}"]`)).toHaveAttribute('data-gf-relay-state', 'reserved')
})

test('a document of an earlier number is refused after a later one was seen', async ({ relay, newPerson }) => {
  test.setTimeout(180_000)
  const ana = await newPerson(relay.url)
  const earlier = await (await fetch(`${relay.url}/.well-known/gloflow-relay.json`)).text()
  await relay.stop()
  await relay.restart({ otherTcpPort: true })
  const later = await (await fetch(`${relay.url}/.well-known/gloflow-relay.json`)).text()
  expect(later).not.toBe(earlier)
  await ana.page.reload()
  await ana.joined()
  await serve(ana.page, earlier)
  await ana.page.reload()
  await expect(ana.page.getByTestId('error')).toHaveAttribute('data-gf-code', 'RELAY_INFO_REPLAYED', { timeout: 20_000 })
})
