import { MAX_FOUND_PEOPLE, PEOPLE_REFRESH_MS, PROFILE_EVERY_MS, REFUSAL_LATE_MS, REUNION_MAX_MS, SNAPSHOT_GATHER_MS } from '../limits.ts'
import { toFailure, WebError } from '../errors.ts'
import { createFilesDesk } from './files-desk.ts'
import { INITIAL_SNAPSHOT } from './client.ts'
import { reunion } from './reunion.ts'
import { createRoom, PROFILE_TYPE } from './room.ts'
import type { AccessPolicy, Peer, PeerInfo, PeerOptions } from '@gloflow/p2p-core'
import type { FilesDesk } from './files-desk.ts'
import type { CallName, DirectPolicy, Person, PeerCalls, PeerClient, RelayFacts, Snapshot } from './client.ts'
import type { Outbox } from './outbox.ts'
import type { Room } from './room.ts'

/** The peer's code, loaded when it is needed so that the page is seen before. */
export type PeerModule = typeof import('./peer-module.ts')

export interface HostOptions {
  readonly loadModule: () => Promise<PeerModule>
  readonly loadFacts: (signal: AbortSignal) => Promise<RelayFacts | undefined>
  /** What the peer is made with, besides the access policy. */
  readonly peerOptions: (facts: RelayFacts | undefined) => Omit<PeerOptions, 'access'>
  /** Own name, whom this person blocked, and whom it wants to be direct with. */
  readonly name: string
  readonly blocked: readonly string[]
  readonly directPolicy: DirectPolicy
  readonly outbox: Outbox
  /** What another tab has shown before. */
  readonly seed: Snapshot
  /** Asked before an event is handled: false = another tab leads. */
  readonly mayAct: () => Promise<boolean>
}

/** Hosts the peer in this tab. It starts at once; `snapshot` tells how far it is. */
export function createHost(options: HostOptions): PeerClient {
  return new Host(options)
}

class Host implements PeerClient {
  readonly #options: HostOptions
  readonly #listeners = new Set<(snapshot: Snapshot) => void>()
  readonly #stopped = new AbortController()
  readonly #room: Room
  readonly #started: Promise<void>
  #snapshot: Snapshot
  #peer: Peer | undefined
  #module: PeerModule | undefined
  #desk: FilesDesk | undefined
  #facts: RelayFacts | undefined
  #name: string
  #blocked: ReadonlySet<string>
  #directPolicy: DirectPolicy
  #gathering: ReturnType<typeof setTimeout> | undefined
  #profileTimer: ReturnType<typeof setTimeout> | undefined
  #profileSentAtMs = 0
  #events: Promise<void> = Promise.resolve()
  /** In a tab that takes over: until those who were connected are connected again. */
  #reunited: Promise<void> = Promise.resolve()

  constructor(options: HostOptions) {
    this.#options = options
    this.#name = options.name
    this.#blocked = new Set(options.blocked)
    this.#directPolicy = options.directPolicy
    this.#room = createRoom(options.seed.messages)
    this.#facts = options.seed.relay
    this.#snapshot = { ...INITIAL_SNAPSHOT, self: options.seed.self, messages: options.seed.messages, transfers: options.seed.transfers, relay: options.seed.relay, directPolicy: options.directPolicy }
    this.#started = this.#start().catch((error: unknown) => { this.#fail(error) })
  }

