import { connect } from 'node:net'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseRelayInfo } from '@gloflow/p2p-core'
import { browserUrls } from '../src/http/browser-urls.ts'
import { clientAddress, plainAddress } from '../src/http/client-address.ts'
import { contentSecurityPolicy } from '../src/http/security-headers.ts'
import { inlineScriptHashes } from '../src/http/static-files.ts'
import { toBlockList } from '../src/config/values.ts'
import { until } from './support/client.ts'
import { startRelayProcess, temporaryDir } from './support/relay-process.ts'
import type { RelayProcess } from './support/relay-process.ts'
import { validate } from './support/schema.ts'

/** Sends bytes as they are, and returns what comes until the connection ends. */
async function raw(url: string, bytes: string): Promise<string> {
  const { port } = new URL(url)
  const socket = connect(Number(port), '127.0.0.1')
  let answer = ''
  socket.on('data', (chunk) => { answer += chunk.toString() }).on('error', () => { /* cut is an answer */ })
  socket.write(bytes)
  await new Promise((resolve) => { socket.once('close', resolve) })
  return answer
}

describe('the page\'s port', () => {
  let relay: RelayProcess
  beforeAll(async () => { relay = await startRelayProcess(['--embed-origin', 'https://gloflow.example']) })
  afterAll(async () => { await relay[Symbol.asyncDispose]() })

  test('[RL10] health, readiness, status and info document say what their schemas say, and the two that other origins need are open to them', async () => {
    const get = async (path: string): Promise<Response> => await fetch(`${relay.ready.url}${path}`)
    expect(await (await get('/healthz')).text()).toBe('ok\n')
    expect(await (await get('/readyz')).json()).toEqual({ ready: true })
    const status = await get('/status.json')
    expect(validate('status', await status.json())).toEqual([])
    const info = await get('/.well-known/gloflow-relay.json')
    expect([info.headers.get('access-control-allow-origin'), info.headers.get('cache-control')]).toEqual(['*', 'no-store'])
    expect(validate('info', await info.json())).toEqual([])
  })

  test('[RL50] the info document is signed by the relay\'s key and is what clients accept', async () => {
    const text = await (await fetch(`${relay.ready.url}/.well-known/gloflow-relay.json`)).text()
    const info = await parseRelayInfo(text, { network: 'gloflow_testnet', nowMs: Date.now(), pin: undefined })
    expect(info.peerId).toBe(relay.ready.peerId)
    expect(info.limits).toEqual({ reservations: 2000, circuitBytes: 67_108_864, circuitMs: 3_600_000 })
    expect(info.multiaddrs.some((address) => address.includes('/ws/'))).toBe(true)
    expect(info.stun.length).toBeGreaterThan(0)
  })

  test('[RL52] what is public names no peer and no address', async () => {
    for (const path of ['/status.json', '/status', '/healthz', '/readyz']) {
      const body = await (await fetch(`${relay.ready.url}${path}`)).text()
      expect(body).not.toContain(relay.ready.peerId)
      expect(body).not.toMatch(/12D3Koo|\/ip[46]\/|\b127\.0\.0\.1\b/)
    }
    for (const path of ['/metrics', '/v1/p2p/status']) expect((await fetch(`${relay.ready.url}${path}`)).status).toBe(404)
  })

  test('[RL11] errors over HTTP are code, message and action', async () => {
    const missing = await fetch(`${relay.ready.url}/no/such.file`)
    expect([missing.status, await missing.json()]).toEqual([404, { code: 'NOT_FOUND', message: expect.any(String), action: expect.any(String) }])
    const posted = await fetch(`${relay.ready.url}/status.json`, { method: 'POST', body: 'x' })
    expect([posted.status, posted.headers.get('allow'), await posted.json()]).toEqual([405, 'GET, HEAD', { code: 'METHOD_NOT_ALLOWED', message: expect.any(String), action: expect.any(String) }])
    expect((await fetch(`${relay.ready.url}/status.json`, { method: 'HEAD' })).headers.get('content-length')).not.toBe('0')
  })

  test('[RL12] hostile requests are refused in bounded time, and the next one is served', async () => {
    const url = relay.ready.url
    for (const path of ['/../../../etc/passwd', '/%2e%2e/%2e%2e/package.json', '/..%2f..%2fpackage.json', '//etc/passwd', '/_app/../../package.json', '/%00', '/%zz', '/constructor', '/__proto__']) {
      const answer = await raw(url, `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
      expect(answer).toMatch(/^HTTP\/1\.1 (400|404) /)
      expect(answer).not.toContain('"dependencies"')
    }
    expect(await raw(url, 'NOT HTTP AT ALL\r\n\r\n')).toContain('BAD_REQUEST')
    expect(await raw(url, `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 4/)
    expect(await raw(url, 'GET / HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n')).toMatch(/^(HTTP\/1\.1 4|$)/)
    await raw(url, Array.from({ length: 50 }, () => '\u0000\u0001\u0002').join(''))
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
  })

  test('[RL13] documents carry a policy that names who may embed them; the admin port answers to names of this machine only', async () => {
    const page = await fetch(`${relay.ready.url}/`)
    if (page.status === 200) {
      expect(page.headers.get('content-security-policy')).toMatch(/frame-ancestors 'self'$/)
      const policyOf = async (path: string): Promise<string | null> => (await fetch(`${relay.ready.url}${path}`, { headers: { accept: 'text/html' } })).headers.get('content-security-policy')
      for (const path of ['/embed', '/embed/', '/embed?x']) {
        expect(await policyOf(path)).toMatch(/frame-ancestors 'self' https:\/\/gloflow\.example$/)
      }
      for (const path of ['/embed/x', '/me', '/index.html']) {
        expect(await policyOf(path)).toMatch(/frame-ancestors 'self'$/)
      }
    }
    else expect((await page.json() as { code: string }).code).toBe('PAGE_NOT_BUILT')
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
    const admin = relay.ready.adminUrl ?? ''
    expect((await fetch(`${admin}/metrics`)).status).toBe(200)
    expect(await raw(admin, 'GET /v1/p2p/status HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n')).toContain('FORBIDDEN_HOST')
    const metrics = await (await fetch(`${admin}/metrics`)).text()
    for (const name of ['reservations_total', 'connections_total', 'connection_duration_seconds', 'data_transferred_bytes_total', 'status']) expect(metrics).toContain(`libp2p_relaysvc_${name}`)
  })
})

describe('the number of the info document', () => {
  test('[RL51] it grows over restarts, also when the file says more than the clock', async () => {
    const dir = temporaryDir()
    const seqOf = async (relay: RelayProcess): Promise<number> => (await (await fetch(`${relay.ready.url}/.well-known/gloflow-relay.json`)).json() as { seq: number }).seq
    try {
      const first = await startRelayProcess([], { dataDir: dir.path })
      const seq = await seqOf(first)
      await first.end()
      const { writeFileSync } = await import('node:fs')
      writeFileSync(`${dir.path}/info.seq`, String(seq + 10 ** 9))
      await using second = await startRelayProcess([], { dataDir: dir.path })
      expect(await seqOf(second)).toBeGreaterThan(seq + 10 ** 9)
    } finally {
      dir.remove()
    }
  })
})

describe('clients behind proxies', () => {
  const from = (remoteAddress: string, header: string | undefined): string => {
    const request = { socket: { remoteAddress, remotePort: 7 }, headers: header === undefined ? {} : { 'x-forwarded-for': header } }
    return clientAddress(request as unknown as Parameters<typeof clientAddress>[0], toBlockList(['10.0.0.0/8', '::1/128'])).address
  }

  test('[RL14] the header counts from trusted proxies only, and only as far as they wrote it', () => {
    expect(from('192.0.2.1', '203.0.113.5')).toBe('192.0.2.1')
    expect(from('10.0.0.1', '203.0.113.5')).toBe('203.0.113.5')
    expect(from('::ffff:10.0.0.1', '6.6.6.6, 203.0.113.5, 10.0.0.2')).toBe('203.0.113.5')
    expect(from('10.0.0.1', 'nonsense, 10.0.0.3')).toBe('10.0.0.3')
    expect(from('::1', '[2001:db8::1]:443')).toBe('2001:db8::1')
    expect(from('10.0.0.1', undefined)).toBe('10.0.0.1')
  })

  test('[RL14] no header makes it throw or return what is no address', () => {
    fc.assert(fc.property(fc.string(), (header) => { expect(plainAddress(from('10.0.0.1', header))).toBeDefined() }))
  })
})

describe('URLs for browsers', () => {
  const urls = (names: readonly string[] | undefined, publicUrl?: string): string[] =>
    browserUrls({ port: 1, host: '', certificateNames: names, publicUrl, addresses: ['127.0.0.1', '192.0.2.1'] }).map(({ url, usable }) => `${usable ? '+' : '-'}${url}`)

  test('[RL16] plain http works on this machine only, https where the certificate names it, and the published URL comes first', () => {
    expect(urls(undefined)).toEqual(['+http://localhost:1', '+http://127.0.0.1:1', '-http://192.0.2.1:1'])
    expect(urls(['relay.example', '192.0.2.1'])).toEqual(['+https://192.0.2.1:1', '+https://relay.example:1', '-https://localhost:1', '-https://127.0.0.1:1'])
    expect(urls(undefined, 'https://relay.example')[0]).toBe('+https://relay.example')
    expect(urls(undefined, 'http://relay.example').at(-1)).toBe('-http://192.0.2.1:1')
  })

  test('[RL13] the policy takes the page\'s own inline scripts by hash and no other', () => {
    const hashes = inlineScriptHashes('<script>a()</script><script src="x.js"></script><script type="module">b()</script>')
    expect(hashes).toHaveLength(2)
    expect(contentSecurityPolicy(hashes, [])).not.toContain("'unsafe-inline' 'sha")
    expect(contentSecurityPolicy(hashes, [])).toMatch(/script-src 'self' 'wasm-unsafe-eval' 'sha256-[^']+' 'sha256-[^']+';/)
  })
})

test('[RL53] a relay that is stopping is not ready, or no longer there', async () => {
  await using relay = await startRelayProcess()
  const stopped = relay.end('SIGTERM')
  await until(async () => await fetch(`${relay.ready.url}/readyz`).then(({ status }) => status === 503, () => true), 'not ready')
  expect(await stopped).toBe(0)
})
