import {
  type AuthzErrorCode, addContent, createFlow, type CryptoPort, type Did, encodeOperations, explain, grantMember, parseOperation, removePerson, type Role, splitOperations,
  type VerifiedOperation, verifyOperation
} from '@gloflow/authz'
import { createEmitter, type Events, isP2pError, type Peer } from '@gloflow/p2p-core'
import type { PeerId } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'
import { didOfPeer, openDevice } from './device.ts'
import { FlowsError } from './errors.ts'
import type { FlowGate } from './flow-gate.ts'
import { createFlowStore } from './flow-store.ts'
import { cleanText, type FlowText, sealText } from './flow-text.ts'
import type { FlowView } from './flow-view.ts'
import { createHello, type FlowOffer } from './hello.ts'
import { CHANGE_GRACE_MS, MAX_FLOWS, MAX_OFFERS, MAX_OFFERS_PER_PEER } from './limits.ts'
import { type Desk, openReplica, type Replica } from './replica.ts'
import { createSyncSupervisor, type SyncDenied } from './sync-supervisor.ts'
import { createVerifyPace } from './verify-pace.ts'

/** An operation that counts for nothing, and why. */
export interface RefusedOperation {
  readonly flow: string
  readonly id: string
  readonly author: Did
  readonly code: AuthzErrorCode
  /** For a person. */
  readonly reason: string
}

/** What flows tell. */
export interface FlowsEventMap {
  /** A flow is new, or not what it was. */
  'change': FlowView
  /** Somebody let this device into a flow; `join` takes it. */
  'offer': FlowOffer
  /** An operation arrived that is void, or was not kept at all. */
  'refused': RefusedOperation
  /** Another device does not let this one have a flow (any more). */
  'denied': SyncDenied
  /** Something failed that nobody waits for, e.g. storage. */
  'problem': { readonly flow: string; readonly error: unknown }
}

export type MemberRole = Exclude<Role, 'owner'>

/** The flows of this device. Methods throw FlowsError, P2pError, and AuthzError with the reason where the role does not allow it. */
export interface Flows extends AsyncDisposable {
  /** This device's name in flows. */
  readonly did: Did
  readonly events: Events<FlowsEventMap>
  readonly list: readonly FlowView[]
  readonly offers: readonly FlowOffer[]
  get(flow: string): FlowView | undefined
  /** Makes a flow, and returns its id. */
  create(name: string): Promise<string>
  /** Takes an offered flow and fetches it. */
  join(flow: string): Promise<void>
  decline(flow: string): void
  /** Adds a person who is here, or changes its role. */
  add(flow: string, peer: PeerId, role: MemberRole): Promise<void>
  /** Changes the role of a member, here or not. */
  setRole(flow: string, person: Did, role: MemberRole): Promise<void>
  /** Removes a person with all its devices, and makes a new epoch, so that it reads nothing that follows. It keeps what it had. */
  remove(flow: string, person: Did): Promise<void>
  rename(flow: string, name: string): Promise<void>
  tag(flow: string, tag: string): Promise<void>
  untag(flow: string, tag: string): Promise<void>
  /** All operations of a flow, and the proof of what this device may do: for a file, or another verifier. */
  exported(flow: string): { readonly operations: Uint8Array; readonly proof: Uint8Array | undefined }
  /** Takes operations that came another way than by sync. */
  take(flow: string, operations: Uint8Array): Promise<void>
  stop(): Promise<void>
}

export interface FlowsInit {
  readonly peer: Pick<Peer, 'events' | 'handle' | 'id' | 'open' | 'peers' | 'sign'>
  /** The gate whose `access` the peer was made with. */
  readonly gate: FlowGate
  readonly crypto: CryptoPort
  /** Where flows are kept; the caller closes it after `stop`. `peer.datastore` will do. */
  readonly store: Datastore
  /** UNIX time in ms. */
  readonly now: () => number
}

