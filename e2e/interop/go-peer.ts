// Drives one Go peer over JSON lines: typed requests, events, an orderly stop.
import { type ChildProcess, spawn } from 'node:child_process'
import { buildGoPeer } from './build-go-peers.ts'
import type { Generation, Unsupported } from './go-toolchain.ts'
import { type JsonObject, JsonLines, asObject, numberField, objectsField, stringField, stringsField } from './json-lines.ts'

/** A peer that does not say `ready` within this time has failed to start. */
const READY_TIMEOUT_MS = 20_000
/** Above the peer's own 15 s default, so that its answer says what went wrong and not this driver. */
const REQUEST_TIMEOUT_MS = 30_000
/** What is kept of standard error, for messages when the peer dies. */
const MAX_STDERR_BYTES = 64 << 10
const STOP_GRACE_MS = 3_000

/** A Go peer that is not there because this machine cannot build it, or one to start. */
export type GoPeerBuild = Unsupported | { readonly state: 'built'; readonly path: string }

/** An answer with `ok: false`: the Go side's code and words. */
export class GoPeerError extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(`${code}: ${message}`)
    this.name = 'GoPeerError'
    this.code = code
  }
}

/** How the process ended: its exit code, or the signal, and what it last wrote to standard error. */
export interface GoPeerExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stderr: string
}

/** One connection as the Go side sees it. */
export interface GoConnection {
  readonly peer: string
  readonly addr: string
  readonly path: 'direct' | 'relayed'
  readonly direction: 'inbound' | 'outbound'
  readonly security: string
  readonly muxer: string
}

function decodeConnection(value: JsonObject): GoConnection {
  return {
    peer: stringField(value, 'peer'),
    addr: stringField(value, 'addr'),
    path: stringField(value, 'path') === 'relayed' ? 'relayed' : 'direct',
    direction: stringField(value, 'direction') === 'inbound' ? 'inbound' : 'outbound',
    security: stringField(value, 'security'),
    muxer: stringField(value, 'muxer')
  }
}

/** A running Go peer. `await using` stops it. */
export class GoPeer implements AsyncDisposable {
  readonly generation: Generation
  readonly peerId: string
  readonly multiaddrs: readonly string[]
  readonly pid: number
  /** Resolves when the process has ended, however. */
  readonly exited: Promise<GoPeerExit>
  readonly #child: ChildProcess
  readonly #lines: JsonLines

  private constructor(generation: Generation, child: ChildProcess, lines: JsonLines, ready: JsonObject, exited: Promise<GoPeerExit>) {
    this.generation = generation
    this.peerId = stringField(ready, 'peerId')
    this.multiaddrs = stringsField(ready, 'multiaddrs')
    this.pid = child.pid ?? 0
    this.#child = child
    this.#lines = lines
    this.exited = exited
  }

