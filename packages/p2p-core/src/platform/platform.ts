import type { PeerId } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'
import type { PlatformCrypto } from '../access/crypto-platform.ts'
import type { DhtPart } from '../discovery/dht/dht.ts'
import type { Identity } from '../identity/identity.ts'
import type { AddressPolicyOptions } from '../nat/address-policy.ts'
import type { ResolvedPeerOptions } from '../options.ts'
import type { Storage } from '../persistence/storage.ts'
import type { Hasher, OpenFileSink } from '../protocol/send.ts'
import { VERSION } from '../version.ts'

/** The agent version of a relay: program, version, role. */
export const RELAY_AGENT = `gloflow-peers/${VERSION} relay`

/** What the node's other parts give to the transports. */
export interface TransportNeeds {
  /** The ICE servers for the next WebRTC connection: those of verified relay documents, and never a default of a library. */
  readonly iceServers: () => RTCIceServer[]
  /** The circuit transport whose reservations the relay supervisor holds. */
  readonly circuits: NonNullable<Libp2pOptions['transports']>[number]
}

/** The part of libp2p's options that depends on the platform. */
export type PlatformParts = Required<Pick<Libp2pOptions, 'transports' | 'connectionEncrypters' | 'services'>> & {
  /** Addresses to listen on where the options name none. */
  readonly listen: readonly string[]
  readonly connectionManager: NonNullable<Libp2pOptions['connectionManager']>
}

/** Everything that differs between browser and Node. One of the two modules behind `#platform` provides it. */
export interface Platform {
  readonly kind: 'browser' | 'node'
  /** The agent version told by identify: program, version, kind of platform; nothing that tells devices apart. */
  readonly agentVersion: string
  /** Loads or makes this device's key. Throws P2pError IDENTITY_… or STORAGE_…; a browser that refuses storage gets a key in memory. */
  loadIdentity(options: ResolvedPeerOptions): Promise<Identity>
  /** Opens the datastore. Throws P2pError STORAGE_…; a browser that refuses storage gets one in memory. */
  openStorage(options: ResolvedPeerOptions, self: PeerId): Promise<Storage>
  /** What this peer may dial on the word of others. */
  addressReach(): AddressPolicyOptions
  /** Where received files go; undefined where this peer keeps none. Throws P2pError STORAGE_…, FILE_… where the place cannot be used. */
  openFileSinks(options: ResolvedPeerOptions): Promise<OpenFileSink | undefined>
  /** SHA-256 in steps. */
  createHasher(): Hasher
  /** The DHT of GloFlow's Go peers. Throws P2pError OPTION_INVALID where there is none: a browser cannot be dialled, and 260 kB are too many. */
  createDht(now: () => number): DhtPart
  /** The cryptography of flows; loaded when it is asked for. */
  createCrypto(): Promise<PlatformCrypto>
  libp2pParts(options: ResolvedPeerOptions, needs: TransportNeeds): Promise<PlatformParts>
}
