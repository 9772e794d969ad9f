#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { parseConfig } from './config/parse-config.ts'
import { accessText, configText, helpText } from './config/show-config.ts'
import { RelayError, messageOf } from './errors.ts'
import { STOP_TIMEOUT_MS } from './limits.ts'
import { createLog } from './log.ts'
import type { Log } from './log.ts'
import { startRelay } from './relay.ts'
import { RELAY_VERSION } from './version.ts'

/** Exit codes: what was asked for is wrong; it could not be started; it did not stop in time. */
const EXIT = { usage: 2, failed: 1, stuck: 3 }

await main()

async function main(): Promise<void> {
  const outcome = parseConfig({ argv: process.argv.slice(2), environment: process.env, readFile: (path) => readFileSync(path, 'utf8') })
  if (outcome.commands.has('help')) return print(helpText())
  if (outcome.commands.has('version')) return print(RELAY_VERSION)
  if (!outcome.ok) {
    process.stderr.write(`${['CONFIG_INVALID: the relay was not started.', ...outcome.problems.map((problem) => `  ${problem}`)].join('\n')}\n`)
    process.exitCode = EXIT.usage
    return
  }
  if (outcome.commands.has('print-config')) return print(configText(outcome.config, outcome.sources))
  const log = createLog(outcome.config.log, (line) => process.stderr.write(`${line}\n`))
  // What a library forgot to catch, maybe because of what a stranger sent, is told, and does not end everybody's connections.
  process.on('unhandledRejection', (reason) => log('error', 'An error was caught by nobody; the relay goes on.', { reason: messageOf(reason) }))
  try {
    const relay = await startRelay({ config: outcome.config, sources: outcome.sources, log, now: () => Date.now() })
    stopOnSignals(relay.stop, log)
    if (!relay.pageBuilt) log('warn', 'The web page is not built: run `npm start` once, or `pnpm -C apps/web build`.')
    for (const { url, usable, reason } of relay.urls) print(`  ${url}  ${usable ? 'for browsers: ' : 'not for browsers: '}${reason}`)
    if (relay.invitation !== undefined) print(`  ${relay.invitation}  invites whoever opens it, for 30 days`)
    print(`  ${accessText(outcome.config)}`)
    print(`Open ${relay.ready.url}`)
    print(`READY ${JSON.stringify(relay.ready)}`)
  } catch (error) {
    report(error)
    process.exitCode = EXIT.failed
  }
}

/** The first signal stops the relay cleanly, another one at once. */
function stopOnSignals(stop: () => Promise<void>, log: Log): void {
  let stopping = false
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(EXIT.stuck)
    stopping = true
    log('info', `Stopping (${signal}).`)
    setTimeout(() => process.exit(EXIT.stuck), STOP_TIMEOUT_MS).unref()
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        report(error)
        process.exit(EXIT.failed)
      }
    )
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
}

function report(error: unknown): void {
  const lines = error instanceof RelayError ? [`${error.code}: ${error.message}`, `  ${error.action}`] : [`START_FAILED: ${messageOf(error)}`]
  process.stderr.write(`${lines.join('\n')}\n`)
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
