import type { Libp2p } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import { createLibp2p } from 'libp2p'
import { P2pError, type P2pErrorCode } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import { captureInternals, type Internals } from '../internals.ts'
import { createLibp2pOptions } from '../libp2p-options.ts'
import { createAddressPolicy, type AddressPolicy } from '../nat/address-policy.ts'
import type { ResolvedPeerOptions } from '../options.ts'
import { createTrafficMeter, type TrafficMeter } from '../peers/traffic.ts'
import { openPeerBook, type PeerBook } from '../persistence/peer-book.ts'
import type { Storage } from '../persistence/storage.ts'
import type { Platform } from '../platform/platform.ts'
import { createCircuitTransport } from '../relays/circuit-transport.ts'
import type { Reservations } from '../relays/reservations.ts'
import type { Teardown } from '../teardown.ts'

/** What a peer is made from. */
export interface FoundationInit {
  readonly options: ResolvedPeerOptions
  readonly identity: Identity
  readonly storage: Storage
  readonly platform: Platform
  readonly teardown: Teardown
  /** Told of every problem that nobody waits for. */
  readonly onProblem: () => void
}

/** A problem as it stands in the status. */
export interface Problem {
  readonly code: P2pErrorCode
  readonly message: string
}

/** The libp2p node and what has to be there before it. */
export interface Foundation {
  readonly libp2p: Libp2p
  readonly book: PeerBook
  readonly policy: AddressPolicy
  readonly traffic: TrafficMeter
  readonly reservations: Reservations
  readonly internals: () => Internals | undefined
  /** The DHT, where the options want one. */
  readonly dht: () => KadDHT | undefined
  /** What went wrong last besides relays, e.g. with storage. */
  readonly problem: () => Problem | undefined
  /** The ICE servers that WebRTC uses now. */
  readonly iceServers: () => RTCIceServer[]
  /** Says where the STUN services of the relays in use are found, which are known only once there is a node. */
  takeStunFrom(source: () => readonly string[]): void
  /** Starts the node. Throws P2pError LISTEN_FAILED. */
  start(): Promise<void>
}

/** Opens the peer book and makes the node, which does not run yet. */
export async function createFoundation({ options, identity, storage, platform, teardown, onProblem }: FoundationInit): Promise<Foundation> {
  let problem: Problem | undefined
  let stun: () => readonly string[] = () => []
  let node: Libp2p | undefined
  const book = await openPeerBook({
    datastore: storage.datastore,
    now: options.now,
    onError: ({ code, message }) => {
      problem = { code, message }
      onProblem()
    }
  })
  teardown.defer(() => book.flush())
  const policy = createAddressPolicy(platform.addressReach())
  const circuits = createCircuitTransport()
  const capture = captureInternals()
  const dht = options.dht ? platform.createDht(options.now) : undefined
  const traffic = createTrafficMeter(() => node?.getConnections() ?? [])
  const iceServers = (): RTCIceServer[] => stun().filter((url) => policy.allowsStun(url)).map((urls) => ({ urls }))
  const defaults = await createLibp2pOptions(options, {
    platform, identity, storage, iceServers, gater: policy.gater, metrics: traffic.metrics, circuits: circuits.transport, internals: capture, dht
  })
  const libp2p: Libp2p = await createLibp2p(options.configureLibp2p(defaults))
  node = libp2p
  policy.attach(libp2p)
  teardown.defer(async () => { await libp2p.stop() })
  return {
    libp2p, book, policy, traffic, iceServers,
    reservations: circuits.reservations,
    internals: capture.internals,
    dht: () => dht?.dht(),
    problem: () => problem,
    takeStunFrom(source) { stun = source },
    start: () => listen(libp2p)
  }
}

/** Where the caller asked for addresses to listen on, each has to work. */
async function listen(libp2p: Libp2p): Promise<void> {
  try {
    await libp2p.start()
  } catch (cause) {
    throw new P2pError('LISTEN_FAILED', `Cannot listen: ${listenProblems(cause)}. A port may be in use by another program, or may need more rights: choose another one, or 0 for any free one.`, { cause, retryable: true })
  }
}

/** Of libp2p's text over many lines those that begin with an address. */
function listenProblems(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const lines = cause.message.split('\n').map((line) => line.trim())
  return lines.filter((line) => line.startsWith('/')).join('; ') || cause.message
}
