import { createServer, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { readFile } from 'node:fs/promises'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { basename, dirname, join } from 'node:path'
import type { AddressInfo } from 'node:net'

const require = createRequire(import.meta.url)

/** Libraries of the page, served from here: a test loads nothing from outside. */
const LIBRARIES: Readonly<Record<string, string>> = {
  '/lib/jquery.js': require.resolve('jquery/dist/jquery.min.js'),
  '/lib/system.js': join(dirname(require.resolve('systemjs/package.json')), 'dist', 'system.min.js'),
  '/lib/masonry.js': require.resolve('masonry-layout/dist/masonry.pkgd.min.js')
}

const OWN = ['gallery.html', 'gallery.css', 'gallery-main.js'].map((name) => fileURLToPath(new URL(name, import.meta.url)))

const TYPES: Readonly<Record<string, string>> = { html: 'text/html; charset=utf-8', css: 'text/css', js: 'text/javascript' }

/** A web server of somebody who embeds a peer. */
export interface ForeignSite extends AsyncDisposable {
  readonly origin: string
  /** The gallery with the element, which is loaded as `how` says from the relay's origin. */
  pageUrl(relayUrl: string, how: 'module' | 'system'): string
}

/** Starts it on a free port: another origin than any relay's. */
export async function startForeignSite(): Promise<ForeignSite> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    const file = LIBRARIES[path] ?? OWN.find((own) => `/${basename(own)}` === path)
    if (file === undefined) response.writeHead(404).end()
    else void send(response, file)
  })
  server.listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const origin = `http://localhost:${port}`
  return {
    origin,
    pageUrl: (relayUrl, how) => `${origin}/gallery.html?${new URLSearchParams({ relay: relayUrl, how }).toString()}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
}

async function send(response: ServerResponse, file: string): Promise<void> {
  const type = TYPES[file.split('.').at(-1) ?? ''] ?? 'application/octet-stream'
  response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(await readFile(file))
}
