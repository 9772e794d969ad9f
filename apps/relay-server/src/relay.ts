import { announceInDht, createRendezvousServer } from '@gloflow/p2p-core'
import type { RendezvousServer } from '@gloflow/p2p-core'
import { startAdmin } from './admin.ts'
import { createRelayAccess } from './access/relay-access.ts'
import { openInvitedPeers } from './access/invited-peers.ts'
import type { InvitedPeers } from './access/invited-peers.ts'
import { createReservations } from './circuit/reservations.ts'
import type { ConfigSource, OptionKey, RelayConfig } from './config/options.ts'
import { describeDataDir } from './data-dir.ts'
import { RelayError, messageOf } from './errors.ts'
import { browserUrls, machineAddresses } from './http/browser-urls.ts'
import type { BrowserUrl } from './http/browser-urls.ts'
import { certificateNames } from './http/certificate.ts'
import { startInfoService } from './info-document.ts'
import type { InfoService } from './info-document.ts'
import { DEFAULT_INVITATION_MS, MAX_RESERVATIONS_PER_CLIENT, RESERVATION_GRACE_MS, RESERVATION_TTL_MS } from './limits.ts'
import type { Log } from './log.ts'
import { keepNeighbours } from './neighbours.ts'
import { startPage } from './page.ts'
import type { Page } from './page.ts'
import { startRelayNode } from './relay-node.ts'
import type { RelayNode } from './relay-node.ts'
import { createMeter } from './status/meter.ts'
import { startStun } from './stun.ts'
import type { StunServer } from './stun/stun-server.ts'
import { RELAY_VERSION } from './version.ts'
import { createViews } from './views.ts'

/** The content of the READY line; schema/ready.schema.json says the same. */
export interface Ready {
  readonly url: string
  readonly peerId: string
  readonly multiaddrs: readonly string[]
  readonly dataDir: string
  readonly adminUrl: string | null
  readonly version: string
}

/** A running relay. */
export interface Relay {
  readonly ready: Ready
  /** All URLs of the page, and which of them a browser can use. */
  readonly urls: readonly BrowserUrl[]
  readonly pageBuilt: boolean
  /** A link that lets people in, where the relay is by invitation. */
  readonly invitation: string | undefined
  /** Ends everything in the order opposite to its start; state is flushed when it resolves. */
  readonly stop: () => Promise<void>
}

/** What a relay is started from. */
export interface RelayInit {
  readonly config: RelayConfig
  /** A port that nobody asked for may be another one when it is taken. */
  readonly sources: Readonly<Record<OptionKey, ConfigSource>>
  readonly log: Log
  readonly now: () => number
}

/** Starts a relay. Throws a RelayError, and leaves nothing running. */
export async function startRelay(init: RelayInit): Promise<Relay> {
  const running = new AsyncDisposableStack()
  try {
    return await start(init, running)
  } catch (error) {
    await running.disposeAsync()
    throw error instanceof RelayError ? error : new RelayError('START_FAILED', `The relay could not be started: ${messageOf(error)}`, { action: 'Read the message; --help lists the settings.', cause: error })
  }
}

