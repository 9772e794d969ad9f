import { isGates } from '../access/gates.ts'
import type { Emitter } from '../events.ts'
import { P2pError } from '../errors.ts'
import type { ResolvedPeerOptions } from '../options.ts'
import type { PeerEventMap } from '../peer.ts'
import type { Storage } from '../persistence/storage.ts'
import type { Platform } from '../platform/platform.ts'
import { createFileSending, type RunningFileSending } from '../protocol/file-sending.ts'
import { createGeneralChannel, type RunningGeneralChannel } from '../protocol/general-channel.ts'
import { createProtocolRegistry, type ProtocolRegistry } from '../protocol/registry.ts'
import { openTransferStore } from '../protocol/transfer-store.ts'
import type { Teardown } from '../teardown.ts'
import type { Foundation } from './foundation.ts'
import type { Network } from './network.ts'

export interface ProtocolsInit {
  readonly options: ResolvedPeerOptions
  readonly storage: Storage
  readonly platform: Platform
  readonly events: Emitter<PeerEventMap>
  readonly teardown: Teardown
  readonly foundation: Foundation
  readonly network: Network
}

/** What a peer speaks with others. */
export interface Protocols {
  readonly registry: ProtocolRegistry
  readonly general: RunningGeneralChannel
  readonly files: RunningFileSending
}

/** Makes the registry and its first two users. Throws P2pError STORAGE_…, FILE_… where received files have no place. */
export async function createProtocols({ options, storage, platform, events, teardown, foundation, network }: ProtocolsInit): Promise<Protocols> {
  const { libp2p } = foundation
  const { upgrader, dialler, isRelay } = network
  const gates = isGates(options.access) ? options.access : undefined
  const registry = createProtocolRegistry({
    libp2p,
    access: options.access,
    ...(gates === undefined ? {} : { beforeOpen: gates.beforeOpen }),
    pickConnection: (peer) => upgrader.pickConnection(peer),
    dial: (peer, signal) => dialler.dial(peer, signal),
    onDenied: (denial) => { events.emit('protocol:denied', denial) }
  })
  teardown.defer(() => registry.stop())
  if (gates !== undefined) {
    await gates.serve(registry)
    teardown.defer(() => gates.stop())
  }
  const general = await createGeneralChannel({ libp2p, registry, isBridge: isRelay, bridge: options.bridge, now: options.now })
  teardown.defer(() => general.stop())
  const openSink = await platform.openFileSinks(options)
  const files = await createFileSending({
    libp2p, registry,
    openSink: openSink ?? keepsNoFiles,
    createHasher: () => platform.createHasher(),
    store: await openTransferStore(storage.datastore, options.now)
  })
  teardown.defer(() => files.stop())
  // whom a file went to or came from is someone this peer means to reach again
  files.events.on('done', ({ peer, state }) => { if (state === 'done') foundation.book.tag(peer, 'friend') })
  if (openSink === undefined) files.events.on('offer', ({ id }) => { void files.decline(id).catch(() => { /* it is gone already */ }) })
  return { registry, general, files }
}

async function keepsNoFiles(): Promise<never> {
  throw new P2pError('FILE_REFUSED', 'This peer keeps no files: it was started without a directory for downloads.')
}
