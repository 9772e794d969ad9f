import { setMaxListeners, type Connection, type Libp2p, type Stream } from '@libp2p/interface'
import { PING_PROTOCOL } from '@libp2p/ping'
import { byteStream } from '@libp2p/utils'
import { P2pError } from '../errors.ts'
import { MAX_SILENT_PINGS } from '../limits.ts'
import type { TrafficMeter } from './traffic.ts'

const PING_BYTES = 32

/** Measures the round trip of every connection, and ends those that died without a word. */
export interface Liveness {
  /** The newest round trip of a connection in ms. */
  rttMs(connection: Connection): number | undefined
  stop(): void
}

export interface LivenessOptions {
  readonly libp2p: Libp2p
  readonly traffic: TrafficMeter
  /** 0 = no pings. */
  readonly intervalMs: number
  /** Time for one ping. */
  readonly timeoutMs: number
}

interface Watch { rttMs: number | undefined; silent: number; bytesIn: number; pinging: boolean }

/** Pings at once when a connection opens, and then at each interval. */
export function createLiveness(options: LivenessOptions): Liveness {
  const { libp2p, traffic, intervalMs, timeoutMs } = options
  const watches = new WeakMap<Connection, Watch>()
  const stopped = new AbortController()
  setMaxListeners(Infinity, stopped.signal)

  async function check(connection: Connection): Promise<void> {
    const watch = watches.get(connection) ?? { rttMs: undefined, silent: 0, bytesIn: 0, pinging: false }
    watches.set(connection, watch)
    if (watch.pinging || connection.status !== 'open') return
    watch.pinging = true
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      watch.rttMs = await ping(connection, AbortSignal.any([stopped.signal, timeout]))
      watch.silent = 0
    } catch {
      judge(connection, watch, timeout.aborted)
    } finally {
      watch.pinging = false
      watch.bytesIn = traffic.of(connection).bytesIn
    }
  }

  /** One late answer proves nothing, and a refusal proves life. Only silence counts: no pong and no other byte, several times in a row. */
  function judge(connection: Connection, watch: Watch, timedOut: boolean): void {
    const silent = timedOut && !stopped.signal.aborted && traffic.of(connection).bytesIn === watch.bytesIn
    watch.silent = silent ? watch.silent + 1 : 0
    if (watch.silent < MAX_SILENT_PINGS) return
    connection.abort(new P2pError('STREAM_CLOSED', `Nothing was heard from ${connection.remotePeer.toString()} for ${watch.silent} pings.`, { retryable: true }))
  }

  const onOpen = (event: CustomEvent<Connection>): void => { void check(event.detail) }
  let lastTickMs = performance.now()
  const tick = (): void => {
    const lateMs = performance.now() - lastTickMs - intervalMs
    lastTickMs = performance.now()
    for (const connection of libp2p.getConnections()) {
      const watch = watches.get(connection)
      // a tab that slept heard nothing because it was not listening
      if (lateMs > intervalMs && watch !== undefined) watch.silent = 0
      void check(connection)
    }
  }
  if (intervalMs > 0) libp2p.addEventListener('connection:open', onOpen)
  const timer = intervalMs > 0 ? setInterval(tick, intervalMs) : undefined
  return {
    rttMs: (connection) => watches.get(connection)?.rttMs,
    stop() {
      clearInterval(timer)
      libp2p.removeEventListener('connection:open', onOpen)
      stopped.abort()
    }
  }
}

/** One ping on this connection, and no other. Source: libp2p/specs, ping/ping.md. */
async function ping(connection: Connection, signal: AbortSignal): Promise<number> {
  setMaxListeners(Infinity, signal)
  let stream: Stream | undefined
  try {
    stream = await connection.newStream(PING_PROTOCOL, { signal, runOnLimitedConnection: true })
    const bytes = byteStream(stream)
    const startMs = performance.now()
    await bytes.write(crypto.getRandomValues(new Uint8Array(PING_BYTES)), { signal })
    await bytes.read({ bytes: PING_BYTES, signal })
    const rttMs = Math.round((performance.now() - startMs) * 10) / 10
    await stream.close({ signal })
    return rttMs
  } catch (error) {
    stream?.abort(error instanceof Error ? error : new P2pError('STREAM_CLOSED', String(error)))
    throw error
  }
}
