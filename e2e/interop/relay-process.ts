// Starts the project's relay as the process that an operator starts, on free ports of loopback.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { asObject, stringField, stringsField } from './json-lines.ts'

const MAIN = join(import.meta.dirname, '../../apps/relay-server/src/main.ts')
const READY_TIMEOUT_MS = 30_000
const STOP_GRACE_MS = 10_000
const MAX_LOG_BYTES = 256 << 10

/** A running relay. `await using` stops it and removes its data. */
export interface RelayProcess extends AsyncDisposable {
  readonly peerId: string
  readonly url: string
  readonly adminUrl: string | undefined
  readonly multiaddrs: readonly string[]
  readonly pid: number
  /** The loopback address of a transport, ending in /p2p/ID. */
  address(transport: 'tcp' | 'ws'): string
  /** What it has written to standard error so far. */
  log(): string
  /** SIGTERM, then its exit code. */
  stop(): Promise<number | null>
  kill(): Promise<void>
}

/** Starts a relay with further flags; resolves at its READY line. */
export async function startRelayProcess(flags: readonly string[] = []): Promise<RelayProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), 'gf-relay-'))
  const fixed = ['--http-port', '0', '--http-host', '127.0.0.1', '--tcp-port', '0', '--tcp-host', '127.0.0.1', '--stun-port', 'off', '--admin-port', '0']
  const child = spawn(process.execPath, [MAIN, ...fixed, '--data-dir', dataDir, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-MAX_LOG_BYTES)))
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  const ready = asObject(JSON.parse(await readyLine(child, () => log)))
  const multiaddrs = stringsField(ready, 'multiaddrs')
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS)
    const code = await exited
    clearTimeout(timer)
    await rm(dataDir, { recursive: true, force: true })
    return code
  }
  return {
    peerId: stringField(ready, 'peerId'),
    url: stringField(ready, 'url'),
    adminUrl: typeof ready['adminUrl'] === 'string' ? ready['adminUrl'] : undefined,
    multiaddrs,
    pid: child.pid ?? 0,
    address(transport) {
      const pattern = transport === 'ws' ? /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/ws\/p2p\// : /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\//
      const found = multiaddrs.find((addr) => pattern.test(addr))
      if (found === undefined) throw new Error(`the relay does not listen on ${transport}: ${multiaddrs.join(' ')}`)
      return found
    },
    log: () => log,
    stop,
    async kill() {
      child.kill('SIGKILL')
      await exited
      await rm(dataDir, { recursive: true, force: true })
    },
    async [Symbol.asyncDispose]() {
      await stop()
    }
  }
}

function readyLine(child: ChildProcess, log: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      child.kill('SIGKILL')
      reject(new Error(`the relay did not start: ${why}\n${log()}`))
    }
    const timer = setTimeout(() => fail(`no READY line within ${READY_TIMEOUT_MS} ms`), READY_TIMEOUT_MS)
    child.once('close', (code) => (clearTimeout(timer), fail(`it ended with ${code}`)))
    if (child.stdout === null) return fail('no standard output')
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('READY ')) return
      clearTimeout(timer)
      resolve(line.slice('READY '.length))
    })
  })
}
