import type { Connection, Libp2p } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { dialError } from '../dial-error.ts'
import { P2pError, isP2pError } from '../errors.ts'
import {
  RELAY_ATTEMPT_MS, RELAY_INFO_REFRESH_MS, RELAY_SLOW_ATTEMPT_MS, RELAY_STABLE_MS, RESERVATION_REFRESH_MAX_MS, RESERVATION_REFRESH_MIN_MS, WAKE_PING_TIMEOUT_MS
} from '../limits.ts'
import type { RelayStatus } from '../peer.ts'
import { retryDelayMs } from './backoff.ts'
import { dialGroups } from './dial-order.ts'
import { offeredKey } from './info.ts'
import type { RelayInfo } from './info.ts'
import { createLatch } from './latch.ts'
import { hasInfoDocument } from './locate.ts'
import type { RelayTarget } from './locate.ts'
import { isAlive, roundTripMs } from './probe.ts'
import type { Reservations } from './reservations.ts'
import type { WakeReason, Wakeups } from './wakeups.ts'

/** What one link needs. */
export interface RelayLinkInit {
  /** URL or multiaddr by which the relay was configured. */
  readonly source: string
  readonly libp2p: Libp2p
  readonly reservations: Reservations
  readonly locate: (source: string, signal: AbortSignal) => Promise<RelayTarget>
  readonly wakeups: Pick<Wakeups, 'hidden'>
  readonly now: () => number
  readonly random: () => number
  readonly onStatus: () => void
  readonly onInfo: (info: RelayInfo) => void
}

/** The tag by which libp2p knows not to prune a relay's connection. It does not start with "keep-alive": reconnecting is done here. */
const RELAY_TAG = 'gloflow-relay'
const RELAY_TAG_VALUE = 100

/** Failures after which trying again soon is of no use. */
const REFUSALS = ['ACCESS_DENIED', 'ADDRESS_FORBIDDEN', 'ADDRESS_INVALID', 'OPTION_INVALID', 'RELAY_WRONG_NETWORK'] as const

/** Keeps one relay: finds, dials, reserves, watches, and begins again for ever. One attempt at a time. */
export class RelayLink {
  readonly #init: RelayLinkInit
  readonly #latch = createLatch()
  readonly #stopped = new AbortController()
  #attempt: AbortController | undefined
  #target: RelayTarget | undefined
  #infoFetchedMs = 0
  #refreshDueMs = 0
  #lastGood: string | undefined
  #offeredKey: string | undefined
  #failures = 0
  #status: RelayStatus
  #running: Promise<void> | undefined

  constructor(init: RelayLinkInit) {
    this.#init = init
    this.#status = { source: init.source, peerId: undefined, state: 'idle', retryInMs: undefined, rttMs: undefined, error: undefined }
  }

  get status(): RelayStatus {
    return this.#status
  }

  get info(): RelayInfo | undefined {
    return this.#target?.info
  }

  start(): void {
    this.#running ??= this.#run(this.#stopped.signal)
  }

  /** Looks at the connection now, or tries now; an attempt that may hang in a network that is gone begins anew. */
  wake(reason: WakeReason | 'asked'): void {
    if (reason === 'online' || reason === 'clock-jump' || reason === 'asked') this.#attempt?.abort()
    if (this.#status.state === 'waiting') this.#failures = 0
    this.#latch.wake()
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#running
    this.#set({ state: 'stopped', retryInMs: undefined })
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#set({ state: 'dialing', retryInMs: undefined })
      try {
        const connection = await this.#connect(signal)
        const sinceMs = this.#init.now()
        await this.#hold(connection, signal)
        if (this.#init.now() - sinceMs >= RELAY_STABLE_MS) this.#failures = 0
        this.#failed(new P2pError('RELAY_UNREACHABLE', `The connection to the relay ${this.#init.source} ended. It is being dialled again.`, { retryable: true }))
      } catch (reason) {
        if (!signal.aborted) this.#failed(dialError(reason, this.#init.source))
      }
      await this.#pause(signal)
    }
  }

  #failed(error: P2pError): void {
    this.#failures += 1
    this.#offeredKey = offeredKey(error)
    this.#set({ error: { code: error.code, message: error.message } })
  }

