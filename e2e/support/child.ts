import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { createInterface } from 'node:readline'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'

/** Time that a process gets to end by itself after SIGTERM. */
const STOP_GRACE_MS = 10_000

/** A Node program that runs beside the scenario. */
export interface Child {
  readonly process: ChildProcessByStdio<Writable, Readable, Readable>
  /** Calls back with each line of standard output, from the first. */
  onLine(listener: (line: string) => void): void
  /** The last lines of standard error. */
  errorOutput(): string
  readonly ended: boolean
  /** SIGTERM, and SIGKILL where it does not end. Resolves with the exit code when it is gone. */
  stop(): Promise<number | null>
  /** SIGKILL. Resolves when it is gone. */
  kill(): Promise<void>
}

const KEPT_ERROR_LINES = 200

/** Where and how a program is started. */
export interface StartOptions {
  readonly env?: NodeJS.ProcessEnv
  /** Puts the program elsewhere, e.g. on a host of the laboratory. */
  readonly wrap?: (command: string, args: readonly string[]) => { readonly command: string; readonly args: readonly string[] }
}

/** Starts `node ARGV`. Variables of the scenario's own tool that would change what it does are not handed on. */
export function startNode(argv: readonly string[], { env = {}, wrap = (command, args) => ({ command, args }) }: StartOptions = {}): Child {
  const { command, args } = wrap(process.execPath, argv)
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...withoutOwn(process.env), ...env } })
  const lines: string[] = []
  const listeners = new Set<(line: string) => void>()
  const errors: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    for (const listener of listeners) listener(line)
  })
  createInterface({ input: child.stderr }).on('line', (line) => {
    errors.push(line)
    if (errors.length > KEPT_ERROR_LINES) errors.shift()
  })
  child.stdin.on('error', () => {}) // what it does not read any more, its end explains
  const exited = once(child, 'exit').catch(() => {})
  const isEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  return {
    process: child,
    onLine(listener) {
      for (const line of lines) listener(line)
      listeners.add(listener)
    },
    errorOutput: () => errors.join('\n'),
    get ended() { return isEnded() },
    async stop() {
      if (isEnded()) return child.exitCode
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS)
      await exited
      clearTimeout(timer)
      return child.exitCode
    },
    async kill() {
      if (!isEnded()) child.kill('SIGKILL')
      await exited
    }
  }
}

function withoutOwn(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(NODE_OPTIONS|TEST_|PLAYWRIGHT_|PW_|GF_)/.test(name)))
}
