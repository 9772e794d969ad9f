import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startNode, type Child, type StartOptions } from './child.ts'

const MAIN = fileURLToPath(new URL('../../apps/relay-server/src/main.ts', import.meta.url))
const READY_TIMEOUT_MS = 30_000

/** The content of a relay's READY line. */
interface Ready {
  readonly url: string
  readonly peerId: string
  readonly multiaddrs: readonly string[]
}

/** A relay process of its own ports and data directory. Its facts are those of the process that ran last. */
export interface RelayProcess {
  readonly url: string
  readonly peerId: string
  readonly multiaddrs: readonly string[]
  readonly httpPort: number
  /** SIGKILL. */
  kill(): Promise<void>
  /** Ends it in order. Resolves with its exit code. */
  stop(): Promise<number | null>
  /** Starts it again, after `kill` or `stop` too, on the same ports, with the same key unless its data is thrown away, and the same flags unless others are given. */
  restart(options?: { readonly freshData?: boolean; readonly otherTcpPort?: boolean; readonly flags?: readonly string[] }): Promise<void>
  /** Ends it and removes its data. */
  remove(): Promise<void>
  /** Waits for the invitation that a relay with `--access invite` prints. */
  invitation(): Promise<string>
  /** What it wrote to standard error, all processes together. */
  log(): string
}

/** What a scenario may ask of a relay. */
export interface RelayOptions extends StartOptions {
  readonly flags?: readonly string[]
  /** 0, the default = any free one. */
  readonly httpPort?: number
  /** Modules that Node loads before the relay. */
  readonly preload?: readonly string[]
}

/** Starts a relay on free ports with an empty data directory, and waits until it is ready. */
export async function startRelay(options: RelayOptions = {}): Promise<RelayProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), 'gf-relay-'))
  const removeData = (): Promise<void> => rm(dataDir, { recursive: true, force: true })
  let running = await launch(dataDir, { http: options.httpPort ?? 0, tcp: 0 }, options)
  let earlierLogs = ''
  return {
    get url() { return running.ready.url },
    get peerId() { return running.ready.peerId },
    get multiaddrs() { return running.ready.multiaddrs },
    get httpPort() { return running.ports.http },
    log: () => earlierLogs + running.child.errorOutput(),
    kill: () => running.child.kill(),
    stop: () => running.child.stop(),
    invitation: () => printedInvitation(running.child),
    async restart({ freshData = false, otherTcpPort = false, flags = options.flags ?? [] } = {}) {
      await running.child.stop()
      earlierLogs += `${running.child.errorOutput()}\n--- restarted ---\n`
      if (freshData) await removeData()
      running = await launch(dataDir, { http: running.ports.http, tcp: otherTcpPort ? 0 : running.ports.tcp }, { ...options, flags })
    },
    async remove() {
      await running.child.stop()
      await removeData()
    }
  }
}

interface Running {
  readonly child: Child
  readonly ready: Ready
  readonly ports: { readonly http: number; readonly tcp: number }
}

async function launch(dataDir: string, ports: Running['ports'], options: RelayOptions): Promise<Running> {
  const child = startNode([
    ...(options.preload ?? []).flatMap((module) => ['--import', module]),
    MAIN,
    '--http-port', String(ports.http), '--tcp-port', String(ports.tcp), '--stun-port', '0', '--admin-port', '0', '--data-dir', dataDir,
    ...(options.flags ?? [])
  ], options)
  try {
    const ready = await untilReady(child)
    return { child, ready, ports: { http: Number(new URL(ready.url).port) || (ready.url.startsWith('https:') ? 443 : 80), tcp: tcpPortOf(ready.multiaddrs) } }
  } catch (error) {
    await child.kill()
    throw error
  }
}

function printedInvitation(child: Child): Promise<string> {
  return new Promise((resolve) => {
    child.onLine((line) => {
      const token = /#relay-invite=([\w-]+)/.exec(line)?.[1]
      if (token !== undefined) resolve(token)
    })
  })
}

function untilReady(child: Child): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`The relay was not ready within ${READY_TIMEOUT_MS} ms:\n${child.errorOutput()}`)), READY_TIMEOUT_MS)
    child.process.once('exit', (code) => {
      clearTimeout(timer)
      reject(new Error(`The relay ended with ${code} before it was ready:\n${child.errorOutput()}`))
    })
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
  const { url, peerId, multiaddrs } = fields
  if (typeof url !== 'string' || typeof peerId !== 'string' || !Array.isArray(multiaddrs)) throw new TypeError(`READY without its fields: ${text}`)
  return { url, peerId, multiaddrs: multiaddrs.map(String) }
}

function tcpPortOf(multiaddrs: readonly string[]): number {
  const found = multiaddrs.map((address) => /^\/ip[46]\/[^/]+\/tcp\/(\d+)(\/p2p\/|$)/.exec(address)?.[1]).find((port) => port !== undefined)
  return Number(found ?? 0)
}
