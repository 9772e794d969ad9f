import { platform } from '#platform'
import { P2pError } from './errors.ts'
import { createEmitter } from './events.ts'
import { identityFromPrivateKey } from './identity/ephemeral.ts'
import { resolvePeerOptions, type PeerOptions } from './options.ts'
import type { Identity } from './identity/identity.ts'
import { startParts, type Parts } from './parts/parts.ts'
import type { Peer, PeerEventMap } from './peer.ts'
import { givenStorage, type Storage } from './persistence/storage.ts'

/**
 * Makes a peer, starts it and lets it join: loads or makes the key, opens storage, listens, goes to the relays. It returns as soon as it
 * listens; `status` and its event tell how joining goes. Throws P2pError OPTION_INVALID, IDENTITY_…, STORAGE_…, LISTEN_FAILED.
 */
export async function createPeer(options: PeerOptions): Promise<Peer> {
  const resolved = resolvePeerOptions(options)
  const identity = resolved.privateKey === undefined ? await platform.loadIdentity(resolved) : identityFromPrivateKey(resolved.privateKey)
  const storage = resolved.datastore === undefined ? await platform.openStorage(resolved, identity.peerId) : givenStorage(resolved.datastore)
  const events = createEmitter<PeerEventMap>()
  return peerOf(await startParts({ options: resolved, identity, storage, events, platform }), { identity, storage, events })
}

function peerOf(parts: Parts, { identity, storage, events }: { readonly identity: Identity; readonly storage: Storage; readonly events: Peer['events'] }): Peer {
  const { libp2p, view, discovery, dialler, registry, book } = parts
  let stopping: Promise<void> | undefined
  return {
    id: libp2p.peerId,
    get status() { return parts.status },
    get peers() { return view.peers },
    get presence() { return discovery.presence },
    get found() { return discovery.known.map(({ peer }) => peer) },
    get multiaddrs() { return libp2p.getMultiaddrs() },
    events,
    general: parts.general,
    files: parts.files,
    relays: parts.supervisor,
    paths: parts.upgrader,
    libp2p,
    datastore: storage.datastore,
    async connect(target, { signal } = {}) {
      const { remotePeer: peer } = await dialler.dial(target, signal)
      await view.identified(peer)
      const info = view.info(peer)
      if (info === undefined) throw new P2pError('DIAL_FAILED', `${peer.toString()} answered and closed the connection again.`, { retryable: true })
      if (!parts.isRelay(peer)) book.tag(peer, 'friend')
      return info
    },
    open: (peer, protocol, opening) => registry.open(peer, protocol, opening),
    handle: (protocol, handler) => registry.handle(protocol, handler),
    sign: async (message) => identity.privateKey.sign(message),
    stop: () => stopping ??= parts.stop(),
    [Symbol.asyncDispose]: () => stopping ??= parts.stop()
  }
}
