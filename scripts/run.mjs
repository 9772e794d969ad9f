// `npm start`, `npm test`, `npm run check` and `npm run bench` come here. Needs Node >= 18 and npm, nothing else:
// everything that is missing is set up first, and what did not change is not set up again.
import { constants } from 'node:os'
import { spawn } from 'node:child_process'
import { ensureBuild, ensureInstall, ensureTools, root } from './setup.mjs'

const COMMANDS = {
  start: { build: true, argv: ['apps/relay-server/src/main.ts'] },
  test: { build: true, argv: ['scripts/test.ts'] },
  check: { build: false, argv: ['scripts/check.ts'] },
  bench: { build: true, argv: ['bench/main.ts'] }
}

const [name = '', ...args] = process.argv.slice(2)
const command = COMMANDS[name]
if (command === undefined) {
  console.error(`Unknown command "${name}". Known: ${Object.keys(COMMANDS).join(', ')}.`)
  process.exit(2)
}

try {
  const tools = ensureTools()
  ensureInstall(tools)
  if (command.build) ensureBuild(tools)
  process.exitCode = await run(tools, [...command.argv, ...args])
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

/** Runs Node in the foreground, hands on the signals that end it, and resolves with its exit code. */
function run(tools, argv) {
  const child = spawn(tools.node, argv, { cwd: root, env: tools.env, stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)))
  })
}
