import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import type { ConnectionRefusal } from '../access/connection-gater.ts'
import type { CircuitMeter, RefusalCode } from '../circuit/circuit-meter.ts'
import type { StunOutcome } from '../stun/stun-server.ts'

/** Everything that is refused, by code. */
export type Refused = RefusalCode | ConnectionRefusal | 'HTTP_RATE' | 'STUN_LIMITED' | 'STUN_MALFORMED'

/** Numbers that are read when somebody asks. */
export interface Gauges {
  readonly peers: () => number
  readonly connections: () => number
  readonly reservations: () => number
  readonly circuits: () => number
  readonly dhtPeers: () => number
  readonly dhtRecords: () => number
  readonly rendezvousRegistrations: () => number
  readonly bridgeMessages: () => number
  readonly bridgeDropped: () => number
}

/** Counts what the relay does, for /metrics and /status.json. */
export interface RelayMeter {
  readonly circuits: CircuitMeter
  readonly refused: (code: Refused) => void
  readonly stun: (outcome: StunOutcome) => void
  readonly bytesRelayed: () => number
  /** How often each code was refused, for those that were. */
  readonly refusals: () => Readonly<Record<string, number>>
  readonly watch: (gauges: Gauges) => void
  /** Prometheus' text, and its content type. */
  readonly metrics: () => Promise<string>
  readonly contentType: string
  readonly registry: Registry
}

/** Names of go-libp2p's relay service, so that its dashboards work here too. Source: go-libp2p, p2p/protocol/circuitv2/relay/metrics.go. */
const GO = 'libp2p_relaysvc_'
const DURATION_BUCKETS_S = [1, 5, 15, 60, 300, 900, 1800, 3600]

/** Makes the meter with a registry of its own. */
export function createMeter(): RelayMeter {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const counter = (name: string, help: string, labelNames: string[] = []): Counter => new Counter({ name, help, labelNames, registers })
  const reservations = counter(`${GO}reservations_total`, 'Relay reservations by what happened to them', ['type'])
  const reservationAnswers = counter(`${GO}reservation_request_response_status_total`, 'Answers to reservation requests', ['status'])
  const connections = counter(`${GO}connections_total`, 'Relayed connections by what happened to them', ['type'])
  const connectionAnswers = counter(`${GO}connection_request_response_status_total`, 'Answers to connection requests', ['status'])
  const durations = new Histogram({ name: `${GO}connection_duration_seconds`, help: 'How long relayed connections lasted', buckets: DURATION_BUCKETS_S, registers })
  const bytes = counter(`${GO}data_transferred_bytes_total`, 'Bytes carried for others')
  const refusals = counter('gloflow_relay_refused_total', 'What was refused or ended, by code', ['code'])
  const stun = counter('gloflow_relay_stun_requests_total', 'STUN datagrams by what became of them', ['outcome'])
  const byCode = new Map<string, number>()
  let carried = 0

  const refused = (code: Refused): void => {
    byCode.set(code, (byCode.get(code) ?? 0) + 1)
    refusals.inc({ code })
  }
  const gauge = (name: string, help: string, read: () => number): void => {
    registry.registerMetric(new Gauge({ name, help, registers: [], collect() { this.set(read()) } }))
  }
  return {
    registry,
    contentType: registry.contentType,
    metrics: () => registry.metrics(),
    bytesRelayed: () => carried,
    refusals: () => Object.fromEntries(byCode),
    refused,
    stun: (outcome) => {
      stun.inc({ outcome })
      if (outcome !== 'answered') refused(outcome === 'limited' ? 'STUN_LIMITED' : 'STUN_MALFORMED')
    },
    watch: (gauges) => {
      gauge(`${GO}status`, 'Relay service status: 1 = active', () => 1)
      gauge('gloflow_relay_peers', 'Peers that are connected', gauges.peers)
      gauge('gloflow_relay_connections', 'Connections that are open', gauges.connections)
      gauge('gloflow_relay_reservations', 'Reservations that are held', gauges.reservations)
      gauge('gloflow_relay_circuits', 'Circuits that are open', gauges.circuits)
      gauge('gloflow_relay_dht_peers', 'Peers in the routing table of the DHT', gauges.dhtPeers)
      gauge('gloflow_relay_dht_records', 'Records of others that the DHT keeps', gauges.dhtRecords)
      gauge('gloflow_relay_rendezvous_registrations', 'Registrations that are held', gauges.rendezvousRegistrations)
      gauge('gloflow_relay_bridge_messages', 'Messages that the bridge took for forwarding', gauges.bridgeMessages)
      gauge('gloflow_relay_bridge_dropped', 'Deliveries that the bridge gave up', gauges.bridgeDropped)
    },
    circuits: {
      reservation: (what, count = 1) => reservations.inc({ type: what }, count),
      reservationAnswer: (status) => reservationAnswers.inc({ status: goStatus(status) }),
      circuitOpened: () => connections.inc({ type: 'opened' }),
      circuitEnded: (_why, durationMs) => {
        connections.inc({ type: 'closed' })
        durations.observe(durationMs / 1000)
      },
      circuitAnswer: (status) => connectionAnswers.inc({ status: goStatus(status) }),
      bytes: (count) => {
        carried += count
        bytes.inc(count)
      },
      refused
    }
  }
}

/** go-libp2p writes these labels in small letters. */
function goStatus(status: string): string {
  return status.toLowerCase().replaceAll('_', ' ')
}
