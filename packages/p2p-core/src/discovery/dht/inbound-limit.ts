import type { Connection, StreamHandler, StreamHandlerOptions } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'
import { P2pError } from '../../errors.ts'
import { DHT_INBOUND_BURST_BYTES, DHT_INBOUND_BYTES_PER_SECOND } from '../../limits.ts'

/** What a connection may still send, as of a time. */
interface Budget {
  bytes: number
  atMs: number
}

/**
 * The registrar as it is, but that what is registered through it has a budget of bytes for each connection: a stream that sends more is reset.
 * The DHT reads without back-pressure, so that a flood would cost memory for every message however few records are kept.
 */
export function limitInbound(registrar: Registrar, now: () => number): Registrar {
  const budgets = new WeakMap<Connection, Budget>()
  const limited = (handler: StreamHandler): StreamHandler => (stream, connection) => {
    const handled = handler(stream, connection)
    // After the handler: a listener before its own would take the first bytes from it.
    stream.addEventListener('message', ({ data }) => {
      if (spend(budgets, connection, data.byteLength, now())) return
      stream.abort(new P2pError('LIMIT_REACHED', `${connection.remotePeer.toString()} sends more DHT messages than are taken from one peer; it may go on in a while`, { retryable: true }))
    })
    return handled
  }
  const handle = (protocol: string, handler: StreamHandler, options?: StreamHandlerOptions): Promise<void> => registrar.handle(protocol, limited(handler), options)
  return Object.create(registrar, { handle: { value: handle } })
}

function spend(budgets: WeakMap<Connection, Budget>, connection: Connection, bytes: number, nowMs: number): boolean {
  const budget = budgets.get(connection) ?? { bytes: DHT_INBOUND_BURST_BYTES, atMs: nowMs }
  const earned = (Math.max(0, nowMs - budget.atMs) / 1000) * DHT_INBOUND_BYTES_PER_SECOND
  budget.bytes = Math.min(DHT_INBOUND_BURST_BYTES, budget.bytes + earned) - bytes
  budget.atMs = nowMs
  budgets.set(connection, budget)
  if (budget.bytes >= 0) return true
  budget.bytes = Math.max(budget.bytes, -DHT_INBOUND_BURST_BYTES)
  return false
}