  /** Until the next attempt is due. A relay whose key has changed waits for a person. */
  async #pause(signal: AbortSignal): Promise<void> {
    if (this.#status.error?.code === 'RELAY_KEY_CHANGED') {
      this.#set({ state: 'stopped', retryInMs: undefined })
      while (!signal.aborted && this.#status.error?.code === 'RELAY_KEY_CHANGED') await this.#latch.wait(undefined, signal)
      return
    }
    const delayMs = this.#retryDelayMs()
    this.#set({ state: 'waiting', retryInMs: delayMs })
    await this.#latch.wait(delayMs, signal)
  }

  /** The key that the relay shows instead of the pinned one; `undefined` where nothing has to be asked. */
  get offeredKey(): string | undefined {
    return this.#offeredKey
  }

  /** Goes on after a person has accepted the relay's new key, and it was pinned. */
  keyAccepted(): void {
    this.#target = undefined
    this.#failures = 0
    this.#set({ error: undefined })
    this.#latch.wake()
  }

  #retryDelayMs(): number {
    const { wakeups, random } = this.#init
    const refused = REFUSALS.some(code => code === this.#status.error?.code)
    return retryDelayMs({ failures: Math.max(1, this.#failures), hidden: wakeups.hidden, refused, random: random() })
  }

  /** Dials what is known, and at the same time asks the relay's page where it is now: it may have moved. */
  async #connect(stop: AbortSignal): Promise<Connection> {
    const attempt = new AbortController()
    this.#attempt = attempt
    const budgetMs = this.#failures % 3 === 2 ? RELAY_SLOW_ATTEMPT_MS : RELAY_ATTEMPT_MS
    const signal = AbortSignal.any([stop, attempt.signal, AbortSignal.timeout(budgetMs)])
    const known = this.#target
    const ways = known === undefined ? [] : [this.#dial(known, signal)]
    if (known === undefined || hasInfoDocument(this.#init.source)) ways.push(this.#locate(signal).then(target => this.#dial(target, signal)))
    try {
      return await Promise.any(ways)
    } catch (reason) {
      throw mostTelling(reason)
    } finally {
      this.#attempt = undefined
    }
  }

  async #locate(signal: AbortSignal): Promise<RelayTarget> {
    const target = await this.#init.locate(this.#init.source, signal)
    this.#target = target
    this.#set({ peerId: target.peerId })
    if (target.info !== undefined) {
      this.#infoFetchedMs = this.#init.now()
      this.#init.onInfo(target.info)
    }
    return target
  }

  async #dial(target: RelayTarget, signal: AbortSignal): Promise<Connection> {
    const { libp2p } = this.#init
    const relay = peerIdFromString(target.peerId)
    const open = libp2p.getConnections(relay).find(connection => connection.direct && connection.status === 'open')
    const connection = open ?? await this.#dialInOrder(target, signal)
    this.#lastGood = connection.remoteAddr.toString()
    await libp2p.peerStore.merge(relay, { tags: { [RELAY_TAG]: { value: RELAY_TAG_VALUE } } })
    return connection
  }

  /** A relay may announce addresses that lead nowhere from here: those that are likely go first, each group with half of the time that is left. */
  async #dialInOrder(target: RelayTarget, signal: AbortSignal): Promise<Connection> {
    const groups = dialGroups(target.multiaddrs, this.#init.source, this.#lastGood)
    const rest = groups.pop() ?? []
    let budgetMs = RELAY_ATTEMPT_MS
    for (const group of groups) {
      budgetMs /= 2
      const groupSignal = AbortSignal.any([signal, AbortSignal.timeout(budgetMs)])
      const connection = await this.#init.libp2p.dial(group.map(address => multiaddr(address)), { signal: groupSignal }).catch(() => undefined)
      if (connection !== undefined) return connection
      signal.throwIfAborted()
    }
    return await this.#init.libp2p.dial(rest.map(address => multiaddr(address)), { signal })
  }

  /** Reserves and watches until the connection is gone. */
  async #hold(connection: Connection, signal: AbortSignal): Promise<void> {
    const closed = (): void => { this.#latch.wake() }
    connection.addEventListener('close', closed)
    this.#set({ state: 'connected', error: undefined, peerId: connection.remotePeer.toString() })
    try {
      while (connection.status === 'open' && !signal.aborted) {
        const waitMs = await this.#keepReserved(connection, signal)
        await this.#latch.wait(waitMs, signal)
        await this.#checkAfterWait(connection, signal)
      }
    } finally {
      connection.removeEventListener('close', closed)
    }
  }

  /** Holds or extends the reservation; returns how long to leave it alone. */
  async #keepReserved(connection: Connection, signal: AbortSignal): Promise<number> {
    const { reservations, now } = this.#init
    try {
      const held = reservations.of(connection.remotePeer)?.connection === connection && this.#isAnnounced(connection)
      if (!held || now() >= this.#refreshDueMs) {
        const { expiresMs } = await reservations.reserve(connection, signal)
        this.#refreshDueMs = now() + Math.min(RESERVATION_REFRESH_MAX_MS, Math.max(RESERVATION_REFRESH_MIN_MS, (expiresMs - now()) / 2))
        void this.#measure(connection, signal)
      }
      if (!this.#isAnnounced(connection)) throw new P2pError('RELAY_UNREACHABLE', `The relay ${this.#init.source} gave a reservation without an address. Its operator has to announce one.`, { retryable: true })
      this.#set({ state: 'reserved', error: undefined, retryInMs: undefined })
      return this.#refreshDueMs - now()
    } catch (reason) {
      if (connection.status !== 'open' || signal.aborted) return 0
      this.#failed(dialError(reason, this.#init.source))
      const waitMs = this.#retryDelayMs()
      this.#set({ state: 'connected', retryInMs: waitMs })
      return waitMs
    }
  }

  async #measure(connection: Connection, signal: AbortSignal): Promise<void> {
    const rttMs = await roundTripMs(connection, AbortSignal.any([signal, AbortSignal.timeout(RESERVATION_REFRESH_MIN_MS)]))
    if (rttMs !== undefined && connection.status === 'open') this.#set({ rttMs: Math.round(rttMs) })
  }

  /** Whether others can be told an address of this peer at that relay. */
  #isAnnounced(connection: Connection): boolean {
    const circuit = `/p2p/${connection.remotePeer.toString()}/p2p-circuit`
    return this.#init.libp2p.getMultiaddrs().some(address => address.toString().includes(circuit))
  }

  /** A connection that does not answer after a wake-up is dead, whatever the socket says. */
  async #checkAfterWait(connection: Connection, signal: AbortSignal): Promise<void> {
    if (connection.status !== 'open' || signal.aborted) return
    if (!(await isAlive(connection, WAKE_PING_TIMEOUT_MS, signal))) {
      connection.abort(new P2pError('STREAM_CLOSED', `The relay ${this.#init.source} did not answer after a wake-up.`, { retryable: true }))
      return
    }
    const dueMs = this.#infoFetchedMs + RELAY_INFO_REFRESH_MS
    if (!hasInfoDocument(this.#init.source) || this.#init.now() < dueMs) return
    // What went wrong is shown; the connection itself was authenticated by the pinned key and goes on.
    await this.#locate(signal).catch(reason => { this.#failed(dialError(reason, this.#init.source)) })
  }

  #set(change: Partial<RelayStatus>): void {
    if (this.#stopped.signal.aborted && change.state !== 'stopped') return
    this.#status = { ...this.#status, ...change }
    this.#init.onStatus()
  }
}

/** Of the failures of one attempt the one that a person can do most about. */
function mostTelling(reason: unknown): unknown {
  if (!(reason instanceof AggregateError)) return reason
  const errors: readonly unknown[] = reason.errors
  return errors.find(error => isP2pError(error, 'RELAY_KEY_CHANGED')) ?? errors.find(error => isP2pError(error) && !error.retryable) ?? errors.at(-1)
}