  /** Starts a peer with the flags that `go-peer -help` lists; resolves when it is ready. */
  static async start(generation: Generation, flags: readonly string[] = []): Promise<GoPeer> {
    const build = buildGoPeer(generation, () => {})
    if (build.state === 'unsupported') throw new GoPeerError('UNSUPPORTED', build.why)
    const child = spawn(build.path, flags, { stdio: ['pipe', 'pipe', 'pipe'] })
    const lines = new JsonLines(child.stdout)
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-MAX_STDERR_BYTES)))
    child.stdin.on('error', () => {}) // the exit says why
    const exited = new Promise<GoPeerExit>((resolve) => {
      child.once('error', (error) => resolve({ code: null, signal: null, stderr: String(error) }))
      child.once('close', (code, signal) => resolve({ code, signal, stderr }))
    })
    void exited.then((exit) => lines.close(`the Go peer ended (${exit.code ?? exit.signal ?? 'not started'}): ${exit.stderr.trim().slice(0, 500)}`))
    const ready = await lines.event((line) => line['event'] === 'ready', READY_TIMEOUT_MS)
    return new GoPeer(generation, child, lines, ready, exited)
  }

  /** The address of a transport: `tcp`, `ws` or `webrtc-direct`, as `/…/p2p/ID`. */
  address(transport: 'tcp' | 'ws' | 'webrtc-direct' = 'tcp'): string {
    const pattern = { tcp: /\/tcp\/\d+\/p2p\/[^/]+$/, ws: /\/ws\/p2p\/[^/]+$/, 'webrtc-direct': /\/webrtc-direct\// }[transport]
    const found = this.multiaddrs.find((addr) => pattern.test(addr))
    if (found === undefined) throw new GoPeerError('NO_ADDRESS', `this peer does not listen on ${transport}: ${this.multiaddrs.join(' ')}`)
    return found
  }

  /** Sends any command and resolves with its answer; a refusal is a `GoPeerError`. */
  async request(cmd: string, fields: JsonObject = {}): Promise<JsonObject> {
    const timeoutMs = typeof fields['timeoutMs'] === 'number' ? fields['timeoutMs'] + REQUEST_TIMEOUT_MS : REQUEST_TIMEOUT_MS
    const { id, answer } = this.#lines.expectAnswer(timeoutMs)
    this.#child.stdin?.write(`${JSON.stringify({ ...fields, id, cmd })}\n`)
    const line = await answer
    if (line['ok'] !== true) throw new GoPeerError(stringField(line, 'code'), stringField(line, 'message'))
    return line
  }

  /** Resolves with the first event, past or to come, for which `matches` is true. */
  event(matches: (event: JsonObject) => boolean, timeoutMs = REQUEST_TIMEOUT_MS): Promise<JsonObject> {
    return this.#lines.event(matches, timeoutMs)
  }

  /** All events so far with this name. */
  events(name: string): JsonObject[] {
    return this.#lines.seen.filter((line) => line['event'] === name)
  }

  async dial(addr: string, timeoutMs = 15_000): Promise<GoConnection> {
    return decodeConnection(await this.request('dial', { addr, timeoutMs }))
  }

  async connections(): Promise<GoConnection[]> {
    const peers = objectsField(await this.request('status'), 'peers')
    return peers.flatMap((peer) => objectsField(peer, 'connections').map(decodeConnection))
  }

  /** Round trip in milliseconds. */
  async ping(peer: string): Promise<number> {
    return numberField(await this.request('ping', { peer }), 'rttMs')
  }

  async identify(peer: string): Promise<{ agent: string; protocols: string[]; listenAddrs: string[]; keyType: string; keyMatches: boolean }> {
    const line = await this.request('identify', { peer })
    return {
      agent: typeof line['agent'] === 'string' ? line['agent'] : '',
      protocols: stringsField(line, 'protocols'),
      listenAddrs: stringsField(line, 'listenAddrs'),
      keyType: stringField(line, 'keyType'),
      keyMatches: line['keyMatches'] === true
    }
  }

  /** Sends one object on the general channel to all connected peers that speak it. */
  async say(body: JsonObject): Promise<number> {
    return numberField(await this.request('say', { body }), 'sentTo')
  }

  /** Sends random bytes to the peer's echo handler; the Go side compares what comes back. */
  async echo(peer: string, bytes: number): Promise<{ bytes: number; ms: number; path: string }> {
    const line = await this.request('echo', { peer, bytes })
    return { bytes: numberField(line, 'bytes'), ms: numberField(line, 'ms'), path: stringField(line, 'path') }
  }

  async reserve(relay: string): Promise<{ circuit: string; limitSeconds: number; limitBytes: number; voucher: boolean }> {
    const line = await this.request('reserve', { addr: relay })
    return {
      circuit: stringField(line, 'circuit'),
      limitSeconds: numberField(line, 'limitSeconds'),
      limitBytes: numberField(line, 'limitBytes'),
      voucher: line['voucher'] === true
    }
  }

  /** Providers of a rendezvous string that a lookup in the DHT finds, with their addresses. */
  async find(rendezvous: string, timeoutMs = 10_000): Promise<Map<string, string[]>> {
    const peers = objectsField(await this.request('find', { key: rendezvous, timeoutMs }), 'peers')
    return new Map(peers.map((peer) => [stringField(peer, 'id'), stringsField(peer, 'addrs')]))
  }

  /** The counters of the general channel: messages, badLines, bytesIn, bytesOut, … */
  async general(): Promise<JsonObject> {
    return asObject((await this.request('status'))['general'])
  }

  /** Ends the process at once, as a crash does. */
  async kill(): Promise<GoPeerExit> {
    this.#child.kill('SIGKILL')
    return this.exited
  }

  /** Ends the process in order; one that does not end is killed. */
  async stop(): Promise<GoPeerExit> {
    this.#child.stdin?.end(`${JSON.stringify({ id: 'stop', cmd: 'stop' })}\n`)
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_GRACE_MS)
    const exit = await this.exited
    clearTimeout(timer)
    return exit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
