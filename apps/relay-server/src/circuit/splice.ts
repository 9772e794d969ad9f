import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { CIRCUIT_CLOSE_TIMEOUT_MS } from '../limits.ts'

/** Why a circuit ended. The first three are limits of this relay. */
export type CircuitEnd = 'CIRCUIT_BYTES' | 'CIRCUIT_TIME' | 'PEER_BYTES' | 'RESET' | 'CLOSED' | 'RELAY_STOPPED'

/** Joins two streams. */
export interface SpliceInit {
  readonly source: Stream
  readonly destination: Stream
  /** Bytes in each direction; 0 = no limit. */
  readonly maxBytes: number
  /** 0 = no limit. */
  readonly maxMs: number
  /** Asked before bytes of one side are carried; false ends the circuit as PEER_BYTES. */
  readonly maySend: (from: Stream, bytes: number) => boolean
  readonly onBytes: (bytes: number) => void
}

/** A running circuit. */
export interface Splice {
  /** Resolves once both streams have ended. */
  readonly ended: Promise<CircuitEnd>
  readonly stop: (why: CircuitEnd) => void
}

/** A circuit came to an end that its streams must hear of. */
export class CircuitEndedError extends TypeError {
  override readonly name = 'CircuitEndedError'
  readonly code: CircuitEnd

  constructor(code: CircuitEnd) {
    super(`The circuit ended: ${code}`)
    this.code = code
  }
}

/**
 * Carries bytes both ways until both sides are done, one resets, or a limit is reached. A slow side holds the fast one back: its stream is
 * paused, so that at most one window waits here.
 */
export function splice(init: SpliceInit): Splice {
  const { source, destination } = init
  const { promise: ended, resolve } = Promise.withResolvers<CircuitEnd>()
  let over = false
  let open = 2
  const timer = init.maxMs > 0 ? setTimeout(() => stop('CIRCUIT_TIME'), init.maxMs) : undefined

  const finish = (why: CircuitEnd): void => {
    if (over) return
    over = true
    clearTimeout(timer)
    resolve(why)
  }
  const stop = (why: CircuitEnd): void => {
    finish(why)
    const error = new CircuitEndedError(why)
    source.abort(error)
    destination.abort(error)
  }
  const onClose = (event: StreamCloseEvent): void => {
    if (event.error !== undefined) stop('RESET')
    else if (--open === 0) finish('CLOSED')
  }
  for (const [from, to] of [[source, destination], [destination, source]] as const) {
    from.addEventListener('close', onClose, { once: true })
    forward(from, to, init, stop)
  }
  if (source.status !== 'open' || destination.status !== 'open') stop('RESET')
  return { ended, stop }
}

function forward(from: Stream, to: Stream, init: SpliceInit, stop: (why: CircuitEnd) => void): void {
  let carried = 0
  from.addEventListener('message', (event: StreamMessageEvent) => {
    carried += event.data.byteLength
    if (init.maxBytes > 0 && carried > init.maxBytes) {
      stop('CIRCUIT_BYTES')
      return
    }
    if (to.writeStatus !== 'writable') return
    if (!init.maySend(from, event.data.byteLength)) {
      stop('PEER_BYTES')
      return
    }
    init.onBytes(event.data.byteLength)
    if (!to.send(event.data) && from.readStatus === 'readable') {
      from.pause()
      to.addEventListener('drain', () => { if (from.readStatus === 'paused') from.resume() }, { once: true })
    }
  })
  // `end` and not `remoteCloseWrite`: what waits in a paused stream is carried first.
  const onEnd = (): void => {
    if (from.status === 'aborted' || from.status === 'reset') return
    to.close({ signal: AbortSignal.timeout(CIRCUIT_CLOSE_TIMEOUT_MS) }).catch(() => stop('RESET'))
  }
  if (from.readableEnded) onEnd()
  else from.addEventListener('end', onEnd, { once: true })
}