/** Starts the parts in the order in which they depend on each other; `running` ends them in the opposite one. */
async function start({ config, sources, log, now }: RelayInit, running: AsyncDisposableStack): Promise<Relay> {
  let node: RelayNode | undefined
  let info: InfoService | undefined
  let stun: StunServer | undefined
  let rendezvous: RendezvousServer | undefined
  let stopping = false
  const meter = createMeter()
  let invited: InvitedPeers | undefined
  const access = createRelayAccess({ mode: config.access, allow: config.allow, deny: config.deny, isInvited: (peer) => invited?.isInvited(peer) === true })
  const reservations = createReservations({ total: config.maxReservations, perClient: MAX_RESERVATIONS_PER_CLIENT, ttlMs: RESERVATION_TTL_MS, graceMs: RESERVATION_GRACE_MS })
  const views = createViews({
    config, meter, now, startedAtMs: now(), reservations: reservations.size,
    node: () => node, stunPort: () => stun?.port, stopping: () => stopping, rendezvousRefused: () => rendezvous?.stats.refused ?? {}
  })

  const redeem = (token: string, peerId: string): { readonly expiresAtMs: number } => {
    if (invited === undefined) throw new RelayError('NOT_READY', 'The relay is starting.', { action: 'Try again in a moment.', retryable: true })
    return invited.redeem(token, peerId)
  }
  const page = await startPage(config, { ...views, infoDocument: () => info?.document(), redeem: config.access === 'invite' ? redeem : undefined }, meter, log, now)
  running.defer(page.close)
  stun = await startStun(config, sources.stunPort, meter, log, now)
  if (stun !== undefined) running.defer(stun.close)
  const dataDir = describeDataDir(config.dataDir)
  const started = await startRelayNode({ config, page, access, reservations, meter, dataDir: dataDir.path, now }).catch((error: unknown) => { throw dataDir.explain(error) })
  running.defer(() => started.peer.stop())
  dataDir.sign()
  running.defer(dataDir.unsign)
  if (config.access === 'invite') invited = openInvitedPeers(dataDir.path, now, (message) => log('warn', message))
  info = await startInfoService({ privateKey: started.privateKey, dataDir: dataDir.path, facts: () => views.facts(started), now, log })
  running.defer(info.stop)
  const libp2p = started.peer.libp2p
  meter.watch({
    peers: () => libp2p.getPeers().length, connections: () => libp2p.getConnections().length, reservations: reservations.size, circuits: started.hop.circuits,
    dhtPeers: () => views.status().dht.peers, dhtRecords: () => started.dht.records.size, rendezvousRegistrations: () => rendezvous?.stats.registrations ?? 0,
    bridgeMessages: () => views.status().bridge.messages, bridgeDropped: () => views.status().bridge.dropped
  })
  const urls = pageUrls(config, page)
  const invite = (validMs: number): ReturnType<typeof invitationLink> => invitationLink(invited, urls[0]?.url ?? '', now() + validMs)
  const admin = await startAdmin(config, sources.adminPort, { meter, gloflowStatus: views.gloflowStatus, fullStatus: views.fullStatus, invite: invited === undefined ? undefined : invite }, log)
  if (admin !== undefined) running.defer(admin.close)
  rendezvous = createRendezvousServer({ libp2p, now, authorize: access.mayReserve })
  await rendezvous.start()
  running.defer(() => rendezvous?.stop())
  running.defer(keepNeighbours(libp2p, config.relay))
  const dht = started.dht.dht()
  if (dht !== undefined) running.defer(announceInDht(dht, config.network))
  node = started

  return {
    invitation: invited === undefined ? undefined : invite(DEFAULT_INVITATION_MS).url,
    urls,
    pageBuilt: page.built,
    ready: {
      url: urls[0]?.url ?? '',
      peerId: started.peer.id.toString(),
      multiaddrs: started.peer.multiaddrs.map(String),
      dataDir: dataDir.path,
      adminUrl: admin === undefined ? null : `http://127.0.0.1:${admin.port}`,
      version: RELAY_VERSION
    },
    stop: async () => {
      stopping = true
      await running.disposeAsync().catch((error: unknown) => { throw dataDir.explain(error) })
    }
  }
}

/** The token stands in the fragment, which browsers send to no server. */
function invitationLink(invited: InvitedPeers | undefined, url: string, expiresAtMs: number): { readonly token: string; readonly url: string; readonly expiresAtMs: number } {
  const token = invited?.invite(expiresAtMs) ?? ''
  return { token, url: `${url}/#relay-invite=${token}`, expiresAtMs }
}

function pageUrls(config: RelayConfig, page: Page): readonly BrowserUrl[] {
  const names = page.certificate === undefined ? undefined : certificateNames(page.certificate)
  return browserUrls({ port: page.port, host: config.httpHost, certificateNames: names, publicUrl: config.publicUrl, addresses: machineAddresses() })
}
