import { createDht, createPeer } from '@gloflow/p2p-core'
import type { DhtPart } from '@gloflow/p2p-core'
import type { AccessPolicy, Peer } from '@gloflow/p2p-core'
import type { PrivateKey } from '@libp2p/interface'
import { keychain } from '@libp2p/keychain'
import { clientKeyOf } from './access/client-key.ts'
import type { RelayAccess } from './access/relay-access.ts'
import { certificateAddresses, publicInterfaceAddresses, publicUrlAddress } from './addresses.ts'
import { hopService } from './circuit/hop-service.ts'
import type { HopService } from './circuit/hop-service.ts'
import type { Reservations } from './circuit/reservations.ts'
import type { RelayConfig } from './config/options.ts'
import { RelayError } from './errors.ts'
import { machineAddresses } from './http/browser-urls.ts'
import { certificateNames } from './http/certificate.ts'
import { PING_INTERVAL_MS } from './limits.ts'
import { findTcpPort, listenAddresses } from './listen.ts'
import { relayNodeOptions } from './node-options.ts'
import { freshAutoNat } from './nat-services.ts'
import type { Page } from './page.ts'
import type { RelayMeter } from './status/meter.ts'

/** The relay's libp2p node. */
export interface RelayNode {
  readonly peer: Peer
  readonly privateKey: PrivateKey
  readonly hop: HopService
  readonly dht: DhtPart
}

/** What the node is made of. */
export interface RelayNodeParts {
  readonly config: RelayConfig
  readonly page: Page
  readonly access: RelayAccess
  readonly reservations: Reservations
  readonly meter: RelayMeter
  readonly dataDir: string
  readonly now: () => number
}

/** Opens key and datastore, listens, and serves circuits. Throws what the peer throws, PORT_IN_USE or PORT_REFUSED. */
export async function startRelayNode(parts: RelayNodeParts): Promise<RelayNode> {
  const { config, page, now } = parts
  const tcpPort = await findTcpPort(config.tcpPort, config.tcpHost, '--tcp-port')
  const wsSuffix = page.certificate === undefined ? '/ws' : '/tls/ws'
  const names = page.certificate === undefined ? [] : certificateNames(page.certificate)
  const machine = machineAddresses()
  const published = config.publicUrl === undefined ? [] : [publicUrlAddress(config.publicUrl)]
  let hop: HopService | undefined
  let privateKey: PrivateKey | undefined
  const dht = createDht(now)

  const makeHop = hopService({
    reservations: parts.reservations,
    access: parts.access,
    meter: parts.meter.circuits,
    circuitMaxBytes: config.circuitMaxBytes,
    circuitMaxMs: config.circuitMaxMs,
    peerMaxBytes: config.peerMaxBytes,
    clientOf: (connection) => clientKeyOf(connection.remoteAddr),
    now
  })
  const peer = await createPeer({
    access: protocolAccess(parts.access),
    role: 'relay',
    network: config.network,
    dataDir: parts.dataDir,
    bootstrap: config.bootstrap,
    bridge: config.bridge,
    webrtc: false,
    webrtcDirect: config.webrtcDirectPort !== 'off',
    pingIntervalMs: PING_INTERVAL_MS,
    now,
    configureLibp2p: (defaults) => {
      privateKey = defaults.privateKey
      return relayNodeOptions(defaults, {
        listen: [
          ...listenAddresses(config.tcpHost, tcpPort, ''),
          ...listenAddresses(config.httpHost, page.port, wsSuffix),
          ...(config.webrtcDirectPort === 'off' ? [] : [`/ip4/0.0.0.0/udp/${config.webrtcDirectPort}/webrtc-direct`])
        ],
        announce: config.announce.length === 0 ? [] : [...config.announce, ...published],
        appendAnnounce: [
          ...published,
          ...certificateAddresses(names, page.port),
          ...publicInterfaceAddresses(machine, config.tcpHost, tcpPort, ''),
          ...publicInterfaceAddresses(machine, config.httpHost, page.port, wsSuffix)
        ],
        sockets: page.sockets,
        access: parts.access,
        meter: parts.meter,
        maxReservations: config.maxReservations,
        services: {
          circuitRelay: (components) => {
            hop = makeHop(components)
            return hop
          },
          dht: dht.service,
          autoNAT: freshAutoNat,
          // Keeps the key of WebRTC Direct's certificate, so that its hash, a part of the address, outlives a restart.
          ...(config.webrtcDirectPort === 'off' ? {} : { keychain: keychain() })
        },
        now
      })
    }
  })
  if (hop === undefined || privateKey === undefined) {
    await peer.stop()
    throw new RelayError('START_FAILED', 'The peer did not take the relay\'s services.', { action: 'Check that relay and p2p-core are of one version.' })
  }
  return { peer, privateKey, hop, dht }
}

/** Who may open protocols of the relay itself: those who may reserve. */
function protocolAccess(access: RelayAccess): AccessPolicy {
  return {
    decide: ({ peer }) => access.mayReserve(peer) ? { allowed: true } : { allowed: false, code: 'RELAY_ACCESS', reason: 'This relay is not open to this peer.' }
  }
}
