import type { Connection, Libp2p, PrivateKey } from '@libp2p/interface'
import { P2pError, isP2pError } from '../errors.ts'
import { DISCOVER_EAGER_MS, DISCOVER_FULL_EVERY, DISCOVER_INTERVAL_MS, DISCOVER_RETRY_MAX_MS, DISCOVER_RETRY_MIN_MS, DISCOVER_SAMPLE } from '../limits.ts'
import { createLatch } from '../relays/latch.ts'
import { announcedAddresses } from './announced.ts'
import type { DiscoveredPeer, RendezvousClient } from './rendezvous/client.ts'
import { sealPeerRecord } from './rendezvous/peer-record.ts'

/** What one session needs. */
export interface RelaySessionInit {
  readonly libp2p: Libp2p
  readonly privateKey: PrivateKey
  readonly network: string
  readonly client: RendezvousClient
  /** The connection over which the reservation is held. */
  readonly relay: Connection
  readonly now: () => number
  readonly random: () => number
  /** `complete`: nobody else is registered, so whoever is missing has left. */
  readonly onFound: (peers: readonly DiscoveredPeer[], complete: boolean, total: number | undefined) => void
}

/** Stays registered at one relay, and asks who else is there, as long as its connection lives. */
export interface RelaySession {
  readonly relay: Connection
  /** To be called when this peer's own addresses may have changed. */
  refresh(): void
  stop(): void
}

/** Starts a session; it ends by itself where the relay serves no rendezvous. */
export function startRelaySession(init: RelaySessionInit): RelaySession {
  const { relay, now, random } = init
  const stopped = new AbortController()
  const latch = createLatch()
  let registered = { addresses: '', untilMs: 0 }
  let cookie: Uint8Array | undefined
  let polls = 0

  async function register(): Promise<void> {
    const addresses = announcedAddresses(init.libp2p.getMultiaddrs(), init.libp2p.peerId, relay)
    const text = addresses.join(' ')
    if (text === registered.addresses && now() < registered.untilMs) return
    const record = await sealPeerRecord(init.privateKey, addresses, BigInt(now()))
    const ttlMs = await init.client.register(relay, init.network, record, undefined, stopped.signal)
    registered = { addresses: text, untilMs: now() + ttlMs / 2 }
  }

  async function discover(): Promise<void> {
    if (polls % DISCOVER_FULL_EVERY === 0) cookie = undefined
    const isFull = cookie === undefined
    const found = await init.client.discover(relay, init.network, DISCOVER_SAMPLE, cookie, stopped.signal).catch(error => {
      cookie = undefined // a relay that restarted does not know its old cookies
      throw error
    })
    cookie = found.cookie
    polls += 1
    const peers = found.peers.filter(({ peer }) => !peer.equals(init.libp2p.peerId))
    init.onFound(peers, isFull && found.total !== undefined && found.total <= found.peers.length, found.total)
  }

  async function run(signal: AbortSignal): Promise<void> {
    let failures = 0
    while (!signal.aborted && relay.status === 'open') {
      try {
        await register()
        await discover()
        failures = 0
      } catch (error) {
        if (isP2pError(error, 'PROTOCOL_UNSUPPORTED')) return
        failures += 1
      }
      await latch.wait(delayMs(failures, polls) * (0.75 + random() / 2), signal)
    }
  }

  void run(stopped.signal)
  return {
    relay,
    refresh: () => { latch.wake() },
    stop: () => { stopped.abort(new P2pError('STOPPED', 'Discovery was stopped.')) }
  }
}

function delayMs(failures: number, polls: number): number {
  if (failures > 0) return Math.min(DISCOVER_RETRY_MAX_MS, DISCOVER_RETRY_MIN_MS * 2 ** (failures - 1))
  return polls <= 1 ? DISCOVER_EAGER_MS : DISCOVER_INTERVAL_MS
}
