import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Ready } from '../../src/relay.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const READY_TIMEOUT_MS = 20_000

/** A relay in a process of its own. */
export interface RelayProcess extends AsyncDisposable {
  readonly ready: Ready
  readonly pid: number
  readonly dataDir: string
  readonly stdout: () => string
  readonly stderr: () => string
  /** Sends a signal and resolves with the exit code, or the signal's name. */
  readonly end: (signal?: NodeJS.Signals) => Promise<number | string>
}

/** The outcome of a relay that ended by itself. */
export interface EndedProcess {
  readonly code: number | string
  readonly stdout: string
  readonly stderr: string
}

/** A data directory that a test may fill before the relay starts. */
export function temporaryDir(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'gf-relay-test-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** How a relay is started besides its arguments. */
export interface StartOptions {
  readonly dataDir?: string
  readonly env?: Record<string, string>
  /** STUN and admin port are not asked for. */
  readonly defaultSidePorts?: boolean
}

/** Starts a relay on free ports, and waits for its READY line. */
export async function startRelayProcess(args: readonly string[] = [], options: StartOptions = {}): Promise<RelayProcess> {
  const own = options.dataDir === undefined ? temporaryDir() : undefined
  const dataDir = options.dataDir ?? own?.path ?? ''
  const ports = ['--http-port', '--tcp-port', ...(options.defaultSidePorts === true ? [] : ['--stun-port', '--admin-port'])]
  const free = ports.filter((flag) => !args.includes(flag)).flatMap((flag) => [flag, '0'])
  const run = launch([...free, '--data-dir', dataDir, ...args], options.env)
  const ready = await Promise.race([run.ready, run.exited.then(({ code, stderr }) => { throw new TypeError(`the relay ended with ${code}: ${stderr}`) })])
  const end = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> => {
    run.child.kill(signal)
    return (await run.exited).code
  }
  return {
    ready, dataDir, end,
    pid: run.child.pid ?? 0,
    stdout: run.stdout,
    stderr: run.stderr,
    [Symbol.asyncDispose]: async () => {
      if (run.child.exitCode === null) await end('SIGKILL')
      own?.remove()
    }
  }
}

/** Runs the relay's program until it ends by itself. */
export async function runToEnd(args: readonly string[], env?: Record<string, string>): Promise<EndedProcess> {
  const run = launch(args, env)
  const timer = setTimeout(() => run.child.kill('SIGKILL'), READY_TIMEOUT_MS)
  const ended = await run.exited
  clearTimeout(timer)
  return ended
}

interface Run {
  readonly child: ChildProcess
  readonly ready: Promise<Ready>
  readonly exited: Promise<EndedProcess>
  readonly stdout: () => string
  readonly stderr: () => string
}

function launch(args: readonly string[], env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  const ready = Promise.withResolvers<Ready>()
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    const line = /^READY (\{.*\})$/m.exec(stdout)?.[1]
    if (line !== undefined) ready.resolve(JSON.parse(line) as Ready)
  })
  child.stderr.on('data', (chunk: Buffer) => { stderr += chunk.toString() })
  const exited = Promise.withResolvers<EndedProcess>()
  child.once('close', (code, signal) => exited.resolve({ code: code ?? signal ?? '?', stdout, stderr }))
  return { child, ready: ready.promise, exited: exited.promise, stdout: () => stdout, stderr: () => stderr }
}
