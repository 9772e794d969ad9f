import type { Libp2p, PeerId } from '@libp2p/interface'
import { P2pError } from '../errors.ts'
import { createEmitter } from '../events.ts'
import type { Events } from '../events.ts'
import { MAX_HELD_RELAYS } from '../limits.ts'
import type { RelayStatus } from '../peer.ts'
import type { RelayInfo } from './info.ts'
import { hasInfoDocument, locateRelay } from './locate.ts'
import type { LocateOptions, RelayTarget } from './locate.ts'
import { createMemoryPins } from './pins.ts'
import type { RelayPins } from './pins.ts'
import { RelayLink } from './relay-link.ts'
import type { Reservations } from './reservations.ts'
import { createWakeups } from './wakeups.ts'
import type { Wakeups } from './wakeups.ts'

/** What the supervisor needs. What is left out has the platform's own. */
export interface RelaySupervisorOptions {
  readonly libp2p: Libp2p
  /** URLs that people open, or multiaddrs that end in /p2p/<id>. */
  readonly relays: readonly string[]
  readonly network: string
  /** Of `createCircuitTransport`, whose transport the node has. */
  readonly reservations: Reservations
  /** Whether the page of a relay that another one named may be asked, by its URL: what a stranger says must not reach into this network. */
  readonly mayAsk?: (url: string) => boolean
  readonly pins?: RelayPins
  readonly wakeups?: Wakeups
  readonly fetch?: typeof globalThis.fetch
  readonly now?: () => number
  readonly random?: () => number
}

/** What happens to relays. */
export interface RelayEventMap {
  /** Any change of any relay. */
  'status': readonly RelayStatus[]
  /** A verified info document, new or fetched again. */
  'info': RelayInfo
}

/** Keeps a peer at its relays: dials, reserves, watches and recovers, for ever. */
export interface RelaySupervisor {
  readonly events: Events<RelayEventMap>
  readonly status: readonly RelayStatus[]
  /** The verified info documents of the relays in use. */
  readonly infos: readonly RelayInfo[]
  /** Whether a peer is one of the relays. */
  isRelay(peer: PeerId | string): boolean
  /** The relays at which a reservation is held. */
  readonly reserved: readonly PeerId[]
  /** Goes on with a relay whose key has changed, with exactly the key that was shown, after its operator confirmed it. Throws OPTION_INVALID for an unknown relay. */
  acceptNewKey(source: string): Promise<void>
  /** Adds a relay while running, e.g. one from a ticket. One that is there already is left alone. */
  add(source: string): void
  /** Looks at every connection, and tries what waits, at once. */
  wake(): void
  start(): void
  stop(): Promise<void>
}

/** Makes the supervisor of one peer. It begins with `start`. */
export function createRelaySupervisor(options: RelaySupervisorOptions): RelaySupervisor {
  const { libp2p, reservations } = options
  const events = createEmitter<RelayEventMap>()
  const links = new Map<string, RelayLink>()
  /** Sources that were not configured, but named by another relay. */
  const learned = new Set<string>()
  /** Those of them that turned out to be no relays. */
  const misnamed = new Set<string>()
  const ownWakeups = options.wakeups === undefined ? createWakeups() : undefined
  const wakeups = options.wakeups ?? ownWakeups ?? createWakeups()
  const pins = options.pins ?? createMemoryPins()
  const now = options.now ?? Date.now
  const mayAsk = options.mayAsk ?? (() => true)
  const locateOptions: Omit<LocateOptions, 'followRedirects'> = { network: options.network, pins, now, fetch: options.fetch ?? globalThis.fetch.bind(globalThis) }
  let running = false

  const status = (): RelayStatus[] => [...links.values()].map(link => link.status)
  const isRelay = (peer: PeerId | string): boolean => status().some(relay => relay.peerId === peer.toString())

  function add(source: string): void {
    if (links.has(source)) return
    const link = new RelayLink({
      source, libp2p, reservations, wakeups, now,
      locate: (from, signal): Promise<RelayTarget> => locateRelay(from, { ...locateOptions, followRedirects: !learned.has(from) }, signal),
      random: options.random ?? Math.random,
      onStatus: () => {
        events.emit('status', status())
        if (learned.has(source) && links.get(source)?.status.error?.code === 'PROTOCOL_UNSUPPORTED') disbelieve(source)
      },
      onInfo: info => {
        if (learned.has(source) && isHeldAs(info.peerId, source)) return drop(source)
        events.emit('info', info)
        learn(info)
      }
    })
    links.set(source, link)
    if (running) link.start()
  }

  /** Whether a relay is held already, under another name than `source`. */
  function isHeldAs(peerId: string, source: string): boolean {
    return [...links.values()].some(link => link.status.source !== source && link.status.peerId === peerId)
  }

  /** A person who was named as a relay must not be taken for one, and so vanish from those who are here. */
  function disbelieve(source: string): void {
    if (misnamed.has(source)) return
    misnamed.add(source)
    drop(source)
  }

  function drop(source: string): void {
    const link = links.get(source)
    links.delete(source)
    void link?.stop().finally(() => { events.emit('status', status()) })
  }

  /** Other relays that a relay in use names, up to a bound: with two, one may go without anybody noticing. */
  function learn(info: RelayInfo): void {
    for (const source of info.relays) {
      const known = links.has(source) || misnamed.has(source) || [...links.values()].some(link => link.status.peerId !== undefined && source.endsWith(`/p2p/${link.status.peerId}`))
      if (known || links.size >= MAX_HELD_RELAYS || (hasInfoDocument(source) && !mayAsk(source))) continue
      learned.add(source)
      add(source)
    }
  }

  const offWakeups = wakeups.subscribe(reason => { for (const link of links.values()) link.wake(reason) })
  for (const source of options.relays) add(source)

  return {
    events,
    get status() { return status() },
    get infos() { return [...links.values()].map(link => link.info).filter(info => info !== undefined) },
    get reserved() { return libp2p.getPeers().filter(peer => isRelay(peer) && reservations.of(peer) !== undefined) },
    isRelay,
    async acceptNewKey(source) {
      const link = links.get(source)
      if (link === undefined) throw new P2pError('OPTION_INVALID', `No relay is configured as ${source}.`)
      if (link.offeredKey === undefined) return
      await pins.set(source, { peerId: link.offeredKey, seq: 0 })
      link.keyAccepted()
    },
    add,
    wake() { for (const link of links.values()) link.wake('asked') },
    start() {
      running = true
      for (const link of links.values()) link.start()
    },
    async stop() {
      running = false
      offWakeups()
      ownWakeups?.stop()
      await Promise.all([...links.values()].map(link => link.stop()))
    }
  }
}
