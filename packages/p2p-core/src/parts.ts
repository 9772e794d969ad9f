import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { createLibp2p } from 'libp2p'
import { createDiscovery, type Discovery } from './discovery/discovery.ts'
import { createDialler, type Dialler } from './dialler.ts'
import { P2pError, type P2pErrorCode } from './errors.ts'
import type { Emitter } from './events.ts'
import type { Identity } from './identity/identity.ts'
import { captureInternals, type Internals } from './internals.ts'
import { createLibp2pOptions } from './libp2p-options.ts'
import { PING_TIMEOUT_MS } from './limits.ts'
import { createAddressPolicy } from './nat/address-policy.ts'
import { createPathUpgrader, type PathUpgrader } from './nat/path-upgrader.ts'
import type { ResolvedPeerOptions } from './options.ts'
import type { PeerEventMap } from './peer.ts'
import { createLiveness } from './peers/liveness.ts'
import { createTrafficMeter } from './peers/traffic.ts'
import { createPeersView, type PeersView } from './peers/view.ts'
import { keepBook, reconnectBook, relaysOfBook } from './persistence/book-keeping.ts'
import { openPeerBook, type PeerBook } from './persistence/peer-book.ts'
import type { Storage } from './persistence/storage.ts'
import type { Platform } from './platform/platform.ts'
import { createFileSending, type RunningFileSending } from './protocol/file-sending.ts'
import { createGeneralChannel, type RunningGeneralChannel } from './protocol/general-channel.ts'
import { createProtocolRegistry, type ProtocolRegistry } from './protocol/registry.ts'
import { openTransferStore } from './protocol/transfer-store.ts'
import { createCircuitTransport } from './relays/circuit-transport.ts'
import { createDatastorePins } from './relays/pins.ts'
import { createRelaySupervisor, type RelaySupervisor } from './relays/supervisor.ts'
import { createWakeups } from './relays/wakeups.ts'
import { describeStatus } from './status.ts'

/** What the parts are made from. */
export interface PartsInit {
  readonly options: ResolvedPeerOptions
  readonly identity: Identity
  readonly storage: Storage
  readonly events: Emitter<PeerEventMap>
  readonly platform: Platform
}

/** The parts of one peer, put together. */
export interface Parts {
  readonly kind: Platform['kind']
  readonly identity: Identity
  readonly storage: Storage
  readonly libp2p: Libp2p
  readonly book: PeerBook
  readonly view: PeersView
  readonly supervisor: RelaySupervisor
  readonly upgrader: PathUpgrader
  readonly discovery: Discovery
  readonly dialler: Dialler
  readonly registry: ProtocolRegistry
  readonly general: RunningGeneralChannel
  readonly files: RunningFileSending
  readonly internals: () => Internals | undefined
  readonly isRelay: (peer: PeerId) => boolean
  /** What went wrong last besides relays, e.g. with storage. */
  readonly problem: () => { readonly code: P2pErrorCode; readonly message: string } | undefined
  start(): Promise<void>
  stop(): Promise<void>
}

