import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startNode, type Child } from './child.ts'

const MAIN = fileURLToPath(new URL('../../apps/relay-server/src/main.ts', import.meta.url))
const READY_TIMEOUT_MS = 30_000

/** The content of a relay's READY line. */
export interface Ready {
  readonly url: string
  readonly peerId: string
  readonly multiaddrs: readonly string[]
  readonly dataDir: string
}

/** A relay process of its own ports and data directory. */
export interface RelayProcess extends Ready {
  readonly httpPort: number
  readonly tcpPort: number
  /** Ends it in order. Resolves with its exit code. */
  stop(): Promise<number | null>
  /** SIGKILL. */
  kill(): Promise<void>
  /** Starts it again on the same ports; with the same key unless the data directory is replaced. */
  restart(options?: { readonly freshData?: boolean }): Promise<RelayProcess>
  /** Its log. */
  log(): string
}

/** What a scenario may ask of a relay. */
export interface RelayOptions {
  readonly flags?: readonly string[]
  /** Modules that Node loads before the relay. */
  readonly preload?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

/** Starts a relay on free ports with an empty data directory, and waits until it is ready. */
export async function startRelay(options: RelayOptions = {}): Promise<RelayProcess> {
  return launch(await mkdtemp(join(tmpdir(), 'gf-relay-')), { http: 0, tcp: 0 }, options)
}

async function launch(dataDir: string, ports: { readonly http: number; readonly tcp: number }, options: RelayOptions): Promise<RelayProcess> {
  const child = startNode([
    ...(options.preload ?? []).flatMap((module) => ['--import', module]),
    MAIN,
    '--http-port', String(ports.http), '--tcp-port', String(ports.tcp), '--stun-port', '0', '--admin-port', '0', '--data-dir', dataDir,
    ...(options.flags ?? [])
  ], options.env)
  const ready = await untilReady(child)
  const taken = { http: Number(new URL(ready.url).port), tcp: tcpPortOf(ready.multiaddrs) }
  const remove = (): Promise<void> => rm(dataDir, { recursive: true, force: true })
  return {
    ...ready,
    httpPort: taken.http,
    tcpPort: taken.tcp,
    log: () => child.errorOutput(),
    async stop() {
      const code = await child.stop()
      await remove()
      return code
    },
    kill: () => child.kill(),
    async restart({ freshData = false } = {}) {
      await child.stop()
      if (freshData) await remove()
      return launch(dataDir, taken, options)
    }
  }
}

function untilReady(child: Child): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`The relay was not ready within ${READY_TIMEOUT_MS} ms:\n${child.errorOutput()}`)), READY_TIMEOUT_MS)
    child.process.once('exit', (code) => reject(new Error(`The relay ended with ${code} before it was ready:\n${child.errorOutput()}`)))
    child.onLine((line) => {
      if (!line.startsWith('READY ')) return
      clearTimeout(timer)
      resolve(parseReady(line.slice('READY '.length)))
    })
  })
}

function parseReady(text: string): Ready {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null) throw new TypeError(`READY without an object: ${text}`)
  const fields: Record<string, unknown> = { ...value }
  const { url, peerId, multiaddrs, dataDir } = fields
  if (typeof url !== 'string' || typeof peerId !== 'string' || typeof dataDir !== 'string' || !Array.isArray(multiaddrs)) throw new TypeError(`READY without its fields: ${text}`)
  return { url, peerId, dataDir, multiaddrs: multiaddrs.map(String) }
}

function tcpPortOf(multiaddrs: readonly string[]): number {
  const found = multiaddrs.map((address) => /^\/ip[46]\/[^/]+\/tcp\/(\d+)(\/p2p\/|$)/.exec(address)?.[1]).find((port) => port !== undefined)
  return Number(found ?? 0)
}
