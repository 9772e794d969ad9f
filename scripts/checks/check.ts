import { spawn } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout's top folder. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** What one check found. `unavailable`: something outside of the project that it asks does not answer; counted nowhere, but said. */
export type CheckResult =
  | { readonly state: 'passed' }
  | { readonly state: 'failed'; readonly output: string }
  | { readonly state: 'unavailable'; readonly reason: string }

/** One check of the sources: no network but the package registry, no browser. */
export interface Check {
  readonly name: string
  run(): Promise<CheckResult>
}

/** Greatest output kept of one command; more than a person reads. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024

/** Runs a command in `cwd` (default: the root) and resolves with its exit code and output, both streams together in `output`. */
export async function runCommand(file: string, args: readonly string[], cwd = root): Promise<{ code: number; stdout: string; output: string }> {
  const child = spawn(file, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let output = ''
  const keep = (chunk: Buffer): void => { if (output.length < MAX_OUTPUT_BYTES) output += chunk.toString() }
  child.stdout.on('data', (chunk: Buffer) => { if (stdout.length < MAX_OUTPUT_BYTES) stdout += chunk.toString(); keep(chunk) })
  child.stderr.on('data', keep)
  const code = await new Promise<number>((resolve) => {
    child.once('error', (error) => { output += String(error); resolve(127) })
    child.once('close', (exit) => { resolve(exit ?? 1) })
  })
  return { code, stdout, output }
}

/** A check that is one command: it passes when the command exits with 0. */
export function commandCheck(name: string, file: string, args: readonly string[], cwd = root): Check {
  return {
    name,
    async run() {
      const { code, output } = await runCommand(file, args, cwd)
      return code === 0 ? { state: 'passed' } : { state: 'failed', output }
    }
  }
}
