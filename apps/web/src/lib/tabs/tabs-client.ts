import { TAB_CALL_TIMEOUT_MS, TAB_NO_LEADER_TIMEOUT_MS, TAB_TICK_MS, SNAPSHOT_EVERY_MS } from '../limits.ts'
import { toFailure, WebError } from '../errors.ts'
import { INITIAL_SNAPSHOT } from '../peer/client.ts'
import { mayAct, startElection, stepElection } from './election.ts'
import type { CallName, PeerCalls, PeerClient, Snapshot } from '../peer/client.ts'
import type { TabEffect, TabInput, TabState, TabStep } from './election.ts'
import type { EpochStore, LeaderLock, TabChannel } from './ports.ts'
import type { TabMessage } from './tab-message.ts'

/** What the tab that leads starts. `mayAct` is asked before an event is handled; false = this tab leads no more. */
export type HostFactory = (context: { readonly seed: Snapshot; readonly mayAct: () => Promise<boolean> }) => PeerClient

export interface TabsClientOptions {
  readonly lock: LeaderLock
  readonly epochs: EpochStore
  readonly channel: TabChannel
  readonly createHost: HostFactory
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** From 0 to 1. */
  readonly random: () => number
}

/** The role of this tab, for the interface: `leading` hosts the peer, `following` talks to the tab that does. */
export type TabRole = 'leading' | 'following'

export interface TabsClient extends PeerClient {
  readonly role: TabRole
}

interface PendingCall {
  readonly name: CallName
  readonly args: unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: WebError) => void
  /** The epoch of the leader that it was sent to; undefined = waits for a leader. */
  sentTo: number | undefined
}

/** The peer of this origin, hosted by whichever of its tabs leads. */
export function createTabsClient(options: TabsClientOptions): TabsClient {
  return new Tabs(options)
}

class Tabs implements TabsClient {
  readonly #options: TabsClientOptions
  readonly #listeners = new Set<(snapshot: Snapshot) => void>()
  readonly #pending = new Map<string, PendingCall>()
  readonly #ticker: ReturnType<typeof setInterval>
  #state: TabState = { kind: 'closed' }
  #snapshot: Snapshot = INITIAL_SNAPSHOT
  #host: { client: PeerClient; off: () => void; epoch: number } | undefined
  #stopping: Promise<void> = Promise.resolve()
  #reading: Promise<void> | undefined
  #postTimer: ReturnType<typeof setTimeout> | undefined
  #heardEpoch: number | undefined

