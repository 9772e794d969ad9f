import type { Emitter } from '../events.ts'
import type { Identity } from '../identity/identity.ts'
import type { ResolvedPeerOptions } from '../options.ts'
import type { PeerEventMap, PeerStatus } from '../peer.ts'
import type { Storage } from '../persistence/storage.ts'
import type { Platform } from '../platform/platform.ts'
import { describeStatus } from '../status.ts'
import { createTeardown } from '../teardown.ts'
import { createFoundation, type Foundation } from './foundation.ts'
import { createNetwork, type Network } from './network.ts'
import { createProtocols, type Protocols } from './protocols.ts'

/** What the parts are made from. */
export interface PartsInit {
  readonly options: ResolvedPeerOptions
  readonly identity: Identity
  readonly storage: Storage
  readonly events: Emitter<PeerEventMap>
  readonly platform: Platform
}

/** The parts of one peer, running. */
export interface Parts extends Omit<Foundation, 'start'>, Omit<Network, 'start'>, Protocols {
  readonly status: PeerStatus
  /** Stops all of them and closes storage; what fails does not keep the rest from being stopped. */
  stop(): Promise<void>
}

/** Puts a peer together and starts it. Where that fails, nothing of it runs on. */
export async function startParts(init: PartsInit): Promise<Parts> {
  const { identity, storage, events, platform } = init
  const teardown = createTeardown()
  teardown.defer(() => storage.close())
  let parts: Parts | undefined
  let told = ''
  function tellStatus(): void {
    if (parts === undefined) return
    const { status } = parts
    const text = JSON.stringify(status)
    if (text === told) return
    told = text
    events.emit('status', status)
  }
  try {
    const foundation = await createFoundation({ ...init, teardown, onProblem: tellStatus })
    const network = createNetwork({ ...init, teardown, foundation })
    const protocols = await createProtocols({ ...init, teardown, foundation, network })
    const made: Parts = {
      ...foundation, ...network, ...protocols,
      get status() { return describeStatus({ ...foundation, ...network, identity, storage, kind: platform.kind }) },
      stop: () => teardown.run()
    }
    parts = made
    await foundation.start()
    teardown.defer(network.supervisor.events.on('status', tellStatus))
    for (const event of ['peer:connect', 'peer:disconnect'] as const) teardown.defer(events.on(event, tellStatus))
    foundation.libp2p.addEventListener('self:peer:update', tellStatus)
    network.start()
    return made
  } catch (error) {
    await teardown.run().catch(() => { /* why it could not start is what matters */ })
    throw error
  }
}
