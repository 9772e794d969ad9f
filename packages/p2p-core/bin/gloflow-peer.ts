#!/usr/bin/env node
import { createPeer, P2pError, VERSION, type Peer } from '../src/index.ts'
import { CommandError, describe, describePeer, parseCommand, runCommand, type CommandContext } from './commands.ts'
import { readLines, type Line } from './lines.ts'
import { createOfferDesk } from './offer-desk.ts'
import { HELP, parseSettings, type Settings } from './settings.ts'

/** `ready` is said when the peer has joined, or after this time with what there is: a relay may be down for long. */
const READY_WAIT_MS = 5_000

/** Commands that are worked on at once; more wait for their turn in the pipe. */
const MAX_COMMANDS_AT_ONCE = 64

function write(message: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

function typed(error: unknown): P2pError {
  return error instanceof P2pError ? error : new P2pError('ABORTED', error instanceof Error ? error.message : String(error), { cause: error })
}

function answerError(id: string | number | undefined, error: unknown): void {
  const { code, message, retryable } = typed(error)
  write({ id: id ?? null, ok: false, code, message, retryable })
}

function tellError(error: unknown): void {
  const { code, message } = typed(error)
  write({ event: 'error', code, message })
}

function tellEvents(peer: Peer): void {
  peer.events.on('status', () => { write({ event: 'status', ...describe(peer) }) })
  for (const event of ['peer:connect', 'peer:path'] as const) peer.events.on(event, (info) => { write({ event, ...describePeer(info) }) })
  peer.events.on('peer:disconnect', ({ id }) => { write({ event: 'peer:disconnect', id: id.toString() }) })
  peer.events.on('protocol:denied', (denied) => { write({ event: 'protocol:denied', ...denied, id: denied.id.toString() }) })
  peer.general.events.on('message', ({ from, via, id, body }) => { write({ event: 'message', from, via: via ?? null, id, body }) })
  peer.files.events.on('offer', (offer) => { write({ event: 'file:offer', ...offer, from: offer.from.toString() }) })
  peer.files.events.on('done', (transfer) => { write({ event: 'file:done', ...transfer, peer: transfer.peer.toString() }) })
}

/** Resolves when the peer is online, or the time for that is over. */
async function joined(peer: Peer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, READY_WAIT_MS)
  const off = peer.events.on('status', ({ state }) => { if (state === 'online') resolve() })
  if (peer.status.state === 'online') resolve()
  await promise
  clearTimeout(timer)
  off()
}

async function handleLine(line: Line, context: CommandContext, stop: () => void): Promise<void> {
  if ('error' in line) return answerError(undefined, line.error)
  let id: string | number | undefined
  try {
    const command = parseCommand(line.text)
    id = command.id
    if (command.cmd === 'stop') {
      stop()
      await stopped.promise
      return write({ id: id ?? null, ok: true })
    }
    write({ ...await runCommand(command, context), id: id ?? null, ok: true })
  } catch (error) {
    if (error instanceof CommandError) answerError(error.id, error.problem)
    else answerError(id, error)
  }
}

const stopped = Promise.withResolvers<void>()

async function serve(peer: Peer, settings: Settings): Promise<void> {
  const offers = createOfferDesk(peer, settings)
  let stopping = false
  const stop = (): void => {
    if (stopping) return
    stopping = true
    peer.stop().then(stopped.resolve, stopped.reject)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  process.stdout.on('error', stop) // nobody listens any more
  // what a library forgot to catch, maybe because of what a stranger sent, is told, and does not end everybody's connections
  process.on('unhandledRejection', (error) => { tellError(error) })
  tellEvents(peer)
  void joined(peer).then(() => { if (!stopping) write({ event: 'ready', ...describe(peer) }) })
  void readCommands({ peer, offers }, stop).then(() => { if (!settings.keepRunning) stop() })
  await stopped.promise
}

async function readCommands(context: CommandContext, stop: () => void): Promise<void> {
  const running = new Set<Promise<void>>()
  for await (const line of readLines(process.stdin)) {
    const task = handleLine(line, context, stop).finally(() => { running.delete(task) })
    running.add(task)
    if (running.size >= MAX_COMMANDS_AT_ONCE) await Promise.race(running)
  }
  await Promise.all(running)
}

async function main(): Promise<void> {
  const settings = parseSettings(process.argv.slice(2))
  if (settings.show !== undefined) {
    process.stdout.write(settings.show === 'help' ? HELP : `${VERSION}\n`)
    return
  }
  const { relays, bootstrap, access, listen, network, dataDir, downloads, dht, bridge } = settings
  const peer = await createPeer({
    relays, bootstrap, access, dht, bridge,
    ...(listen === undefined ? {} : { listen }), ...(network === undefined ? {} : { network }), ...(dataDir === undefined ? {} : { dataDir }),
    ...(downloads === undefined ? {} : { downloads })
  })
  await serve(peer, settings)
}

try {
  await main()
  await new Promise((resolve) => { setImmediate(resolve) }) // the answer to `stop` goes out
  process.exit(0) // a native WebRTC thread may outlive its connections
} catch (error) {
  tellError(error)
  process.exitCode = 1
}
