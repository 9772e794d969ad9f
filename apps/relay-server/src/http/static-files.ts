import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { MAX_STATIC_FILES } from '../limits.ts'
import { contentSecurityPolicy, pageHeaders } from './security-headers.ts'
import { reply } from './reply.ts'

/** One file of the build, as it is served. */
interface StaticFile {
  readonly path: string
  readonly type: string
  readonly etag: string
  /** Its name changes when its content does. */
  readonly immutable: boolean
  readonly compressible: boolean
}

/** How a body may be sent. */
type Encoding = 'br' | 'gzip' | 'identity'

/** Serves the files of a SvelteKit static build. */
export interface StaticFiles {
  /** Whether there is a page to serve. */
  readonly available: () => boolean
  /** Serves what is at `path`; returns false where nothing is. */
  readonly serve: (request: IncomingMessage, response: ServerResponse, path: string) => Promise<boolean>
  /** Serves index.html, the page that finds its way by itself; returns false where there is none. */
  readonly serveFallback: (request: IncomingMessage, response: ServerResponse) => Promise<boolean>
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
  '.map': 'application/json; charset=utf-8'
}
const COMPRESSIBLE = new Set(['.html', '.js', '.mjs', '.css', '.json', '.webmanifest', '.svg', '.txt', '.map', '.wasm'])
const compressBrotli = promisify(brotliCompress)
const compressGzip = promisify(gzip)
/** Close to the smallest, at a tenth of the time of the greatest. */
const BROTLI_QUALITY = 9

/** Looks at the build folder once, so that only what was in it can ever be served, and again when its index.html changes. */
export function createStaticFiles(folder: string, embedOrigins: readonly string[]): StaticFiles {
  const index = join(folder, 'index.html')
  let files = new Map<string, StaticFile>()
  let policies = policiesOf([], embedOrigins)
  let seenAt = -1
  const bodies = new Map<string, Promise<Uint8Array>>()

  const refresh = (): void => {
    const changedAt = statSync(index, { throwIfNoEntry: false })?.mtimeMs ?? -1
    if (changedAt === seenAt) return
    seenAt = changedAt
    bodies.clear()
    files = changedAt === -1 ? new Map() : scan(folder)
    policies = policiesOf(changedAt === -1 ? [] : inlineScriptHashes(readFileSync(index, 'utf8')), embedOrigins)
  }

  const body = (file: StaticFile, encoding: Encoding): Promise<Uint8Array> => {
    const key = `${encoding} ${file.path}`
    const known = bodies.get(key)
    if (known !== undefined) return known
    const made = readEncoded(file.path, encoding)
    bodies.set(key, made)
    made.catch(() => bodies.delete(key))
    return made
  }

  const send = async (request: IncomingMessage, response: ServerResponse, file: StaticFile): Promise<boolean> => {
    const encoding = file.compressible ? bestEncoding(request.headers['accept-encoding']) : 'identity'
    const etag = `"${file.etag}-${encoding}"`
    const headers = {
      'content-type': file.type,
      'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      etag,
      vary: 'accept-encoding',
      ...(encoding === 'identity' ? {} : { 'content-encoding': encoding }),
      ...pageHeaders(file.type.startsWith('text/html') ? policies[isFrame(request) ? 'frame' : 'page'] : undefined)
    }
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304, headers).end()
      return true
    }
    try {
      reply(request, response, 200, headers, await body(file, encoding))
      return true
    } catch {
      // The file went after the scan, as when the page is being built again: the next request looks anew.
      seenAt = -1
      return false
    }
  }

  return {
    available: () => {
      refresh()
      return files.size > 0
    },
    serve: async (request, response, path) => {
      if (files.size === 0 || path === '/') refresh()
      const file = files.get(path === '/' ? '/index.html' : path) ?? files.get(`${path}.html`)
      return file === undefined ? false : await send(request, response, file)
    },
    serveFallback: async (request, response) => {
      refresh()
      const file = files.get('/index.html')
      return file === undefined ? false : await send(request, response, file)
    }
  }
}

/** The route that other sites may put into a frame, as `<gf-peer>` does. */
const FRAME_PATH = '/embed'

function isFrame(request: IncomingMessage): boolean {
  return new URL(request.url ?? '/', 'http://relay.invalid').pathname.replace(/\/$/, '') === FRAME_PATH
}

/** Only the frame is for other sites: the whole page in a frame could be made to act by clicks that were meant for something else. */
function policiesOf(scriptHashes: readonly string[], embedOrigins: readonly string[]): Readonly<Record<'page' | 'frame', string>> {
  return { page: contentSecurityPolicy(scriptHashes, []), frame: contentSecurityPolicy(scriptHashes, embedOrigins) }
}

function scan(folder: string): Map<string, StaticFile> {
  const found = new Map<string, StaticFile>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || found.size >= MAX_STATIC_FILES || /\.(br|gz)$/.test(entry.name)) continue
    const path = join(entry.parentPath, entry.name)
    const url = path.slice(folder.length).split(sep).join('/')
    const extension = extname(entry.name).toLowerCase()
    const stat = statSync(path)
    found.set(url, {
      path,
      type: TYPES[extension] ?? 'application/octet-stream',
      etag: `${stat.size.toString(36)}-${Math.trunc(stat.mtimeMs).toString(36)}`,
      immutable: url.startsWith('/_app/immutable/'),
      compressible: COMPRESSIBLE.has(extension)
    })
  }
  return found
}

function bestEncoding(accepted: string | string[] | undefined): Encoding {
  const text = String(accepted ?? '')
  if (/\bbr\b/.test(text)) return 'br'
  return /\bgzip\b/.test(text) ? 'gzip' : 'identity'
}

/** Takes what the build compressed already, else compresses once. */
async function readEncoded(path: string, encoding: Encoding): Promise<Uint8Array> {
  if (encoding === 'identity') return await readFile(path)
  const ready = await readFile(`${path}.${encoding === 'br' ? 'br' : 'gz'}`).catch(() => undefined)
  if (ready !== undefined) return ready
  const bytes = await readFile(path)
  return encoding === 'br' ? await compressBrotli(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }) : await compressGzip(bytes, { level: 9 })
}

/** The CSP sources of the scripts that stand in the page itself, as SvelteKit's own start-up script does. */
export function inlineScriptHashes(html: string): string[] {
  const inline = [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)]
  return inline.map((match) => `'sha256-${createHash('sha256').update(match[1] ?? '').digest('base64')}'`)
}
