import type { Browser, BrowserContext, Page } from '@playwright/test'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startTestRelay, type TestRelay } from '../../testing/index.ts'
import { NO_CHROMIUM, startChromium, startSite, type Site } from './site.ts'

let site: Site
let browser: Browser
let relay: TestRelay
const contexts: BrowserContext[] = []

beforeAll(async () => {
  if (NO_CHROMIUM !== undefined) return
  [site, browser, relay] = await Promise.all([startSite(), startChromium(), startTestRelay()])
}, 60_000)
afterEach(async () => { for (const context of contexts.splice(0)) await context.close() })
afterAll(async () => {
  await browser?.close()
  await site?.[Symbol.asyncDispose]()
  await relay?.[Symbol.asyncDispose]()
})

async function newContext(before?: () => void): Promise<BrowserContext> {
  const context = await browser.newContext()
  contexts.push(context)
  if (before !== undefined) await context.addInitScript(before)
  return context
}

async function openPage(context: BrowserContext): Promise<Page> {
  const page = await context.newPage()
  await page.goto(site.url)
  await page.waitForFunction(() => typeof globalThis.startPeer === 'function')
  return page
}

/** Starts the page's peer and waits until it has a reservation. */
async function join(page: Page): Promise<{ id: string; identity: unknown; storage: unknown }> {
  return page.evaluate(async (address) => {
    const peer = await startPeer({ relays: [address] })
    while (peer.status.state !== 'online') await new Promise((resolve) => { setTimeout(resolve, 20) })
    return { id: peer.id.toString(), identity: { ...peer.status.identity }, storage: { ...peer.status.storage } }
  }, relay.ws)
}

