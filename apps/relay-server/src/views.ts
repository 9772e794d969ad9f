import type { Libp2p, PeerId } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import { multiaddr } from '@multiformats/multiaddr'
import type { RelayConfig } from './config/options.ts'
import { publishedAddresses, stunUrls } from './addresses.ts'
import { storedValue } from '@gloflow/p2p-core'
import type { RelayFacts } from './info-document.ts'
import { MAX_INFO_ADDRESSES } from './limits.ts'
import type { RelayNode } from './relay-node.ts'
import { GLOFLOW_TEST_KEY, gloflowStatus } from './status/gloflow-status.ts'
import type { GloflowStatus } from './status/gloflow-status.ts'
import type { RelayMeter } from './status/meter.ts'
import { statusPage } from './status/status-page.ts'
import { readStatus } from './status/status.ts'
import type { PublicStatus } from './status/status.ts'
import { RELAY_VERSION } from './version.ts'

/** What the views are made of. `node` and the others appear as the relay starts. */
export interface ViewSources {
  readonly config: RelayConfig
  readonly meter: RelayMeter
  readonly startedAtMs: number
  readonly now: () => number
  readonly reservations: () => number
  readonly node: () => RelayNode | undefined
  readonly stunPort: () => number | undefined
  readonly stopping: () => boolean
  /** By the status of the rendezvous protocol's answer. */
  readonly rendezvousRefused: () => Readonly<Record<number, number>>
}

/** The status with what only the operator may see. */
export interface FullStatus extends PublicStatus {
  readonly peerId: string
  readonly multiaddrs: readonly string[]
  readonly connections: readonly { readonly peer: string; readonly address: string; readonly direction: string; readonly openMs: number }[]
}

/** Everything that the relay shows of itself. */
export interface Views {
  readonly status: () => PublicStatus
  readonly statusPage: () => string
  readonly fullStatus: () => FullStatus
  readonly gloflowStatus: () => Promise<GloflowStatus>
  /** Throws where the node is not there yet. */
  readonly facts: (node: RelayNode) => RelayFacts
  readonly notReady: () => string | undefined
}

/** Makes the views of a relay. */
export function createViews(sources: ViewSources): Views {
  const { config, meter, now } = sources
  const libp2p = (): Libp2p | undefined => sources.node()?.peer.libp2p
  const status = (): PublicStatus => readStatus({
    startedAtMs: sources.startedAtMs,
    version: RELAY_VERSION,
    now,
    refused: () => ({ ...meter.refusals(), ...named('RENDEZVOUS', sources.rendezvousRefused()) }),
    bytesRelayed: meter.bytesRelayed,
    peers: () => libp2p()?.getPeers().length ?? 0,
    reservations: sources.reservations,
    circuits: () => sources.node()?.hop.circuits() ?? 0,
    reachability: () => sources.node()?.peer.status.reachability ?? 'unknown',
    dht: () => dhtStatus(sources.node()?.dht.dht()),
    bridge: () => bridgeStatus(sources.node())
  })
  const notReady = (): string | undefined => {
    if (sources.stopping()) return 'The relay is stopping.'
    return sources.node() === undefined ? 'The relay is starting.' : undefined
  }
  return {
    status,
    notReady,
    statusPage: () => statusPage(status(), { network: config.network, access: config.access, maxReservations: config.maxReservations, ready: notReady() }),
    fullStatus: () => ({ ...status(), ...operatorFacts(libp2p(), now()) }),
    gloflowStatus: async () => gloflowStatus({
      network: config.network,
      bootstrap: config.bootstrap.map((address) => multiaddr(address)),
      peers: await knownPeers(libp2p()),
      dhtMode: status().dht.mode,
      testValue: await testValue(sources.node()),
      peerId: libp2p()?.peerId.toString() ?? '',
      multiaddrs: libp2p()?.getMultiaddrs() ?? []
    }),
    facts: ({ peer }) => {
      const addresses = publishedAddresses(peer.multiaddrs.filter((address) => !address.toString().includes('/p2p-circuit')), config.publicUrl)
      return {
        multiaddrs: addresses.slice(0, MAX_INFO_ADDRESSES).map(String),
        network: config.network,
        stun: stunUrls(addresses, sources.stunPort()),
        relays: config.relay,
        limits: { reservations: config.maxReservations, circuitBytes: config.circuitMaxBytes, circuitMs: config.circuitMaxMs },
        access: config.access,
        bridge: config.bridge,
        version: RELAY_VERSION
      }
    }
  }
}

/** `{300: 2}` as `{RENDEZVOUS_300: 2}`: the codes are the specification's. */
function named(prefix: string, counts: Readonly<Record<number, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).map(([code, count]) => [`${prefix}_${code}`, count]))
}

function bridgeStatus(node: RelayNode | undefined): PublicStatus['bridge'] {
  const stats = node?.peer.general.bridgeStats
  return { messages: stats?.messages ?? 0, dropped: stats?.dropped ?? 0 }
}

function dhtStatus(dht: KadDHT | undefined): PublicStatus['dht'] {
  return dht === undefined ? { mode: 'off', peers: 0 } : { mode: dht.getMode(), peers: tableSize(dht) }
}

/** The size of the routing table, which the DHT has and its public type leaves out. */
function tableSize(dht: KadDHT): number {
  const table: unknown = 'routingTable' in dht ? dht.routingTable : undefined
  return typeof table === 'object' && table !== null && 'size' in table && typeof table.size === 'number' ? table.size : 0
}

function operatorFacts(libp2p: Libp2p | undefined, nowMs: number): Omit<FullStatus, keyof PublicStatus> {
  return {
    peerId: libp2p?.peerId.toString() ?? '',
    multiaddrs: libp2p?.getMultiaddrs().map(String) ?? [],
    connections: (libp2p?.getConnections() ?? []).map((connection) => ({
      peer: connection.remotePeer.toString(),
      address: connection.remoteAddr.toString(),
      direction: connection.direction,
      openMs: nowMs - connection.timeline.open
    }))
  }
}

async function testValue(node: RelayNode | undefined): Promise<string> {
  return (node === undefined ? undefined : await storedValue(node.dht.records, GLOFLOW_TEST_KEY)) ?? 'not found'
}

async function knownPeers(libp2p: Libp2p | undefined): Promise<string[]> {
  const ids: PeerId[] = (await libp2p?.peerStore.all())?.map(({ id }) => id) ?? []
  return ids.map(String)
}
