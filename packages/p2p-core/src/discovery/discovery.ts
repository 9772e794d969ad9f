import type { Libp2p, PeerId, PrivateKey } from '@libp2p/interface'
import { P2pError } from '../errors.ts'
import { createEmitter } from '../events.ts'
import type { Events } from '../events.ts'
import { CONNECTION_BUDGET, DISCOVERY_DIAL_MS, MAX_DISCOVERY_DIALS, MAX_KNOWN_PEERS, REDIAL_MAX_MS, REDIAL_MIN_MS } from '../limits.ts'
import type { Reservations } from '../relays/reservations.ts'
import type { RelaySupervisor } from '../relays/supervisor.ts'
import { addressesToDial } from './announced.ts'
import { chooseWhomToDial } from './choose.ts'
import { startRelaySession } from './relay-session.ts'
import type { RelaySession } from './relay-session.ts'
import { createRendezvousClient } from './rendezvous/client.ts'
import type { DiscoveredPeer } from './rendezvous/client.ts'

/** What discovery needs. */
export interface DiscoveryOptions {
  readonly libp2p: Libp2p
  readonly privateKey: PrivateKey
  /** The rendezvous namespace. */
  readonly network: string
  readonly relays: Pick<RelaySupervisor, 'events' | 'isRelay' | 'reserved'>
  readonly reservations: Reservations
  /** PeerIds of those who are connected to first, and whatever the budget. */
  readonly friends: () => ReadonlySet<string>
  /** Connections to people up to which others are dialled; 0 = only friends. Default `CONNECTION_BUDGET`. */
  readonly budget?: number
  readonly now?: () => number
  readonly random?: () => number
}

/** How many are in the network, and how many of them are connected. */
export interface Presence {
  /** Others who are here, as far as the relays tell. */
  readonly here: number
  readonly connected: number
}

/** Finds those of the same network at the relays, and keeps connections to some of them. */
export interface Discovery {
  readonly events: Events<{ presence: Presence }>
  readonly presence: Presence
  /** Those who were found and are not known to have left. */
  readonly known: readonly DiscoveredPeer[]
  /** Dials someone who was found. Throws PEER_NOT_FOUND, and what libp2p's dial throws. */
  connect(peer: PeerId, signal: AbortSignal): Promise<void>
  start(): void
  stop(): void
}

interface Known {
  readonly found: DiscoveredPeer
  readonly relay: RelaySession
  readonly untilMs: number
}

