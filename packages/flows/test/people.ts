import { createPeer, createPlatformCrypto, openAccess, type Peer } from '@gloflow/p2p-core'
import { until } from '@gloflow/p2p-core/testing'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { MemoryDatastore } from 'datastore-core/memory'
import type { Datastore } from 'interface-datastore'
import { createFlowGate, createFlows, type FlowGate, type Flows, type FlowsEventMap } from '../src/index.ts'

export const crypto = await createPlatformCrypto()

/** A person with one device, running. */
export interface Person extends AsyncDisposable {
  readonly peer: Peer
  readonly flows: Flows
  readonly gate: FlowGate
  readonly store: Datastore
  readonly seed: Uint8Array
  /** Everything that was told, by name of the event. */
  readonly told: { readonly [Name in keyof FlowsEventMap]: FlowsEventMap[Name][] }
  /** Connects to another one by its first address. */
  meet(other: Person): Promise<void>
  /** Ends the connections to another one, and waits until both know. */
  part(other: Person): Promise<void>
}

export interface PersonOptions {
  readonly seed?: Uint8Array
  readonly store?: Datastore
  readonly relays?: readonly string[]
  readonly listen?: readonly string[]
}

/** Starts a peer over TCP on loopback with its flows. */
export async function startPerson({ seed = crypto.random(32), store = new MemoryDatastore(), relays = [], listen = ['/ip4/127.0.0.1/tcp/0'] }: PersonOptions = {}): Promise<Person> {
  const now = (): number => Date.now()
  const gate = createFlowGate({ presence: openAccess(), crypto, now })
  const peer = await createPeer({ access: gate.access, webrtc: false, listen, relays, privateKey: await generateKeyPairFromSeed('Ed25519', seed) })
  const flows = await createFlows({ peer, gate, crypto, store, now })
  const told: Person['told'] = { change: [], offer: [], refused: [], denied: [], problem: [] }
  flows.events.on('change', (view) => { told.change.push(view) })
  flows.events.on('offer', (offer) => { told.offer.push(offer) })
  flows.events.on('refused', (refused) => { told.refused.push(refused) })
  flows.events.on('denied', (denied) => { told.denied.push(denied) })
  flows.events.on('problem', (problem) => { told.problem.push(problem) })
  return {
    peer, flows, gate, store, seed, told,
    async meet(other) { await peer.connect(other.peer.multiaddrs[0]?.toString() ?? '') },
    async part(other) {
      const gone = (self: Person['peer'], id: Person['peer']['id']): Promise<void> => new Promise((resolve) => {
        if (!self.peers.some((info) => info.id.equals(id))) return resolve()
        self.events.on('peer:disconnect', (info) => { if (info.id.equals(id)) resolve() })
      })
      const both = Promise.all([gone(peer, other.peer.id), gone(other.peer, peer.id)])
      await peer.libp2p.hangUp(other.peer.id)
      await both
    },
    async [Symbol.asyncDispose]() {
      await flows.stop()
      await peer.stop()
    }
  }
}

/** Lets the second one into a flow of the first one; resolves when both have the same of it. */
export async function share(flow: string, by: Person, to: Person, role: 'viewer' | 'tagger' | 'editor' | 'admin'): Promise<void> {
  await by.flows.add(flow, to.peer.id, role)
  await to.flows.join(flow)
  await same(flow, by, to)
}

/** Resolves when all have the same state of a flow. Throws after 10 s. */
export async function same(flow: string, ...people: readonly Person[]): Promise<void> {
  await until(() => new Set(people.map(({ flows }) => flows.get(flow)?.stateHash ?? crypto.random(8).join())).size === 1)
}
