import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Browser } from '@playwright/test'
import { build } from 'vite'

const ENTRY = fileURLToPath(new URL('page-entry.ts', import.meta.url))
const PAGE = '<!doctype html><meta charset="utf-8"><title>test</title><script type="module" src="/entry.js"></script>'
const QUIET = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

/** A page on localhost that has the package in it. */
export interface Site extends AsyncDisposable {
  readonly url: string
  /** Everything that the page loads, as text. */
  readonly script: string
}

/** Builds the package for browsers, as `entry` uses it, and serves it. */
export async function startSite(entry = ENTRY): Promise<Site> {
  const outDir = await mkdtemp(join(tmpdir(), 'gf-site-'))
  await build({
    root: fileURLToPath(new URL('.', import.meta.url)), configFile: false, logLevel: 'silent',
    build: { outDir, emptyOutDir: true, target: 'es2024', rolldownOptions: { input: entry, output: { entryFileNames: 'entry.js' } } }
  })
  const script = await readFile(join(outDir, 'entry.js'), 'utf8')
  const server = createServer((request, response) => {
    const isScript = request.url === '/entry.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : PAGE)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    script,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await rm(outDir, { recursive: true, force: true })
    }
  }
}

/** Where Chromium is: the one named by GF_CHROMIUM, the system's, or Playwright's own. */
const CHROMIUM = [process.env['GF_CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', chromium.executablePath()]
  .find((path) => path !== undefined && existsSync(path))

/** Why the tests in a browser cannot run here, or `undefined`. */
export const NO_CHROMIUM = CHROMIUM === undefined ? 'there is no Chromium' : undefined

/** Starts Chromium, which as root refuses its sandbox. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM ?? '', args: [...QUIET, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])] })
}