/** Makes the discovery of one peer. It begins with `start`. */
export function createDiscovery(options: DiscoveryOptions): Discovery {
  const { libp2p, relays, reservations, friends, budget = CONNECTION_BUDGET, now = Date.now, random = Math.random } = options
  const events = createEmitter<{ presence: Presence }>()
  const client = createRendezvousClient()
  const sessions = new Map<string, RelaySession>()
  const totals = new Map<string, number>()
  const known = new Map<string, Known>()
  const dialling = new Set<string>()
  const retries = new Map<string, { readonly failures: number; readonly notBeforeMs: number }>()
  const stopped = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let lastPresence = ''

  const people = (): PeerId[] => libp2p.getPeers().filter(peer => !relays.isRelay(peer))
  const presence = (): Presence => {
    const connected = people().length
    return { here: Math.max(connected, known.size, ...totals.values()), connected }
  }

  function tellPresence(): void {
    const current = presence()
    const text = `${current.here} ${current.connected}`
    if (text === lastPresence) return
    lastPresence = text
    events.emit('presence', current)
  }

  /** One session at each relay that holds a reservation, over the connection that holds it. */
  function syncSessions(): void {
    for (const [key, session] of sessions) {
      if (session.relay.status === 'open' && reservations.of(session.relay.remotePeer)?.connection === session.relay) continue
      session.stop()
      sessions.delete(key)
      totals.delete(key)
    }
    for (const peer of relays.reserved) {
      const relay = reservations.of(peer)?.connection
      const key = peer.toString()
      if (relay === undefined || sessions.has(key)) continue
      const session: RelaySession = startRelaySession({
        libp2p, client, relay, now, random, privateKey: options.privateKey, network: options.network,
        onFound: (peers, complete, total) => { found(session, peers, complete, total) }
      })
      sessions.set(key, session)
    }
    tellPresence()
  }

  function found(session: RelaySession, peers: readonly DiscoveredPeer[], complete: boolean, total: number | undefined): void {
    const seen = new Set(peers.map(({ peer }) => peer.toString()))
    if (complete) {
      for (const [key, entry] of known) if (entry.relay.relay.remotePeer.equals(session.relay.remotePeer) && !seen.has(key)) known.delete(key)
    }
    for (const peer of peers) {
      known.delete(peer.peer.toString())
      known.set(peer.peer.toString(), { found: peer, relay: session, untilMs: now() + peer.ttlMs })
    }
    for (const key of known.keys()) {
      if (known.size <= MAX_KNOWN_PEERS) break
      known.delete(key)
    }
    if (total !== undefined) totals.set(session.relay.remotePeer.toString(), total)
    tellPresence()
    dialSome()
  }

  function dialSome(): void {
    if (stopped.signal.aborted) return
    const connected = new Set(people().map(String))
    const chosen = friends()
    const candidates = [...known]
      .filter(([key, { untilMs }]) => untilMs > now() && !connected.has(key) && !dialling.has(key) && (retries.get(key)?.notBeforeMs ?? 0) <= now())
      .map(([peer]) => ({ peer, isFriend: chosen.has(peer) }))
    const room = { taken: connected.size + dialling.size, budget, slots: MAX_DISCOVERY_DIALS - dialling.size }
    for (const key of chooseWhomToDial(candidates, room, random)) void dial(key)
    schedule()
  }

  /** Wakes when the next of those who could not be reached is due. */
  function schedule(): void {
    for (const key of retries.keys()) if (!known.has(key)) retries.delete(key)
    const due = [...retries].map(([, { notBeforeMs }]) => notBeforeMs).filter(atMs => atMs > now())
    clearTimeout(timer)
    if (due.length > 0) timer = setTimeout(dialSome, Math.max(0, Math.min(...due) - now()))
  }

  async function dial(key: string): Promise<void> {
    dialling.add(key)
    try {
      await reach(known.get(key), AbortSignal.any([stopped.signal, AbortSignal.timeout(DISCOVERY_DIAL_MS)]))
      retries.delete(key)
    } catch {
      const failures = (retries.get(key)?.failures ?? 0) + 1
      const delayMs = Math.min(REDIAL_MAX_MS, REDIAL_MIN_MS * 2 ** (failures - 1)) * (0.5 + random() / 2)
      retries.set(key, { failures, notBeforeMs: now() + delayMs })
    } finally {
      dialling.delete(key)
      dialSome()
    }
  }

  async function reach(target: Known | undefined, signal: AbortSignal): Promise<void> {
    if (target === undefined) throw new P2pError('PEER_NOT_FOUND', 'Nobody with this PeerId was found at the relays. They may have left.', { retryable: true })
    const { relayed, others } = addressesToDial(target.found, target.relay.relay)
    if (relayed.length > 0) {
      const connection = await libp2p.dial(relayed, { signal }).catch(() => undefined)
      if (connection !== undefined) return
      signal.throwIfAborted()
    }
    if (others.length === 0) throw new P2pError('PEER_NOT_FOUND', `${target.found.peer} is not at the relay any more, and has no other address.`, { retryable: true })
    await libp2p.dial(others, { signal })
  }

  const onSelfChange = (): void => { for (const session of sessions.values()) session.refresh() }
  const onPeerChange = (): void => {
    tellPresence()
    dialSome()
  }
  const offs: Array<() => void> = []

  return {
    events,
    get presence() { return presence() },
    get known() { return [...known.values()].map(({ found }) => found) },
    connect: async (peer, signal) => reach(known.get(peer.toString()), signal),
    start() {
      libp2p.addEventListener('self:peer:update', onSelfChange)
      libp2p.addEventListener('peer:connect', onPeerChange)
      libp2p.addEventListener('peer:disconnect', onPeerChange)
      offs.push(relays.events.on('status', syncSessions), reservations.onChange(onSelfChange))
      syncSessions()
    },
    stop() {
      stopped.abort()
      clearTimeout(timer)
      libp2p.removeEventListener('self:peer:update', onSelfChange)
      libp2p.removeEventListener('peer:connect', onPeerChange)
      libp2p.removeEventListener('peer:disconnect', onPeerChange)
      for (const off of offs.splice(0)) off()
      for (const session of sessions.values()) session.stop()
      sessions.clear()
    }
  }
}
