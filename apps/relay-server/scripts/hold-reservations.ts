#!/usr/bin/env node
// Holds many live reservations at a relay process and prints what they cost it:
//   node apps/relay-server/scripts/hold-reservations.ts --count 2000 [--transport ws|tcp] [--hold-seconds 10]
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/** Clients in one process: each is a whole libp2p node. */
const CLIENTS_PER_PROCESS = 250
/** Clients that join at the same time in one process. */
const JOINING_AT_ONCE = 4
/** On a busy machine a handshake may take longer than libp2p waits. */
const PATIENCE_MS = 60_000
const ATTEMPTS = 3
const PAGE_BYTES = 4096

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '2000' },
    transport: { type: 'string', default: 'ws' },
    'hold-seconds': { type: 'string', default: '10' },
    worker: { type: 'string' }
  }
})

if (values.worker === undefined) await measure(Number(values.count), values.transport === 'tcp' ? 'tcp' : 'ws', Number(values['hold-seconds']))
else await hold(values.worker, Number(values.count))

/** Starts a relay and enough client processes, waits until all hold, and prints the figures as JSON. */
async function measure(count: number, transport: 'ws' | 'tcp', holdSeconds: number): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'gf-relay-hold-'))
  const relay = run([fileURLToPath(new URL('../src/main.ts', import.meta.url)), '--http-port', '0', '--tcp-port', '0', '--stun-port', 'off', '--admin-port', '0', '--max-reservations', String(count), '--data-dir', dataDir])
  const clients: ChildProcess[] = []
  const killAll = (): void => { for (const child of [...clients, relay]) child.kill('SIGKILL') }
  process.on('exit', killAll)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
  try {
    const ready = JSON.parse((await lineOf(relay, 'READY ')).slice('READY '.length)) as { url: string; multiaddrs: string[] }
    const address = ready.multiaddrs.find((candidate) => candidate.startsWith('/ip4/127.0.0.1/tcp/') && candidate.includes('/ws/') === (transport === 'ws')) ?? ''
    const idleRss = rssOf(relay.pid)
    const startedAtMs = Date.now()
    for (let left = count; left > 0; left -= CLIENTS_PER_PROCESS) {
      const client = run([fileURLToPath(import.meta.url), '--worker', address, '--count', String(Math.min(left, CLIENTS_PER_PROCESS))])
      clients.push(client)
      await lineOf(client, 'HELD')
      process.stderr.write(`${count - Math.max(0, left - CLIENTS_PER_PROCESS)} of ${count}\n`)
    }
    const joinedMs = Date.now() - startedAtMs
    const cpuBefore = cpuSecondsOf(relay.pid)
    await new Promise((resolve) => setTimeout(resolve, holdSeconds * 1000))
    const status = await (await fetch(`${ready.url}/status.json`)).json() as { reservations: number; peers: number }
    const rss = rssOf(relay.pid)
    console.log(JSON.stringify({
      transport, asked: count, held: status.reservations, peers: status.peers, joinsPerSecond: Math.round(count / (joinedMs / 1000)),
      idleRssMiB: mib(idleRss), rssMiB: mib(rss), rssPerReservationKiB: Math.round((rss - idleRss) / count / 1024),
      idleCpuShare: Number(((cpuSecondsOf(relay.pid) - cpuBefore) / holdSeconds).toFixed(3))
    }))
    if (status.reservations !== count) process.exitCode = 1
  } finally {
    killAll()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** Holds `count` reservations in this process until it is killed. */
async function hold(address: string, count: number): Promise<void> {
  for (let made = 0; made < count; made += JOINING_AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(JOINING_AT_ONCE, count - made) }, () => withRetries(() => reserve(address))))
  }
  console.log('HELD')
}

/** A stock peer that does nothing but hold a reservation, without pings of its own. */
async function reserve(address: string): Promise<void> {
  await createLibp2p({
    addresses: { listen: [`${address}/p2p-circuit`] },
    transports: [tcp(), webSockets(), circuitRelayTransport({ reservationCompletionTimeout: PATIENCE_MS })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify() },
    connectionMonitor: { enabled: false },
    connectionManager: { dialTimeout: PATIENCE_MS, addressDialTimeout: PATIENCE_MS, outboundStreamProtocolNegotiationTimeout: PATIENCE_MS }
  })
}

async function withRetries<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let count = 1; ; count++) {
    try {
      return await attempt()
    } catch (error) {
      if (count === ATTEMPTS) throw error
    }
  }
}

function run(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function lineOf(child: ChildProcess, start: string): Promise<string> {
  const found = Promise.withResolvers<string>()
  child.once('exit', (code) => found.reject(new TypeError(`a process ended with ${code} before it said ${start}`)))
  if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', (line) => { if (line.startsWith(start)) found.resolve(line) })
  return await found.promise
}

function rssOf(pid: number | undefined): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES
}

function cpuSecondsOf(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

function mib(bytes: number): number {
  return Math.round(bytes / 1024 / 1024)
}
