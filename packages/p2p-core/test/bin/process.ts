import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { until } from '../../testing/index.ts'

const MAIN = fileURLToPath(new URL('../../bin/gloflow-peer.ts', import.meta.url))

/** A line that the peer printed. */
export type PrintedLine = Readonly<Record<string, unknown>>

/** A gloflow-peer process. */
export interface PeerProcess extends AsyncDisposable {
  readonly lines: readonly PrintedLine[]
  /** Writes a line as it is. */
  write(line: string): void
  /** Runs a command and resolves with its answer, good or bad. */
  ask(cmd: string, fields?: Readonly<Record<string, unknown>>): Promise<PrintedLine>
  /** Resolves with the first line with this event, from the start on. */
  event(name: string): Promise<PrintedLine>
  kill(signal: NodeJS.Signals): void
  /** Ends standard input. */
  end(): void
  /** Resolves with the exit code when the process has ended by itself. */
  readonly ended: Promise<number | null>
}

/** Starts the program with these flags. */
export function startProcess(flags: readonly string[]): PeerProcess {
  const child = spawn(process.execPath, [MAIN, ...flags], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines: PrintedLine[] = []
  createInterface(child.stdout).on('line', (text) => {
    const line: unknown = JSON.parse(text)
    if (typeof line === 'object' && line !== null) lines.push({ ...line })
  })
  const ended = once(child, 'close').then(([code]) => typeof code === 'number' ? code : null)
  let number = 0
  const find = async (matches: (line: PrintedLine) => boolean): Promise<PrintedLine> => {
    await until(() => lines.some(matches), 45_000)
    return lines.find(matches) ?? {}
  }
  return {
    lines, ended,
    write: (line) => { child.stdin.write(`${line}\n`) },
    ask(cmd, fields = {}) {
      const id = `ask-${number += 1}`
      child.stdin.write(`${JSON.stringify({ id, cmd, ...fields })}\n`)
      return find((line) => line['id'] === id)
    },
    event: (name) => find((line) => line['event'] === name),
    kill: (signal) => { child.kill(signal) },
    end: () => { child.stdin.end() },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await ended
    }
  }
}
