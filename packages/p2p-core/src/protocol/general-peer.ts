import type { PeerId } from '@libp2p/interface'
import { P2pError, isP2pError } from '../errors.ts'
import { GENERAL_MESSAGES_PER_SECOND, GENERAL_MESSAGE_BURST, GENERAL_QUEUE_BYTES, GENERAL_QUEUE_MESSAGES, GENERAL_SEND_TIMEOUT_MS } from '../limits.ts'
import { generalProtocol } from './general-wire.ts'
import type { JsonObject } from './json-codec.ts'
import type { ProtocolStream } from './protocol.ts'
import { createRateLimit } from './rate-limit.ts'
import { isRelayed } from './registry.ts'
import type { ProtocolRegistry } from './registry.ts'

/** What the channel does with one peer's lines. */
export interface GeneralPeerInit {
  readonly peer: PeerId
  readonly registry: ProtocolRegistry
  readonly onLine: (line: JsonObject, stream: ProtocolStream<JsonObject>) => void
  readonly onDropped: (count: number) => void
  /** True for a peer whose streams must be left open: GloFlow's Go peer ends its process when one is reset. */
  readonly keepsStreams: () => boolean
}

/** The streams of the general channel with one peer: all are read, and one is written. */
export interface GeneralPeer {
  /** Hands one line over, after those before it. Throws LIMIT_REACHED where too many wait, and what `registry.open` throws. */
  send(line: JsonObject): Promise<void>
  /** Reads a stream until it ends. */
  read(stream: ProtocolStream<JsonObject>): Promise<void>
}

/** Makes the channel's end towards one peer. A stream is opened when there is something to send and none is there. */
export function createGeneralPeer(init: GeneralPeerInit): GeneralPeer {
  const { peer, registry } = init
  const streams = new Set<ProtocolStream<JsonObject>>()
  const rate = createRateLimit(GENERAL_MESSAGES_PER_SECOND, GENERAL_MESSAGE_BURST)
  let tail: Promise<void> = Promise.resolve()
  let waiting = 0
  let waitingBytes = 0

  async function read(stream: ProtocolStream<JsonObject>): Promise<void> {
    streams.add(stream)
    stream.onDropped(init.onDropped)
    try {
      for await (const line of stream) {
        const waitMs = rate.take()
        if (waitMs > 0) await new Promise(resolve => { setTimeout(resolve, waitMs) })
        init.onLine(line, stream)
      }
    } finally {
      streams.delete(stream)
    }
  }

  /** The stream to write on: one over the best path, whoever opened it. */
  async function current(): Promise<ProtocolStream<JsonObject>> {
    const best = registry.pickConnection(peer)
    const usable = [...streams].toReversed()
    const onBest = usable.find(stream => stream.connection === best)
    if (onBest !== undefined) return onBest
    const [other] = usable.filter(stream => stream.connection.status === 'open')
    if (other !== undefined && (init.keepsStreams() || best === undefined || isRelayed(best) === isRelayed(other.connection))) return other
    return open(other)
  }

  async function open(replaced: ProtocolStream<JsonObject> | undefined): Promise<ProtocolStream<JsonObject>> {
    const stream = await registry.open(peer, generalProtocol)
    void read(stream).then(() => stream.close()).catch(() => undefined)
    // The other side ends its direction when it sees ours end; what it still sends is read until then.
    void replaced?.close().catch(() => undefined)
    return stream
  }

  async function deliver(line: JsonObject): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      const stream = await current()
      try {
        return await stream.send(line, { signal: AbortSignal.timeout(GENERAL_SEND_TIMEOUT_MS) })
      } catch (error) {
        if (!isP2pError(error, 'STREAM_CLOSED')) throw error
        streams.delete(stream)
        if (attempt > 0) throw error
      }
    }
  }

  return {
    read,
    send(line) {
      const bytes = generalProtocol.codec.encode(line).byteLength
      if (waiting >= GENERAL_QUEUE_MESSAGES || waitingBytes + bytes > GENERAL_QUEUE_BYTES) {
        init.onDropped(1)
        return Promise.reject(new P2pError('LIMIT_REACHED', `${peer.toString()} does not take messages fast enough; ${waiting} wait already`, { retryable: true }))
      }
      waiting += 1
      waitingBytes += bytes
      const turn = tail.then(() => deliver(line))
      tail = turn.catch(() => undefined).finally(() => {
        waiting -= 1
        waitingBytes -= bytes
      })
      return turn
    }
  }
}
