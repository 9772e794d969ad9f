import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPageRoutes } from '../src/http/page-routes.ts'
import { createStaticFiles } from '../src/http/static-files.ts'
import { temporaryDir } from './support/relay-process.ts'

describe('files of the page', () => {
  const dir = temporaryDir()
  const folder = join(dir.path, 'build')
  const server = createServer()
  let url = ''
  beforeAll(async () => {
    mkdirSync(join(folder, '_app/immutable'), { recursive: true })
    writeFileSync(join(dir.path, 'secret.txt'), 'outside')
    writeFileSync(join(folder, 'index.html'), '<!doctype html><script>start()</script>')
    writeFileSync(join(folder, '_app/immutable/a.js'), `export const text = "${'a'.repeat(5000)}"`)
    writeFileSync(join(folder, 'element.js'), 'export {}')
    const routes = createPageRoutes({ files: createStaticFiles(folder, []), infoDocument: () => undefined, status: () => ({}), statusPage: () => '', notReady: () => 'starting', redeem: undefined })
    server.on('request', (request, response) => void routes(request, response)).listen(0, '127.0.0.1')
    await new Promise((resolve) => { server.once('listening', resolve) })
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    server.close()
    dir.remove()
  })

  test('[RL12] only files of the build are served, and a path without a file is the page itself', async () => {
    expect(await (await fetch(`${url}/element.js`)).text()).toBe('export {}')
    for (const path of ['/..%2fsecret.txt', '/%2e%2e/secret.txt', '/_app', '/.hidden', '/element.js/x.js']) expect((await fetch(`${url}${path}`)).status, path).toBe(404)
    const page = await fetch(`${url}/flows/some-id`, { headers: { accept: 'text/html' } })
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect((await fetch(`${url}/flows/missing.js`, { headers: { accept: 'text/html' } })).status).toBe(404)
  })

  test('[RL13] what is named by its content is kept for ever, the rest is asked for again; scripts may be loaded by other sites', async () => {
    const immutable = await fetch(`${url}/_app/immutable/a.js`)
    expect([immutable.headers.get('cache-control'), immutable.headers.get('access-control-allow-origin')]).toEqual(['public, max-age=31536000, immutable', '*'])
    const page = await fetch(`${url}/`)
    expect([page.headers.get('cache-control'), page.headers.get('access-control-allow-origin')]).toEqual(['no-cache', null])
    const etag = page.headers.get('etag') ?? ''
    expect((await fetch(`${url}/`, { headers: { 'if-none-match': etag } })).status).toBe(304)
  })

  test('[RL10] text is sent compressed, by what the build made where it did', async () => {
    const raw = await fetch(`${url}/_app/immutable/a.js`, { headers: { 'accept-encoding': 'gzip, br' } })
    expect([raw.headers.get('content-encoding'), Number(raw.headers.get('content-length')) < 500]).toEqual(['br', true])
  })

  test('[RL13] a new build is served without a restart, and a page that is not there is a typed error', async () => {
    writeFileSync(join(folder, 'index.html'), '<!doctype html><script>other()</script>')
    utimesSync(join(folder, 'index.html'), new Date(), new Date(Date.now() + 5_000))
    const page = await fetch(`${url}/`)
    expect(await page.text()).toContain('other()')
    rmSync(folder, { recursive: true })
    const missing = await fetch(`${url}/`)
    expect([missing.status, (await missing.json() as { code: string }).code]).toEqual([503, 'PAGE_NOT_BUILT'])
  })
})
