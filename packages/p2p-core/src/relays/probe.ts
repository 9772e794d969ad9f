import type { Connection } from '@libp2p/interface'
import { PING_PROTOCOL } from '@libp2p/ping'
import { byteStream } from '@libp2p/utils'
import { P2pError } from '../errors.ts'

const PING_BYTES = 32

/**
 * Whether the other side of a connection still answers: two pings, each within `timeoutMs`. An answer that the protocol is not known
 * is an answer, too.
 */
export async function isAlive(connection: Connection, timeoutMs: number, stop: AbortSignal): Promise<boolean> {
  for (let attempt = 0; attempt < 2; attempt++) {
    if (connection.status !== 'open') return false
    if (await roundTripMs(connection, AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)])) !== undefined) return true
    if (stop.aborted) return true // nothing was proven
  }
  return false
}

/** The time of one ping in ms; `undefined` where no answer came before the signal. */
export async function roundTripMs(connection: Connection, signal: AbortSignal): Promise<number | undefined> {
  let startMs = performance.now()
  try {
    const stream = await connection.newStream(PING_PROTOCOL, { signal, runOnLimitedConnection: true })
    try {
      const bytes = byteStream(stream)
      startMs = performance.now()
      await bytes.write(crypto.getRandomValues(new Uint8Array(PING_BYTES)), { signal })
      await bytes.read({ bytes: PING_BYTES, signal })
      return performance.now() - startMs
    } finally {
      stream.abort(new P2pError('STREAM_CLOSED', 'This ping is over.'))
    }
  } catch (error) {
    return error instanceof Error && error.name === 'UnsupportedProtocolError' ? performance.now() - startMs : undefined
  }
}
