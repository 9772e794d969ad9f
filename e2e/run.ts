// Runs the scenarios in real browsers: `node e2e/run.ts [--quick] [arguments of playwright test]`.
// As root, the whole run happens in a network namespace of its own, with an interface besides loopback, so that WebRTC works and
// nothing leaves the machine. Elsewhere it runs plainly, and scenarios that need a direct path are skipped with the reason.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { namespaceSupport } from './lab/support.ts'
import { createSingleNamespace } from './lab/single.ts'
import { ENVIRONMENT } from './support/environment.ts'

const here = dirname(fileURLToPath(import.meta.url))
const playwright = join(dirname(createRequire(import.meta.url).resolve('@playwright/test/package.json')), 'cli.js')
const wanted = process.argv.slice(2)
const quick = wanted.includes('--quick')
const args = [playwright, 'test', '--config', join(here, 'playwright.config.ts'), ...(quick ? ['--grep', '@quick'] : []), ...wanted.filter((argument) => argument !== '--quick')]

const support = await namespaceSupport()
if (support.available) {
  await using network = await createSingleNamespace()
  process.exitCode = await run('ip', ['netns', 'exec', network.namespace, process.execPath, ...args], { [ENVIRONMENT.address]: network.ipv4 })
} else {
  process.exitCode = await run(process.execPath, args, { [ENVIRONMENT.noWebrtc]: support.reason })
}

/** Runs a program in the foreground and hands on the signals that end it. */
function run(command: string, argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(command, argv, { cwd: here, stdio: 'inherit', env: { ...process.env, ...env } })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
  })
}