  constructor(options: TabsClientOptions) {
    this.#options = options
    options.channel.listen((message) => { this.#receive(message) })
    this.#apply(startElection(options.now(), options.random()))
    this.#ticker = setInterval(() => { this.#input({ kind: 'tick', nowMs: options.now() }) }, TAB_TICK_MS)
  }

  get snapshot(): Snapshot { return this.#snapshot }

  get role(): TabRole { return this.#state.kind === 'leading' ? 'leading' : 'following' }

  subscribe(listener: (snapshot: Snapshot) => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  async call<Name extends CallName>(name: Name, args: PeerCalls[Name]['args']): Promise<PeerCalls[Name]['result']> {
    if (this.#host !== undefined) return this.#callHost(name, args)
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const id = crypto.randomUUID()
    this.#pending.set(id, { name, args, resolve, reject, sentTo: undefined })
    const timers = [
      setTimeout(() => { if (this.#pending.get(id)?.sentTo === undefined) reject(noLeader()) }, TAB_NO_LEADER_TIMEOUT_MS),
      setTimeout(() => { reject(callTimeout()) }, TAB_CALL_TIMEOUT_MS)
    ]
    this.#flushPending()
    try {
      return await promise as PeerCalls[Name]['result']
    } finally {
      for (const timer of timers) clearTimeout(timer)
      this.#pending.delete(id)
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#ticker)
    this.#input({ kind: 'close' })
    clearTimeout(this.#postTimer)
    for (const call of this.#pending.values()) call.reject(noLeader())
    await this.#stopping
    this.#options.channel.close()
  }

  #input(input: TabInput): void {
    this.#apply(stepElection(this.#state, input, this.#options.random()))
  }

  #apply(step: TabStep): void {
    this.#state = step.state
    for (const effect of step.effects) this.#perform(effect)
  }

  #perform(effect: TabEffect): void {
    const { lock, channel } = this.#options
    switch (effect) {
      case 'request-lock': return this.#request(false)
      case 'steal-lock': return this.#request(true)
      case 'release-lock': return lock.release()
      case 'raise-epoch': return void this.#raise()
      case 'read-epoch': return void this.#read()
      case 'start-peer': return this.#startHost()
      case 'stop-peer': return this.#stopHost()
      case 'say-alive': return channel.post({ kind: 'alive', epoch: this.#epoch() })
      case 'ask-leader': return channel.post({ kind: 'ask', wantSnapshot: this.#heardEpoch === undefined })
    }
  }

  #request(steal: boolean): void {
    this.#options.lock.request({
      steal,
      onGranted: () => { this.#input({ kind: 'lock-granted' }) },
      onLost: () => { this.#input({ kind: 'lock-lost' }) }
    })
  }

  async #raise(): Promise<void> {
    const askedAtMs = this.#options.now()
    try {
      const epoch = await this.#options.epochs.raise()
      this.#input({ kind: 'epoch-raised', epoch, askedAtMs })
    } catch {
      this.#input({ kind: 'epoch-failed', nowMs: this.#options.now() })
    }
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readOnce().finally(() => { this.#reading = undefined })
    return this.#reading
  }

  async #readOnce(): Promise<void> {
    const askedAtMs = this.#options.now()
    try {
      this.#input({ kind: 'epoch-read', epoch: await this.#options.epochs.read(), askedAtMs })
    } catch {
      this.#input({ kind: 'epoch-failed', nowMs: this.#options.now() })
    }
  }

  /** The fence: true where this tab leads by a confirmation that is young enough, read again where it is not. */
  async #mayAct(): Promise<boolean> {
    let verdict = mayAct(this.#state, this.#options.now())
    if (verdict === 'check') {
      // A reading that was asked before the tab slept confirms nothing; the second one is of now.
      await this.#read()
      if (mayAct(this.#state, this.#options.now()) === 'check') await this.#read()
      verdict = mayAct(this.#state, this.#options.now())
    }
    return verdict === 'yes'
  }

  #startHost(): void {
    const seed = this.#snapshot
    const start = (): void => {
      if (this.#state.kind !== 'leading' || this.#host !== undefined) return
      const client = this.#options.createHost({ seed, mayAct: () => this.#mayAct() })
      const off = client.subscribe((snapshot) => { this.#publish(snapshot) })
      this.#host = { client, off, epoch: this.#state.epoch }
      this.#rejectSentBefore(this.#state.epoch)
      this.#publish(client.snapshot)
      this.#flushPending()
    }
    // The storage of the host before (this tab may have led already) has to be closed first.
    this.#stopping = this.#stopping.then(start)
  }

  #stopHost(): void {
    const host = this.#host
    if (host === undefined) return
    this.#host = undefined
    host.off()
    this.#options.channel.post({ kind: 'bye', epoch: host.epoch })
    this.#stopping = this.#stopping.then(() => host.client.close()).catch((error: unknown) => { console.warn('The peer did not stop cleanly:', error) })
  }

  #publish(snapshot: Snapshot): void {
    this.#show(snapshot)
    this.#postTimer ??= setTimeout(() => {
      this.#postTimer = undefined
      this.#postSnapshot()
    }, SNAPSHOT_EVERY_MS)
  }

  #postSnapshot(): void {
    if (mayAct(this.#state, this.#options.now()) !== 'yes' || this.#host === undefined) return
    this.#options.channel.post({ kind: 'snapshot', epoch: this.#epoch(), snapshot: this.#snapshot })
  }

  #show(snapshot: Snapshot): void {
    this.#snapshot = snapshot
    for (const listener of this.#listeners) listener(snapshot)
  }

  #receive(message: TabMessage): void {
    switch (message.kind) {
      case 'ask': return void this.#answerAsk(message.wantSnapshot)
      case 'call': return void this.#serve(message)
      case 'answer': return this.#pending.get(message.id)?.resolve(message.value)
      case 'refusal': return this.#pending.get(message.id)?.reject(new WebError(message.failure))
      case 'bye': return this.#leaderLeft(message.epoch)
      case 'alive': return this.#heard(message.epoch)
      case 'snapshot': {
        this.#heard(message.epoch)
        if (this.#host === undefined && message.epoch === this.#heardEpoch) this.#show(message.snapshot)
      }
    }
  }

  #heard(epoch: number): void {
    this.#input({ kind: 'heard', epoch })
    if (this.#state.kind !== 'following' || epoch < this.#state.leaderEpoch) return
    if (this.#heardEpoch !== epoch) {
      this.#rejectSentBefore(epoch)
      this.#heardEpoch = epoch
      this.#options.channel.post({ kind: 'ask', wantSnapshot: true })
    }
    this.#flushPending()
  }

  #leaderLeft(epoch: number): void {
    if (this.#heardEpoch !== epoch) return
    this.#heardEpoch = undefined
    this.#rejectSentBefore(epoch + 1)
  }

  /** What was asked of a leader that is gone has an unknown outcome: the person decides whether to ask again. */
  #rejectSentBefore(epoch: number): void {
    for (const call of this.#pending.values()) {
      if (call.sentTo !== undefined && call.sentTo < epoch) call.reject(handedOver())
    }
  }

  async #answerAsk(wantSnapshot: boolean): Promise<void> {
    if (!await this.#mayAct()) return
    this.#options.channel.post({ kind: 'alive', epoch: this.#epoch() })
    if (wantSnapshot) this.#postSnapshot()
  }

  async #serve(call: TabMessage & { kind: 'call' }): Promise<void> {
    if (!await this.#mayAct()) return
    const epoch = this.#epoch()
    try {
      const value = await this.#callHost(call.name, call.args as PeerCalls[CallName]['args'])
      this.#options.channel.post({ kind: 'answer', id: call.id, epoch, value })
    } catch (error) {
      this.#options.channel.post({ kind: 'refusal', id: call.id, epoch, failure: toFailure(error) })
    }
  }

  #callHost<Name extends CallName>(name: Name, args: PeerCalls[Name]['args']): Promise<PeerCalls[Name]['result']> {
    if (this.#host === undefined) return Promise.reject(noLeader())
    return this.#host.client.call(name, args)
  }

  #flushPending(): void {
    for (const [id, call] of this.#pending) {
      if (call.sentTo !== undefined) continue
      if (this.#host !== undefined) {
        call.sentTo = this.#epoch()
        this.#callHost(call.name, call.args as PeerCalls[CallName]['args']).then(call.resolve, (error: unknown) => { call.reject(new WebError(toFailure(error), error)) })
      } else if (this.#heardEpoch !== undefined) {
        call.sentTo = this.#heardEpoch
        this.#options.channel.post({ kind: 'call', id, name: call.name, args: call.args })
      }
    }
  }

  #epoch(): number {
    return this.#state.kind === 'leading' ? this.#state.epoch : this.#heardEpoch ?? 0
  }
}

function noLeader(): WebError {
  return new WebError({ code: 'NO_LEADER', message: 'No tab of this page holds the connection at the moment. Try again in a few seconds.', retryable: true })
}

function handedOver(): WebError {
  return new WebError({ code: 'NO_LEADER', message: 'The tab that held the connection closed before it answered. Look whether it was done, and try again.', retryable: true })
}

function callTimeout(): WebError {
  return new WebError({ code: 'CALL_TIMEOUT', message: 'The tab that holds the connection did not answer in time. Try again.', retryable: true })
}
