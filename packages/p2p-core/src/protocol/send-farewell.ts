import { SEND_FAREWELL_MS } from '../limits.ts'
import type { ProtocolStream } from './protocol.ts'
import type { SendMessage } from './send-wire.ts'

/**
 * Says why a transfer ends, and leaves the stream to the other side to close: a reset would overtake what was said. What still comes is read and
 * thrown away; a side that does not close in time is reset with `error`.
 */
export function sayFarewell(stream: ProtocolStream<SendMessage>, message: SendMessage, error: Error): void {
  const timer = setTimeout(() => { stream.abort(error) }, SEND_FAREWELL_MS)
  const readOn = async (): Promise<void> => {
    await stream.send(message, { signal: AbortSignal.timeout(SEND_FAREWELL_MS) })
    const rest = stream[Symbol.asyncIterator]()
    while ((await rest.next()).done !== true) continue
    await stream.close()
  }
  readOn().catch(() => { stream.abort(error) }).finally(() => { clearTimeout(timer) })
}
