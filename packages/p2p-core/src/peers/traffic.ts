import type { Connection, Metrics, Stream, StreamMessageEvent } from '@libp2p/interface'

/** Bytes of payload of all streams of one connection, in each direction. What encryption and framing add is not counted. */
export interface Traffic {
  readonly bytesIn: number
  readonly bytesOut: number
}

/** Counts what each connection carries. */
export interface TrafficMeter {
  /** The port by which libp2p announces each stream that was negotiated. Everything else in it does nothing. */
  readonly metrics: Metrics
  of(connection: Connection): Traffic
}

interface Count { bytesIn: number; bytesOut: number }

/** Makes a meter. `connections` are those that are open: a stream is counted for the one that carries it. */
export function createTrafficMeter(connections: () => readonly Connection[]): TrafficMeter {
  const counts = new WeakMap<Connection, Count>()
  const countOf = (connection: Connection): Count => {
    const count = counts.get(connection) ?? { bytesIn: 0, bytesOut: 0 }
    counts.set(connection, count)
    return count
  }
  return {
    of: countOf,
    metrics: {
      ...NO_METRICS,
      trackProtocolStream(stream) {
        const connection = connections().find((candidate) => candidate.streams.includes(stream))
        if (connection !== undefined) countStream(stream, countOf(connection))
      }
    }
  }
}

/**
 * Counts at the stream's own `send` and `dispatchEvent`. A listener for `message` would not do: it makes libp2p hand out what is buffered
 * before the protocol's handler listens.
 */
function countStream(stream: Stream, count: Count): void {
  const send = stream.send.bind(stream)
  const dispatchEvent = stream.dispatchEvent.bind(stream)
  stream.send = (data) => {
    count.bytesOut += data.byteLength
    return send(data)
  }
  stream.dispatchEvent = (event: Event) => {
    if (isMessage(event)) count.bytesIn += event.data.byteLength
    return dispatchEvent(event)
  }
}

function isMessage(event: Event): event is StreamMessageEvent {
  return event.type === 'message'
}

function nothing(): void { /* this meter counts streams only */ }

const METRIC = { update: nothing, increment: nothing, decrement: nothing, reset: nothing, timer: () => nothing }
const COUNTER = { increment: nothing, reset: nothing }
const OBSERVER = { observe: nothing, reset: nothing, timer: () => nothing }

const NO_METRICS: Metrics = {
  trackMultiaddrConnection: nothing,
  trackProtocolStream: nothing,
  registerMetric: () => METRIC,
  registerMetricGroup: () => METRIC,
  registerCounter: () => COUNTER,
  registerCounterGroup: () => COUNTER,
  registerHistogram: () => OBSERVER,
  registerHistogramGroup: () => OBSERVER,
  registerSummary: () => OBSERVER,
  registerSummaryGroup: () => OBSERVER,
  traceFunction: <Traced>(_name: string, traced: Traced): Traced => traced,
  createTrace: nothing
}
