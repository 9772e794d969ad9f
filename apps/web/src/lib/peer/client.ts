import type { FileTransfer, PathKind, PathReason, PeerKind, PeerStatus } from '@gloflow/p2p-core'
import type { Failure } from '../errors.ts'

/** One person (or program) that is connected, as plain data. */
export interface Person {
  readonly id: string
  readonly kind: PeerKind
  readonly path: PathKind
  readonly reason: PathReason
  readonly transport: string
  readonly rttMs: number | undefined
  readonly bytesIn: number
  readonly bytesOut: number
  /** UNIX time in ms since when this path has been in use. */
  readonly sinceMs: number
  readonly relay: string | undefined
  /** The name that this person chose, cleaned; not proven. */
  readonly name: string | undefined
}

/** One line of the general channel. */
export interface ChatLine {
  readonly id: string
  readonly from: string
  /** PeerId of the bridge that vouches for it, where it came through one. */
  readonly via: string | undefined
  readonly text: string
  readonly atMs: number
  readonly own: boolean
  /** To how many people an own message was handed over. */
  readonly sentTo: number | undefined
}

/** A file that somebody wants to give. */
export interface Offer {
  readonly id: string
  readonly from: string
  readonly name: string
  readonly bytes: number
  readonly mediaType: string
}

/** One file on its way, as plain data. */
export interface Transfer extends Pick<FileTransfer, 'id' | 'direction' | 'name' | 'totalBytes' | 'doneBytes' | 'state' | 'sha256' | 'location' | 'error'> {
  readonly peer: string
}

/** What the relay says about itself, as far as the page shows it. */
export interface RelayFacts {
  readonly peerId: string
  readonly network: string
  readonly version: string
  readonly stun: readonly string[]
  readonly bridge: boolean
  readonly circuitBytes: number
}

/** Whom this peer connects to directly (a direct path shows one's IP address to the other side). */
export type DirectPolicy = 'everyone' | 'shared'

/** Everything that the interface shows about the peer. Structured-clonable: it passes between tabs. */
export interface Snapshot {
  /** `starting`: code and identity are being loaded. `failed`: it could not start, see `failure`. */
  readonly phase: 'starting' | 'running' | 'failed'
  readonly failure: Failure | undefined
  /** Own PeerId. */
  readonly self: string | undefined
  /** False where storage was refused: this identity ends with the tab. */
  readonly persistent: boolean
  readonly status: PeerStatus
  readonly multiaddrs: readonly string[]
  readonly people: readonly Person[]
  /** PeerIds of those who are in the network and not connected (a peer keeps connections to some, not to all); bounded. */
  readonly found: readonly string[]
  /** How many others are in the network, as far as the relays tell. */
  readonly presentCount: number
  readonly messages: readonly ChatLine[]
  readonly offers: readonly Offer[]
  readonly transfers: readonly Transfer[]
  readonly relay: RelayFacts | undefined
  readonly directPolicy: DirectPolicy
}

/** What can be asked of the peer: name → arguments and answer. All of it is structured-clonable. */
export interface PeerCalls {
  /** Dials a multiaddr or ticket. */
  'connect': { args: { readonly target: string }; result: { readonly id: string } }
  /** Says a text to everyone who is here. */
  'say': { args: { readonly text: string }; result: { readonly sentTo: number } }
  /** Tells the people who are here one's name; empty = none. */
  'set-name': { args: { readonly name: string }; result: null }
  /** Offers a file to a person. Answers when the offer is under way; the transfer shows the rest. */
  'send-file': { args: { readonly peer: string; readonly file: File }; result: null }
  'accept-offer': { args: { readonly id: string }; result: null }
  'decline-offer': { args: { readonly id: string }; result: null }
  'cancel-transfer': { args: { readonly id: string }; result: null }
  'forget-transfer': { args: { readonly id: string }; result: null }
  'set-direct-policy': { args: { readonly policy: DirectPolicy }; result: null }
  /** Whom this peer wants nothing to do with. */
  'set-blocked': { args: { readonly ids: readonly string[] }; result: null }
  /** Takes the new key of a relay whose key changed, after the person was asked. */
  'trust-relay': { args: { readonly source: string }; result: null }
  /** Shows an invitation to this origin's relay, so that it lets this peer in. */
  'use-invitation': { args: { readonly token: string }; result: null }
  /** Tries to reach the relays now instead of after the wait. */
  'retry-now': { args: Record<string, never>; result: null }
}

export type CallName = keyof PeerCalls

/** The peer as the interface sees it. Whether the node lives in this tab is not its business. */
export interface PeerClient {
  readonly snapshot: Snapshot
  /** Calls the listener with each new snapshot; returns what takes it off again. */
  subscribe(listener: (snapshot: Snapshot) => void): () => void
  /** Throws WebError with the code of what went wrong. */
  call<Name extends CallName>(name: Name, args: PeerCalls[Name]['args']): Promise<PeerCalls[Name]['result']>
  close(): Promise<void>
}

/** Before anything is known. */
export const INITIAL_SNAPSHOT: Snapshot = {
  phase: 'starting',
  failure: undefined,
  self: undefined,
  persistent: true,
  status: {
    state: 'connecting', relays: [], reachability: 'unknown', lastError: undefined,
    identity: { storage: 'indexeddb', sealed: true, reason: undefined, ephemeral: false }, storage: { kind: 'indexeddb', reason: undefined }
  },
  multiaddrs: [],
  people: [],
  found: [],
  presentCount: 0,
  messages: [],
  offers: [],
  transfers: [],
  relay: undefined,
  directPolicy: 'everyone'
}
