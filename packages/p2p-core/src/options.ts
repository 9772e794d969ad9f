import type { ComponentLogger, PeerId, PrivateKey } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'
import type { Libp2pOptions } from 'libp2p'
import { parseConnectTarget } from './connect-target.ts'
import { P2pError } from './errors.ts'
import { MAX_RELAYS, PING_INTERVAL_MS } from './limits.ts'
import type { AccessPolicy } from './protocol/protocol.ts'
import { DEFAULT_NETWORK } from './protocols.ts'

/** What a program says when it makes a peer. Only `access` has no default: who may open what is the program's decision. */
export interface PeerOptions {
  /** Decides, before a handler sees a byte, who may open which protocol. */
  readonly access: AccessPolicy
  /** Relays of the network: multiaddrs that end in /p2p/<id>, or http(s) URLs whose info document names them. None = the light form. */
  readonly relays?: readonly string[]
  /** Further peers to connect to at start: multiaddrs that end in /p2p/<id>. */
  readonly bootstrap?: readonly string[]
  /** Rendezvous namespace: who is in the same network. */
  readonly network?: string
  /** Node: the directory of key, datastore and peer book. Without it nothing outlives the process. The browser has `storageName`. */
  readonly dataDir?: string
  /** Node: the directory that received files go to. Without it every offer is declined. */
  readonly downloads?: string
  /** Browser: the name of this peer's databases at this origin. */
  readonly storageName?: string
  /** A private key that the caller keeps, instead of the one that is kept by this package. */
  readonly privateKey?: PrivateKey
  /** A datastore that the caller opens and closes, instead of LevelDB or IndexedDB. */
  readonly datastore?: Datastore
  /** Addresses to listen on, instead of the platform's. A TCP or UDP address given here must be free. */
  readonly listen?: readonly string[]
  /** Dial (and in Node, where listened on, serve) WebRTC Direct: reaches a relay that has no certificate from an https page. */
  readonly webrtcDirect?: boolean
  /** `false` leaves WebRTC out: no direct paths between browsers, and less to load. */
  readonly webrtc?: boolean
  /** Whether a direct path, which shows this device's address, is wanted with a peer. Asked each time; default: with everyone. */
  readonly allowDirect?: (peer: PeerId) => boolean
  /** Changes libp2p's options just before the node is made, e.g. to add the services of a relay. */
  readonly configureLibp2p?: (defaults: Libp2pOptions) => Libp2pOptions
  /** `relay`: other peers do not show this one as a person who is here. */
  readonly role?: 'peer' | 'relay'
  /** Forward the general channel between Go peers that speak TLS alone and own peers. For relays. */
  readonly bridge?: boolean
  /** Node: be a server of the DHT of GloFlow's Go peers, announce this peer there and find others there. */
  readonly dht?: boolean
  /** Milliseconds between two pings of a connection; 0 = none (then a connection that died in silence is not noticed). */
  readonly pingIntervalMs?: number
  /** Where libp2p's log goes. */
  readonly logger?: ComponentLogger
  /** The clock of everything that is kept, as UNIX time in ms. */
  readonly now?: () => number
}

/** The options with every default filled in. Internal: no optional field, so that none can be forgotten. */
export interface ResolvedPeerOptions {
  readonly access: AccessPolicy
  readonly relays: readonly string[]
  readonly bootstrap: readonly string[]
  readonly network: string
  readonly dataDir: string | undefined
  readonly downloads: string | undefined
  readonly storageName: string
  readonly privateKey: PrivateKey | undefined
  readonly datastore: Datastore | undefined
  readonly listen: readonly string[] | undefined
  readonly webrtcDirect: boolean
  readonly webrtc: boolean
  readonly allowDirect: (peer: PeerId) => boolean
  readonly configureLibp2p: (defaults: Libp2pOptions) => Libp2pOptions
  readonly role: 'peer' | 'relay'
  readonly bridge: boolean
  readonly dht: boolean
  readonly pingIntervalMs: number
  readonly logger: ComponentLogger | undefined
  readonly now: () => number
}

/** The defaults of a peer, as data. */
export const DEFAULT_PEER_OPTIONS = {
  relays: [],
  bootstrap: [],
  network: DEFAULT_NETWORK,
  storageName: 'gloflow',
  webrtcDirect: false,
  webrtc: true,
  allowDirect: (): boolean => true,
  configureLibp2p: (defaults: Libp2pOptions): Libp2pOptions => defaults,
  role: 'peer',
  bridge: false,
  dht: false,
  pingIntervalMs: PING_INTERVAL_MS,
  now: (): number => Date.now()
} as const

/** Fills in the defaults. Throws P2pError OPTION_INVALID with every problem that was found. */
export function resolvePeerOptions(options: PeerOptions): ResolvedPeerOptions {
  const resolved: ResolvedPeerOptions = {
    ...DEFAULT_PEER_OPTIONS,
    dataDir: undefined,
    downloads: undefined,
    privateKey: undefined,
    datastore: undefined,
    listen: undefined,
    logger: undefined,
    ...withoutUndefined(options)
  }
  const problems = findProblems(resolved)
  if (problems.length > 0) throw new P2pError('OPTION_INVALID', `These options of the peer cannot be used: ${problems.join('; ')}.`)
  return resolved
}

/** A key that is there with the value undefined must not hide a default. */
function withoutUndefined(options: PeerOptions): PeerOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as unknown as PeerOptions
}

function findProblems(options: ResolvedPeerOptions): string[] {
  const problems: string[] = []
  if (typeof options.access?.decide !== 'function') problems.push('access: a policy with a function decide(request) is needed')
  if (options.relays.length > MAX_RELAYS) problems.push(`relays: ${options.relays.length} are more than ${MAX_RELAYS}`)
  for (const relay of options.relays) {
    if (!/^(\/|https?:\/\/)/.test(relay)) problems.push(`relays: "${clip(relay)}" is neither a multiaddr (/dns4/…/p2p/…) nor an http(s) URL`)
  }
  for (const address of options.bootstrap) {
    const problem = problemOf(() => parseConnectTarget(address))
    if (problem !== undefined) problems.push(`bootstrap: ${problem}`)
  }
  for (const address of options.listen ?? []) {
    if (!address.startsWith('/')) problems.push(`"${clip(address)}" is not a multiaddr: it starts with "/", e.g. /ip4/127.0.0.1/tcp/4001`)
  }
  if (!/^[\w.:/-]{1,255}$/.test(options.network)) problems.push('network: 1 to 255 letters, digits or any of _ . : / -')
  if (!Number.isSafeInteger(options.pingIntervalMs) || options.pingIntervalMs < 0) problems.push('pingIntervalMs: a whole number of ms, or 0 for none')
  if (!/^[\w.-]{1,64}$/.test(options.storageName)) problems.push('storageName: 1 to 64 letters, digits or any of _ . -')
  return problems
}

function problemOf(read: () => unknown): string | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function clip(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
