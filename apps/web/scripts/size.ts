// Prints what a browser loads until it has joined: `pnpm -C apps/web size` after a build. Text is counted as gzip sends it, fonts as they are.
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { join } from 'node:path'

interface Chunk {
  readonly file: string
  readonly isEntry?: boolean
  readonly src?: string
  readonly imports?: readonly string[]
  readonly dynamicImports?: readonly string[]
  readonly css?: readonly string[]
}

const WEB = join(import.meta.dirname, '..')
const BUILD = join(WEB, 'build')
const BUDGET_BYTES = 185_000
/** What the first view imports dynamically before it has joined; everything else that is dynamic is loaded later or never. */
const PEER_SOURCE = 'src/lib/peer/peer-module.ts'

const manifest = JSON.parse(readFileSync(join(WEB, '.svelte-kit/output/client/.vite/manifest.json'), 'utf8')) as Record<string, Chunk>

/** The keys of a chunk and of all that it imports at once. */
function closure(key: string, into = new Set<string>()): Set<string> {
  const chunk = manifest[key]
  if (chunk === undefined || into.has(key)) return into
  into.add(key)
  for (const next of chunk.imports ?? []) closure(next, into)
  return into
}

function find(part: string): string {
  const key = Object.keys(manifest).find((one) => one.endsWith(part) || manifest[one]?.src?.endsWith(part) === true)
  if (key === undefined) throw new RangeError(`There is no chunk of ${part} in the build. Build first: pnpm -C apps/web build.`)
  return key
}

const START = ['runtime/client/entry.js', 'runtime/client/client-entry.js', 'client-optimized/app.js', 'nodes/0.js', 'nodes/2.js', 'nodes/3.js']

function gzipBytes(file: string): number {
  return gzipSync(readFileSync(join(BUILD, file)), { level: 9 }).byteLength
}

function sum(files: Iterable<string>): number {
  return [...files].reduce((total, file) => total + gzipBytes(file), 0)
}

const page = new Set<string>()
for (const part of START) for (const key of closure(find(part))) page.add(key)
const peer = [...closure(find(PEER_SOURCE))].filter((key) => !page.has(key))
const files = (keys: Iterable<string>): Set<string> => new Set([...keys].flatMap((key) => [manifest[key]?.file ?? '', ...(manifest[key]?.css ?? [])]).filter((file) => file !== ''))
const fonts = readdirSync(join(BUILD, '_app/immutable/assets')).filter((file) => file.includes('latin-wght') && file.endsWith('.woff2'))
const fontBytes = fonts.reduce((total, file) => total + readFileSync(join(BUILD, '_app/immutable/assets', file)).byteLength, 0)

const figures = { html: gzipBytes('index.html'), page: sum(files(page)), peer: sum(files(peer)), icon: gzipBytes('icon.svg') }
const untilJoined = Object.values(figures).reduce((total, bytes) => total + bytes, 0)
console.log(JSON.stringify({ ...figures, untilJoined, budget: BUDGET_BYTES, font: fontBytes, withFont: untilJoined + fontBytes, element: gzipBytes('gf-peer.js') }, undefined, 2))