  get snapshot(): Snapshot { return this.#snapshot }

  subscribe(listener: (snapshot: Snapshot) => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  async call<Name extends CallName>(name: Name, args: PeerCalls[Name]['args']): Promise<PeerCalls[Name]['result']> {
    await this.#started
    try {
      // The pair of name and arguments is checked where the call is made; TypeScript does not follow it through the switch.
      return await this.#perform({ name, args } as CallOf) as PeerCalls[Name]['result']
    } catch (error) {
      throw new WebError(toFailure(error), error)
    }
  }

  async close(): Promise<void> {
    this.#stopped.abort()
    clearTimeout(this.#gathering)
    clearTimeout(this.#profileTimer)
    await this.#started
    await this.#peer?.stop()
  }

  async #start(): Promise<void> {
    const { loadModule, loadFacts, peerOptions, outbox, seed } = this.#options
    const facts = loadFacts(this.#stopped.signal).then((loaded) => { this.#facts = loaded ?? this.#facts })
    // A tab that takes over knows the network already, and does not wait for the relay to say it again.
    const [module, waiting] = await Promise.all([loadModule(), outbox.load(), seed.relay === undefined ? facts : undefined])
    if (this.#stopped.signal.aborted) return
    this.#module = module
    const peer = await module.createPeer({
      ...peerOptions(this.#facts),
      access: this.#access(),
      // Nothing is shared yet, so that "only with people I share with" is with nobody.
      allowDirect: () => this.#directPolicy === 'everyone'
    })
    this.#peer = peer
    if (this.#stopped.signal.aborted) return
    this.#desk = createFilesDesk({ files: peer.files, outbox, waiting, seed: seed.transfers, onChange: () => { this.#changed() } })
    this.#listen(peer, this.#desk)
    this.#reunited = reunion({ peer, wanted: seed.people, maxMs: REUNION_MAX_MS, signal: this.#stopped.signal })
    for (const person of peer.peers) this.#desk.personIsHere(person.id)
    this.#publish()
    const refresh = setInterval(() => { this.#changed() }, PEOPLE_REFRESH_MS)
    this.#stopped.signal.addEventListener('abort', () => { clearInterval(refresh) })
  }

  /** Everyone who is here may open what the page serves, but for those who are blocked; a tab that leads no more serves nobody. */
  #access(): AccessPolicy {
    return {
      decide: async ({ peer }) => {
        if (this.#blocked.has(peer.toString())) return { allowed: false, code: 'BLOCKED', reason: 'This person does not want to hear from you.' }
        if (!await this.#options.mayAct()) return { allowed: false, code: 'HANDED_OVER', reason: 'Another tab of this browser has taken over. Connect again.' }
        return { allowed: true }
      }
    }
  }

  #listen(peer: Peer, desk: FilesDesk): void {
    const { signal } = this.#stopped
    peer.events.on('status', () => { this.#changed() }, { signal })
    peer.events.on('presence', () => { this.#changed() }, { signal })
    peer.events.on('peer:connect', (person) => {
      this.#changed()
      this.#guarded(() => { desk.personIsHere(person.id) })
      this.#announce()
    }, { signal })
    peer.events.on('peer:path', () => { this.#changed() }, { signal })
    peer.events.on('peer:disconnect', () => { this.#changed() }, { signal })
    peer.general.events.on('message', (message) => {
      this.#guarded(() => { if (!this.#blocked.has(message.from) && this.#room.take(message)) this.#changed() })
    }, { signal })
    peer.files.events.on('offer', (offer) => { this.#guarded(() => { desk.takeOffer(offer) }) }, { signal })
    peer.files.events.on('progress', (transfer) => { this.#guarded(() => { desk.takeTransfer(transfer) }) }, { signal })
    peer.files.events.on('done', (transfer) => { this.#guarded(() => { desk.takeTransfer(transfer) }) }, { signal })
  }

  /** Handles an event of the network only while this tab leads, in the order of arrival. */
  #guarded(handle: () => void): void {
    this.#events = this.#events.then(async () => {
      if (!this.#stopped.signal.aborted && await this.#options.mayAct()) handle()
    })
  }

  async #perform(call: CallOf): Promise<unknown> {
    const { peer, desk, module } = this.#running()
    switch (call.name) {
      case 'connect': return { id: (await peer.connect(call.args.target)).id.toString() }
      case 'say': return this.#say(peer, call.args.text)
      case 'send-file': return desk.give(module.parsePeerId(call.args.peer), call.args.file).then(nothing)
      case 'accept-offer': return desk.answer(call.args.id, true).then(nothing)
      case 'decline-offer': return desk.answer(call.args.id, false).then(nothing)
      case 'cancel-transfer': return desk.cancel(call.args.id).then(nothing)
      case 'forget-transfer': return nothing(desk.forget(call.args.id))
      case 'set-name': return nothing(this.#setName(call.args.name))
      case 'set-blocked': return nothing(this.#setBlocked(peer, call.args.ids))
      case 'set-direct-policy': return nothing(this.#setDirectPolicy(peer, call.args.policy))
      case 'trust-relay': return peer.relays.acceptNewKey(call.args.source).then(nothing)
      case 'use-invitation': return this.#useInvitation(peer, call.args.token).then(nothing)
      case 'retry-now': return nothing(peer.relays.wake())
    }
  }

  async #say(peer: Peer, text: string): Promise<{ sentTo: number }> {
    await this.#reunited
    const { sentTo, id } = await peer.general.say({ text })
    this.#room.addOwn({ id, from: peer.id.toString(), text, atMs: Date.now(), sentTo })
    this.#changed()
    return { sentTo }
  }

  /** A relay that has refused this peer is asked again at once, also where its refusal comes only after it took the invitation. */
  async #useInvitation(peer: Peer, token: string): Promise<void> {
    const { signal } = this.#stopped
    const { useInvitation } = await import('./relay-invitation.ts')
    await useInvitation({ origin: location.origin, token, peerId: peer.id.toString(), signal })
    const askAgain = (): boolean => {
      const refused = peer.status.relays.some((relay) => relay.error?.code === 'ACCESS_DENIED')
      if (refused) peer.relays.wake()
      return refused
    }
    if (askAgain()) return
    const once = new AbortController()
    peer.events.on('status', () => { if (askAgain()) once.abort() }, { signal: AbortSignal.any([signal, once.signal, AbortSignal.timeout(REFUSAL_LATE_MS)]) })
  }

  #setName(name: string): void {
    this.#name = name
    this.#announce()
  }

  #setBlocked(peer: Peer, ids: readonly string[]): void {
    this.#blocked = new Set(ids)
    for (const connection of peer.libp2p.getConnections()) {
      if (this.#blocked.has(connection.remotePeer.toString())) void connection.close()
    }
  }

  #setDirectPolicy(peer: Peer, policy: DirectPolicy): void {
    this.#directPolicy = policy
    for (const person of peer.peers) peer.paths.retry(person.id)
    this.#changed()
  }

  /** Tells one's name to those who are here, soon and not often. */
  #announce(): void {
    if (this.#name === '' && this.#profileSentAtMs === 0) return
    const waitMs = Math.max(200, this.#profileSentAtMs + PROFILE_EVERY_MS - Date.now())
    this.#profileTimer ??= setTimeout(() => {
      this.#profileTimer = undefined
      this.#profileSentAtMs = Date.now()
      this.#peer?.general.say({ type: PROFILE_TYPE, name: this.#name }).catch(() => { /* the next who comes is a new occasion */ })
    }, waitMs)
  }

  #running(): { peer: Peer; desk: FilesDesk; module: PeerModule } {
    if (this.#peer === undefined || this.#desk === undefined || this.#module === undefined || this.#stopped.signal.aborted) {
      throw new WebError(this.#snapshot.failure ?? { code: 'PEER_NOT_READY', message: 'The peer is not running in this tab. Reload the page.', retryable: true })
    }
    return { peer: this.#peer, desk: this.#desk, module: this.#module }
  }

  #changed(): void {
    if (this.#stopped.signal.aborted) return
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined
      this.#publish()
    }, SNAPSHOT_GATHER_MS)
  }

  #publish(): void {
    const { peer, desk } = this.#running()
    const people = this.#people(peer)
    const connected = new Set(people.map((person) => person.id))
    this.#show({
      phase: 'running',
      failure: undefined,
      self: peer.id.toString(),
      persistent: !peer.status.identity.ephemeral,
      status: peer.status,
      multiaddrs: peer.multiaddrs.map(String),
      people,
      found: peer.found.map(String).filter((id) => !connected.has(id)).slice(0, MAX_FOUND_PEOPLE),
      presentCount: Math.max(peer.presence.here, people.length),
      messages: [...this.#room.lines],
      offers: desk.offers,
      transfers: desk.transfers,
      relay: this.#facts,
      directPolicy: this.#directPolicy
    })
  }

  #people(peer: Peer): Person[] {
    const connected = peer.peers.map((info) => toPerson(info, this.#room.nameOf(info.id.toString())))
    const ids = new Set(connected.map((person) => person.id))
    return [...connected, ...this.#room.bridged(Date.now(), peer.general.bridgedPeers).filter((person) => !ids.has(person.id))]
  }

  #fail(error: unknown): void {
    this.#show({ ...this.#snapshot, phase: 'failed', failure: toFailure(error) })
  }

  #show(snapshot: Snapshot): void {
    this.#snapshot = snapshot
    for (const listener of this.#listeners) listener(snapshot)
  }
}

/** A call by name, so that its arguments are known from the name. */
type CallOf = { [Name in CallName]: { readonly name: Name; readonly args: PeerCalls[Name]['args'] } }[CallName]

function nothing(_done: void | undefined): null {
  return null
}

function toPerson(info: PeerInfo, name: string | undefined): Person {
  const { kind, path, reason, transport, rttMs, bytesIn, bytesOut, sinceMs, relay } = info
  return { id: info.id.toString(), kind, path, reason, transport, rttMs, bytesIn, bytesOut, sinceMs, relay, name }
}