describe.skipIf(NO_CHROMIUM !== undefined)('a peer in a page (Chromium)', { timeout: 60_000 }, () => {
  it('[ID7] is a key in IndexedDB that no script can read, good for Noise and for signed records, and the same after a reload', async () => {
    const context = await newContext()
    const page = await openPage(context)
    const first = await join(page)
    expect(first).toMatchObject({ identity: { storage: 'indexeddb', sealed: true, ephemeral: false }, storage: { kind: 'indexeddb' } })
    const kept = await page.evaluate(async () => {
      const open = (): Promise<IDBDatabase> => new Promise((resolve, reject) => {
        const request = indexedDB.open('gloflow-identity')
        request.onsuccess = () => { resolve(request.result) }
        request.addEventListener('error', () => { reject(request.error) })
      })
      const database = await open()
      const record = await new Promise<{ privateKey: CryptoKey }>((resolve) => {
        const request = database.transaction('keys').objectStore('keys').get('identity')
        request.onsuccess = () => { resolve(request.result) }
      })
      const exports = await Promise.allSettled((['raw', 'pkcs8', 'jwk'] as const).map((format) => crypto.subtle.exportKey(format as 'jwk', record.privateKey)))
      return { extractable: record.privateKey.extractable, exports: exports.map((result) => result.status) }
    })
    expect(kept).toEqual({ extractable: false, exports: ['rejected', 'rejected', 'rejected'] })
    await page.reload()
    await page.waitForFunction(() => typeof globalThis.startPeer === 'function')
    expect(await join(page)).toEqual(first)
    // identify-push carries a signed record as soon as there are addresses; the relay opened it and keeps it
    const known = async (): Promise<number> => {
      const found = (await relay.peer.libp2p.peerStore.all()).find((other) => other.id.toString() === first.id)
      return found?.peerRecordEnvelope?.length ?? 0
    }
    await expect.poll(known, { timeout: 5_000 }).toBeGreaterThan(64)
  })

  it('[ID7] two browsers have two, and reach each other', async () => {
    const [alice, bob] = await Promise.all([newContext(), newContext()].map(async (context) => openPage(await context)))
    if (alice === undefined || bob === undefined) throw new TypeError('two pages')
    const [one, other] = [await join(alice), await join(bob)]
    expect(one.id).not.toBe(other.id)
    expect(await alice.evaluate(async (id) => {
      const { kind, path, transport } = await peer.connect(id)
      return { kind, path, transport }
    }, other.id)).toEqual({ kind: 'browser', path: 'relayed', transport: 'circuit' })
  })

  it('[PB9] a page that is opened again without relay or bootstrap comes back to its relay and its friend from its book alone', async () => {
    const [alice, bob] = [await openPage(await newContext()), await openPage(await newContext())]
    await join(alice)
    const friend = await join(bob)
    await alice.evaluate(async (id) => { await peer.connect(id) }, friend.id)
    await alice.waitForTimeout(500) // the book is written within 200 ms
    await alice.reload()
    await alice.waitForFunction(() => typeof globalThis.startPeer === 'function')
    const back = await alice.evaluate(async (id) => {
      const dayMs = 24 * 3_600_000
      const peer = await startPeer({ now: () => Date.now() + dayMs })
      while (peer.status.state !== 'online' || !peer.peers.some((info) => info.id.toString() === id)) await new Promise((resolve) => { setTimeout(resolve, 20) })
      return peer.status.relays.map((status) => status.peerId)
    }, friend.id)
    expect(back).toEqual([relay.peer.id.toString()])
  })

  it('[ID8] without Ed25519 in WebCrypto it is a seed that scripts can read, which the status says; the same after a reload', async () => {
    const page = await openPage(await newContext(() => {
      const generateKey = crypto.subtle.generateKey.bind(crypto.subtle) as (...parameters: unknown[]) => Promise<CryptoKeyPair>
      Object.defineProperty(crypto.subtle, 'generateKey', {
        value: (algorithm: { name: string }, ...rest: unknown[]) => algorithm.name === 'Ed25519' ? Promise.reject(new DOMException('no', 'NotSupportedError')) : generateKey(algorithm, ...rest)
      })
    }))
    const first = await join(page)
    expect(first.identity).toMatchObject({ storage: 'indexeddb', sealed: false, ephemeral: false, reason: expect.stringContaining('Ed25519') })
    await page.reload()
    await page.waitForFunction(() => typeof globalThis.startPeer === 'function')
    expect((await join(page)).id).toBe(first.id)
  })

  it('[ID9] where storage is refused it joins with a key that ends with the tab, and says so', async () => {
    const page = await openPage(await newContext(() => {
      Object.defineProperty(globalThis, 'indexedDB', { value: { open: () => { throw new DOMException('The user denied permission', 'SecurityError') } } })
    }))
    const joined = await join(page)
    expect(joined).toMatchObject({
      identity: { storage: 'memory', ephemeral: true, reason: expect.stringContaining('ends with this tab') },
      storage: { kind: 'memory', reason: expect.stringContaining('refuses storage') }
    })
  })

  it('[ID10] what is there and is no key is IDENTITY_CORRUPT, and stays as it is', async () => {
    const page = await openPage(await newContext())
    const result = await page.evaluate(async () => {
      const put = (): Promise<void> => new Promise((resolve) => {
        const request = indexedDB.open('gloflow-identity')
        request.onupgradeneeded = () => { request.result.createObjectStore('keys') }
        request.onsuccess = () => {
          const transaction = request.result.transaction('keys', 'readwrite')
          transaction.objectStore('keys').put({ version: 1, kind: 'sealed', publicKey: new Uint8Array(32), privateKey: 'mine' }, 'identity')
          transaction.oncomplete = () => { resolve() }
        }
      })
      await put()
      const code = await startPeer({}).then(() => 'started', (error: { code: string }) => error.code)
      const again = await startPeer({}).then(() => 'started', (error: { code: string }) => error.code)
      return [code, again]
    })
    expect(result).toEqual(['IDENTITY_CORRUPT', 'IDENTITY_CORRUPT'])
  })

  it('[ID11] tabs that start at once get one key', async () => {
    const context = await newContext()
    const pages = await Promise.all([1, 2, 3].map(() => openPage(context)))
    const ids = await Promise.all(pages.map((page) => page.evaluate(async () => (await startPeer({ storageName: 'race' })).id.toString())))
    expect(new Set(ids).size).toBe(1)
  })

  it('[PB10] IndexedDB holds the contract of the storage port', async () => {
    const page = await openPage(await newContext())
    const results = await page.evaluate(() => globalThis.runStorageContract())
    expect(Object.keys(results).length).toBeGreaterThan(3)
    expect(new Set(Object.values(results))).toEqual(new Set(['holds']))
  })

  it('[PC21] /dnsaddr is not resolved: nobody is asked over HTTPS', async () => {
    const context = await newContext()
    const page = await openPage(context)
    const asked: string[] = []
    page.on('request', (request) => { if (!request.url().startsWith(site.url)) asked.push(request.url()) })
    const code = await page.evaluate(async () => {
      const peer = await startPeer({})
      return peer.connect('/dnsaddr/relay.example/p2p/12D3KooWKG8HRc3tud3MzFQFmLFjNu71veQJKN6WBXE7KM3XLpQP').then(() => 'connected', (error: { code: string }) => error.code)
    })
    expect(code).toBe('PEER_NOT_FOUND')
    expect(asked).toEqual([])
  })

  it('[ID12] the page loads no module of Node', () => {
    expect(site.script).not.toMatch(/from\s*["']node:/)
    expect(site.script).not.toContain('node-datachannel')
  })
})
