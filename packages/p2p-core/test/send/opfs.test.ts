import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { Browser, Page } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NO_CHROMIUM, startChromium, startSite } from '../browser/site.ts'
import type { Site } from '../browser/site.ts'
import { fileSinkContract } from '../../testing/file-sink.contract.ts'

/** As in opfs-entry.browser.ts, which is checked with the types of browsers. */
interface SinkPage {
  runContract(): Promise<readonly { readonly name: string; readonly error: string | undefined }[]>
  receive(id: string, from: string, bytes: number, end: 'keep' | 'leave' | 'commit'): Promise<{ readonly offset: number; readonly sha256: string | undefined; readonly type: string | undefined }>
  hashOfBlob(bytes: number, offset: number): Promise<string>
}

declare global {
  var sinkPage: SinkPage
}

const MIB = 1024 * 1024
const from = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
let site: Site
let browser: Browser
let page: Page

async function reload(): Promise<void> {
  await page.goto(site.url)
  await page.waitForFunction(() => typeof globalThis.sinkPage === 'object')
}

function hashOf(mebibytes: number, start = 0): string {
  const hash = createHash('sha256')
  for (let index = start; index < mebibytes; index += 1) hash.update(new Uint8Array(MIB).fill(index % 251))
  return hash.digest('hex')
}

describe.skipIf(NO_CHROMIUM !== undefined)('sinks in the private file system of an origin (Chromium)', () => {
  let results: ReadonlyMap<string, string | undefined> = new Map()

  beforeAll(async () => {
    [site, browser] = await Promise.all([startSite(fileURLToPath(new URL('opfs-entry.browser.ts', import.meta.url))), startChromium()])
    page = await browser.newPage()
    await reload()
    results = new Map((await page.evaluate(() => sinkPage.runContract())).map(({ name, error }) => [name, error]))
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await site?.[Symbol.asyncDispose]()
  })

  // The rules run in the page; their names are known here too.
  fileSinkContract({
    it: name => { it(name, () => { expect([results.has(name), results.get(name)]).toEqual([true, undefined]) }) },
    equal: () => undefined, from, keeps: true,
    openPlace: () => Promise.reject(new TypeError('runs in the page')),
    contentOf: () => Promise.reject(new TypeError('runs in the page'))
  })

  it('[SD12] what was received before a reload is there after it, to the last full segment where the page just went away', async () => {
    const args = { id: 'in:x:reload', from: from.toString() }
    const receive = (mebibytes: number, end: 'keep' | 'leave' | 'commit'): ReturnType<SinkPage['receive']> =>
      page.evaluate(([id, peer, bytes, how]) => sinkPage.receive(id, peer, bytes, how), [args.id, args.from, mebibytes * MIB, end] as const)
    expect(await receive(20, 'keep')).toMatchObject({ offset: 0 })
    await reload()
    expect(await receive(45, 'leave')).toMatchObject({ offset: 20 * MIB })
    await reload()
    const last = await receive(64, 'commit')
    expect(last.offset).toBe(36 * MIB)
    expect(last).toMatchObject({ sha256: hashOf(64), type: 'application/octet-stream' })
  })

  it('[SD8] a Blob is read from any offset, and hashed in steps', async () => {
    expect(await page.evaluate(() => sinkPage.hashOfBlob(5 * 1024 * 1024, 0))).toBe(hashOf(5))
    expect(await page.evaluate(() => sinkPage.hashOfBlob(5 * 1024 * 1024, 2 * 1024 * 1024))).toBe(hashOf(5, 2))
  })
})