/** Puts a peer together. Nothing runs until `start`. */
export async function createParts({ options, identity, storage, events, platform }: PartsInit): Promise<Parts> {
  let problem: { readonly code: P2pErrorCode; readonly message: string } | undefined
  const onProblem = (error: P2pError): void => {
    problem = { code: error.code, message: error.message }
    tellStatus()
  }
  const book = await openPeerBook({ datastore: storage.datastore, now: options.now, onError: onProblem })
  const policy = createAddressPolicy(platform.addressReach())
  const circuits = createCircuitTransport()
  const capture = captureInternals()
  let connections: () => Connection[] = () => []
  const traffic = createTrafficMeter(() => connections())
  const iceServers = (): RTCIceServer[] => supervisor.infos.flatMap((info) => info.stun).filter((url) => policy.allowsStun(url)).map((urls) => ({ urls }))
  const defaults = await createLibp2pOptions(options, {
    platform, identity, storage, iceServers, gater: policy.gater, metrics: traffic.metrics, circuits: circuits.transport, internals: capture
  })
  const libp2p: Libp2p = await createLibp2p(options.configureLibp2p(defaults))
  policy.attach(libp2p)
  connections = () => libp2p.getConnections()

  const wakeups = createWakeups()
  const supervisor = createRelaySupervisor({
    libp2p, wakeups, network: options.network, now: options.now, reservations: circuits.reservations, pins: createDatastorePins(storage.datastore),
    relays: options.relays.length > 0 ? options.relays : relaysOfBook(book)
  })
  const isRelay = (peer: PeerId): boolean => supervisor.isRelay(peer)
  const liveness = createLiveness({ libp2p, traffic, intervalMs: options.pingIntervalMs, timeoutMs: PING_TIMEOUT_MS })
  const upgrader = createPathUpgrader({
    libp2p, isRelay, wakeups, allowDirect: options.allowDirect, now: options.now,
    hasStun: () => iceServers().length > 0,
    onChange: (peer) => { view.refresh(peer) }
  })
  const view: PeersView = createPeersView({ libp2p, events, traffic, liveness, isRelay, paths: upgrader, now: options.now })
  const discovery = createDiscovery({
    libp2p, privateKey: identity.privateKey, network: options.network, relays: supervisor, reservations: circuits.reservations, now: options.now,
    friends: () => new Set(book.list('friend').map((entry) => entry.peerId))
  })
  const dialler = createDialler({ libp2p, policy, book, discovery, isRelay })
  const registry = createProtocolRegistry({
    libp2p, access: options.access, pickConnection: (peer) => upgrader.pickConnection(peer), dial: (peer, signal) => dialler.dial(peer, signal),
    onDenied: (denial) => { events.emit('protocol:denied', denial) }
  })
  const general = await createGeneralChannel({ libp2p, registry, isBridge: isRelay, bridge: options.bridge, now: options.now })
  const openSink = await platform.openFileSinks(options)
  const files = await createFileSending({
    libp2p, registry, openSink: openSink ?? keepsNoFiles, createHasher: () => platform.createHasher(), store: await openTransferStore(storage.datastore, options.now)
  })
  if (openSink === undefined) files.events.on('offer', ({ id }) => { void files.decline(id).catch(() => { /* it is gone already */ }) })

  const parts: Parts = {
    kind: platform.kind, identity, storage, libp2p, book, view, supervisor, upgrader, discovery, dialler, registry, general, files, isRelay,
    internals: capture.internals,
    problem: () => problem,
    async start() {
      await listen(libp2p)
      stops.push(keepBook({ libp2p, book, isRelay }), reconnectBook({ libp2p, book, isRelay }))
      stops.push(supervisor.events.on('status', tellStatus), events.on('peer:connect', tellStatus), events.on('peer:disconnect', tellStatus))
      libp2p.addEventListener('self:peer:update', tellStatus)
      stops.push(discovery.events.on('presence', (presence) => { events.emit('presence', presence) }))
      upgrader.start()
      discovery.start()
      supervisor.start()
    },
    async stop() {
      for (const stop of stops.splice(0)) stop()
      liveness.stop()
      wakeups.stop()
      upgrader.stop()
      discovery.stop()
      await supervisor.stop()
      await files.stop()
      await general.stop()
      await registry.stop()
      await libp2p.stop()
      view.stop()
      await book.flush()
    }
  }
  const stops: (() => void)[] = []
  let told = ''
  function tellStatus(): void {
    const status = describeStatus(parts)
    const text = JSON.stringify(status)
    if (text === told) return
    told = text
    events.emit('status', status)
  }
  return parts
}

async function keepsNoFiles(): Promise<never> {
  throw new P2pError('FILE_REFUSED', 'This peer keeps no files: it was started without a directory for downloads.')
}

/** Starts the node. Where the caller asked for addresses to listen on, each has to work. */
async function listen(libp2p: Libp2p): Promise<void> {
  try {
    await libp2p.start()
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message.split('\n').map((line) => line.trim()).filter((line) => line.startsWith('/')).join('; ') || cause.message : String(cause)
    throw new P2pError('LISTEN_FAILED', `Cannot listen: ${detail}. A port may be in use by another program, or may need more rights: choose another one, or 0 for any free one.`, { cause, retryable: true })
  }
}