/** Opens the flows that are kept, and keeps them in step with members who are connected. Throws FlowsError STORE_FAILED, PEER_UNSUITABLE. */
export async function createFlows({ peer, gate, crypto, store: datastore, now }: FlowsInit): Promise<Flows> {
  const nowS = (): number => Math.floor(now() / 1000)
  const events = createEmitter<FlowsEventMap>()
  const store = createFlowStore(datastore)
  const device = await openDevice({ peer, crypto, store, verifier: gate.verifier, nowS })
  const { did } = device.signer
  const replicas = new Map<string, Replica>()
  const offers = new Map<string, FlowOffer>()
  const offered = new Set<string>()

  const open = async (flow: string): Promise<Replica> => {
    const replica = await openReplica({ flow, device, store, onChange: (changed, added) => { void tell(changed, added) } })
    replicas.set(flow, replica)
    return replica
  }
  for (const flow of await store.flows()) await open(flow)
  gate.bind({ viewOf: (flow) => replicas.get(flow)?.state, proofOf: async (flow) => replicas.get(flow)?.proof() })

  const refused = (operation: VerifiedOperation, code: AuthzErrorCode): void => {
    events.emit('refused', { flow: operation.flow, id: operation.id, author: operation.iss, code, reason: explain(code) })
  }
  const supervisor = await createSyncSupervisor({
    peer, replicas, self: did,
    pace: createVerifyPace(gate.verifier, nowS),
    onRefused: refused,
    onProblem: (flow, error) => { events.emit('problem', { flow, error }) },
    onDenied: (denied) => {
      events.emit('denied', denied)
      void offerAnew(denied)
    }
  })
  const hello = await createHello({ peer, device, onOffer: consider })
  const offDisconnect = peer.events.on('peer:disconnect', ({ id }) => {
    for (const key of offered) if (key.startsWith(id.toString())) offered.delete(key)
  })
  supervisor.wake()

  async function tell(replica: Replica, added: readonly VerifiedOperation[]): Promise<void> {
    events.emit('change', replica.view)
    for (const operation of added) {
      const code = replica.state.voidOperations.get(operation.id)
      if (code !== undefined) refused(operation, code)
    }
    // a change of roles ends streams, also such as carry that very change to those whom it concerns
    await Promise.race([supervisor.changed(replica), new Promise((resolve) => { setTimeout(resolve, CHANGE_GRACE_MS) })])
    await gate.access.changed(replica.flow)
  }

  async function consider(offer: FlowOffer): Promise<boolean> {
    const known = replicas.get(offer.flow)
    if (known !== undefined) {
      await known.setProof(offer.proof)
      supervisor.wake(offer.from)
      return true
    }
    const ofPeer = [...offers.values()].filter(({ from }) => from.equals(offer.from)).length
    if (!offers.has(offer.flow) && (offers.size >= MAX_OFFERS || ofPeer >= MAX_OFFERS_PER_PEER)) return false
    const isNews = offers.get(offer.flow)?.proof.join() !== offer.proof.join()
    offers.set(offer.flow, offer)
    if (isNews) events.emit('offer', offer)
    return true
  }

  /** Who was let in and has not got the flow yet, or lost it, is offered it again, once a connection. */
  async function offerAnew({ flow, peer: to }: SyncDenied): Promise<void> {
    const key = `${to.toString()} ${flow}`
    if (offered.has(key)) return
    offered.add(key)
    const remote = didOfPeer(to)
    const replica = replicas.get(flow)
    const proof = remote === undefined ? undefined : replica?.proofFor(remote)
    if (proof !== undefined) await hello.offer(to, proof).catch((error: unknown) => { problem(flow, error) })
  }

  function problem(flow: string, error: unknown): void {
    if (!isP2pError(error)) events.emit('problem', { flow, error })
  }

  function need(flow: string): Replica {
    const replica = replicas.get(flow)
    if (replica === undefined) throw new FlowsError('FLOW_UNKNOWN', `Flow ${flow} is not on this device; join it first`)
    return replica
  }

  async function say(desk: Desk, text: FlowText): Promise<void> {
    const { id, key } = await desk.epoch()
    await desk.commit(async (author) => addContent(author, text.t === 'name' ? 'flow' : 'tag', id, await sealText(crypto, { flow: author.state.flow, epoch: id, author: did }, key, text)))
  }

  const write = (flow: string, text: FlowText): Promise<void> => need(flow).write((desk) => say(desk, text))

  return {
    did,
    events,
    get list() { return [...replicas.values()].map(({ view }) => view) },
    get offers() { return [...offers.values()] },
    get: (flow) => replicas.get(flow)?.view,
    async create(name) {
      const clean = cleanText(name, 'name')
      if (replicas.size >= MAX_FLOWS) throw new FlowsError('FLOW_FULL', `A device keeps at most ${MAX_FLOWS} flows`)
      const { flow, operation } = await createFlow(crypto, device.signer, device.hpke.publicKey)
      await store.put(flow, [], operation)
      const replica = await open(flow)
      await replica.write((desk) => say(desk, { t: 'name', name: clean }))
      return flow
    },
    async join(flow) {
      const offer = offers.get(flow)
      if (offer === undefined) throw new FlowsError('FLOW_UNKNOWN', 'Nobody offers this flow now; ask a member to add you again')
      if (replicas.size >= MAX_FLOWS) throw new FlowsError('FLOW_FULL', `A device keeps at most ${MAX_FLOWS} flows`)
      await store.putProof(flow, offer.proof)
      offers.delete(flow)
      events.emit('change', (await open(flow)).view)
      supervisor.wake(offer.from)
    },
    decline(flow) { offers.delete(flow) },
    async add(flow, to, role) {
      const replica = need(flow)
      const card = await hello.cardOf(to)
      offered.add(`${to.toString()} ${flow}`)
      await replica.write(async (desk) => {
        await desk.commit((author) => grantMember(author, card, role))
        await desk.epoch()
      })
      const proof = replica.proofFor(card.iss)
      if (proof === undefined || !await hello.offer(to, proof)) throw new FlowsError('PEER_UNSUITABLE', `${to.toString()} is a member now, but did not take the flow: it may have too many offers open`, { retryable: true })
    },
    setRole: (flow, person, role) => need(flow).write(async (desk) => {
      const card = desk.author.state.members.has(person) ? desk.author.state.history.cardOf(person) : undefined
      if (card === undefined) throw new FlowsError('MEMBER_UNKNOWN', `${person} is no member of this flow; add it first`)
      await desk.commit((author) => grantMember(author, card, role))
    }),
    remove: (flow, person) => need(flow).write(async (desk) => {
      if (!desk.author.state.members.has(person)) throw new FlowsError('MEMBER_UNKNOWN', `${person} is no member of this flow`)
      await desk.commit((author) => removePerson(author, person))
      await desk.rotate()
    }),
    rename: async (flow, name) => write(flow, { t: 'name', name: cleanText(name, 'name') }),
    tag: async (flow, tag) => write(flow, { t: 'tag', tag: cleanText(tag, 'tag'), on: true }),
    untag: async (flow, tag) => write(flow, { t: 'tag', tag: cleanText(tag, 'tag'), on: false }),
    exported(flow) {
      const replica = need(flow)
      return { operations: encodeOperations(replica.operations), proof: replica.proof() }
    },
    async take(flow, bytes) {
      const replica = need(flow)
      const operations: VerifiedOperation[] = []
      for (const each of splitOperations(bytes)) operations.push(await verifyOperation(parseOperation(each), flow, gate.verifier))
      const { refused: strangers } = await replica.take(operations)
      for (const operation of operations) {
        const code = strangers.get(operation.id)
        if (code !== undefined) refused(operation, code)
      }
    },
    stop,
    [Symbol.asyncDispose]: stop
  }

  async function stop(): Promise<void> {
    offDisconnect()
    gate.bind(undefined)
    await Promise.all([supervisor.stop(), hello.stop()])
    await Promise.all([...replicas.values()].map((replica) => replica.idle()))
  }
}
