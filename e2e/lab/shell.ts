import { execFile } from 'node:child_process'
import { LabError } from './errors.ts'
import { COMMAND_TIMEOUT_MS, MAX_OUTPUT_BYTES } from './limits.ts'

/** Runs a program to its end and returns its standard output. Throws COMMAND_FAILED with what it wrote to standard error. */
export function run(command: string, args: readonly string[], options: { readonly timeoutMs?: number; readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly input?: string } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      [...args],
      { timeout: options.timeoutMs ?? COMMAND_TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES, cwd: options.cwd, env: options.env ?? process.env, encoding: 'utf8' },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout)
        else reject(new LabError('COMMAND_FAILED', `"${[command, ...args].join(' ').slice(0, 300)}" failed: ${(stderr || error.message).trim().slice(0, 2000)}`, { cause: error }))
      }
    )
    child.stdin?.on('error', () => {}) // a program that ends before it read its input says so by its exit code
    child.stdin?.end(options.input ?? '')
  })
}

/** Runs a shell script inside a network namespace; the first command that fails ends it. */
export function runInNamespace(namespace: string, script: string, timeoutMs?: number): Promise<string> {
  return run('ip', ['netns', 'exec', namespace, 'sh', '-eu'], { input: script, ...(timeoutMs === undefined ? {} : { timeoutMs }) })
}
