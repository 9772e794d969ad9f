import { platform } from '#platform'
import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { parseConnectTarget } from './connect-target.ts'
import { dialError } from './dial-error.ts'
import { P2pError } from './errors.ts'
import { createEmitter } from './events.ts'
import { identityFromPrivateKey } from './identity/ephemeral.ts'
import { describeIdentity, type Identity } from './identity/identity.ts'
import { joinRelays } from './join-relays.ts'
import { createLibp2pOptions } from './libp2p-options.ts'
import { DIAL_TIMEOUT_MS } from './limits.ts'
import { createAddressPolicy } from './nat/address-policy.ts'
import { resolvePeerOptions, type PeerOptions, type ResolvedPeerOptions } from './options.ts'
import type { Peer, PeerEventMap, PeerInfo, PeerStatus, RelayStatus } from './peer.ts'
import { createLiveness } from './peers/liveness.ts'
import { bestConnection } from './peers/path.ts'
import { createTrafficMeter } from './peers/traffic.ts'
import { createPeersView } from './peers/view.ts'
import { givenStorage, type Storage } from './persistence/storage.ts'
import { stateOf } from './status.ts'

/**
 * Makes a peer, starts it and lets it join: loads or makes the key, opens storage, listens, dials the relays. It returns as soon as it
 * listens; `status` and its event tell how joining goes. Throws P2pError OPTION_INVALID, IDENTITY_…, STORAGE_…, LISTEN_FAILED.
 */
export async function createPeer(options: PeerOptions): Promise<Peer> {
  const resolved = resolvePeerOptions(options)
  const identity = resolved.privateKey === undefined ? await platform.loadIdentity(resolved) : identityFromPrivateKey(resolved.privateKey)
  const storage = resolved.datastore === undefined ? await platform.openStorage(resolved, identity.peerId) : givenStorage(resolved.datastore)
  try {
    return await startPeer(resolved, identity, storage)
  } catch (error) {
    await storage.close()
    throw error
  }
}

async function startPeer(options: ResolvedPeerOptions, identity: Identity, storage: Storage): Promise<Peer> {
  const events = createEmitter<PeerEventMap>()
  const policy = createAddressPolicy(platform.addressReach())
  let stun: () => string[] = () => []
  let connections: () => Connection[] = () => []
  const traffic = createTrafficMeter(() => connections())
  const iceServers = (): RTCIceServer[] => stun().filter((url) => policy.allowsStun(url)).map((urls) => ({ urls }))
  const defaults = await createLibp2pOptions(options, { platform, identity, storage, gater: policy.gater, metrics: traffic.metrics, iceServers })
  const libp2p: Libp2p = await createLibp2p(options.configureLibp2p(defaults))
  policy.attach(libp2p)
  connections = () => libp2p.getConnections()

  const liveness = createLiveness({ libp2p, traffic, intervalMs: options.pingIntervalMs, onRtt: () => { /* read on demand */ } })
  let relays: ReturnType<typeof joinRelays> | undefined
  const isRelay = (peer: PeerId): boolean => relayStatuses().some((relay) => relay.peerId === peer.toString())
  const view = createPeersView({
    libp2p, events, traffic, liveness, isRelay, now: options.now,
    describePath: (connection) => connection.direct ? { path: 'direct', reason: 'dialled' } : { path: 'relayed', reason: 'upgrading' }
  })
  await libp2p.start()
  relays = joinRelays(libp2p, options, () => { events.emit('status', status()) })
  stun = relays.stun

  function relayStatuses(): readonly RelayStatus[] {
    return relays?.statuses() ?? []
  }

  function status(): PeerStatus {
    const statuses = relayStatuses()
    return {
      state: stateOf({ relays: statuses, hasPeers: view.peers.length > 0, listens: libp2p.getMultiaddrs().length > 0 }),
      relays: statuses,
      reachability: 'unknown',
      lastError: statuses.find((relay) => relay.error !== undefined)?.error,
      identity: describeIdentity(identity),
      storage: { kind: storage.kind, reason: storage.reason }
    }
  }

  async function connect(target: string | Multiaddr | PeerId, { signal }: { readonly signal?: AbortSignal } = {}): Promise<PeerInfo> {
    const { peer, address } = parseConnectTarget(target)
    if (address !== undefined) await policy.check(address)
    const timeout = AbortSignal.timeout(DIAL_TIMEOUT_MS)
    const limit = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
    try {
      await libp2p.dial(address ?? await dialTarget(peer), { signal: limit })
    } catch (error) {
      throw dialError(error, peer.toString(), signal)
    }
    await view.identified(peer)
    const info = view.info(peer)
    if (info === undefined) throw new P2pError('DIAL_FAILED', `${peer.toString()} answered and closed the connection again.`, { retryable: true })
    return info
  }

  /** A PeerId alone: its known addresses, else a circuit over each relay that is connected. */
  async function dialTarget(peer: PeerId): Promise<PeerId | Multiaddr[]> {
    const known = await libp2p.peerStore.get(peer).catch(() => undefined)
    if (known !== undefined && known.addresses.length > 0) return peer
    const circuits = libp2p.getConnections()
      .filter((connection) => connection.direct && isRelay(connection.remotePeer))
      .map((connection) => multiaddr(`${connection.remoteAddr.toString()}/p2p-circuit/p2p/${peer.toString()}`))
    return circuits.length > 0 ? circuits : peer
  }

  let stopping: Promise<void> | undefined
  async function stop(): Promise<void> {
    relays?.stop()
    liveness.stop()
    await libp2p.stop()
    view.stop()
    await storage.close()
  }

  const notYet = (what: string): P2pError => new P2pError('PROTOCOL_UNSUPPORTED', `${what} is not part of this build.`)
  return {
    id: identity.peerId,
    get status() { return status() },
    get peers() { return view.peers },
    get multiaddrs() { return libp2p.getMultiaddrs() },
    events,
    get general(): never { throw notYet('The general channel') },
    get files(): never { throw notYet('Sending files') },
    libp2p,
    connect,
    open: async (peer, protocol) => { throw notYet(`${protocol.id} to ${bestConnection(libp2p.getConnections(peer))?.id ?? ''}`) },
    handle: async (protocol) => { throw notYet(protocol.id) },
    stop: () => stopping ??= stop(),
    [Symbol.asyncDispose]: () => stopping ??= stop()
  }
}
