import type { Connection } from '@libp2p/interface'
import { scopeOfHost } from './address-scope.ts'

/** One side of the pair of addresses that ICE chose. Source: W3C webrtc-stats, RTCIceCandidateStats. */
export interface Candidate {
  readonly type: 'host' | 'srflx' | 'prflx' | 'relay' | 'unknown'
  /** `undefined` where the browser hides it, as it does with mDNS names. */
  readonly address: string | undefined
}

/** The pair of addresses that a WebRTC connection uses. */
export interface SelectedPair {
  readonly local: Candidate
  readonly remote: Candidate
}

/**
 * The pair that a WebRTC connection uses; `undefined` for other connections, and where it cannot be had. libp2p does not show the
 * RTCPeerConnection: it is reached through its connection object, and every step is checked.
 */
export async function selectedPair(connection: Connection): Promise<SelectedPair | undefined> {
  const transport = property(connection, 'maConn')
  const peerConnection = property(transport, 'peerConnection')
  const getStats = property(peerConnection, 'getStats')
  if (typeof getStats !== 'function') return undefined
  try {
    const report: unknown = await getStats.call(peerConnection)
    return readPair(report)
  } catch {
    return undefined
  }
}

/** The state of the RTCPeerConnection under a connection, as W3C webrtc has it; `undefined` for other connections, and where it cannot be had. */
export function peerConnectionState(connection: Connection): string | undefined {
  const state = property(property(property(connection, 'maConn'), 'peerConnection'), 'connectionState')
  return typeof state === 'string' ? state : undefined
}

/** Finds the chosen pair in a stats report: by the transport's word, or as the pair that was nominated and works. */
export function readPair(report: unknown): SelectedPair | undefined {
  if (!isReport(report)) return undefined
  const entries = new Map<string, unknown>()
  report.forEach((entry, id) => { entries.set(id, entry) })
  const all = [...entries.values()]
  const chosenId = all.map(entry => property(entry, 'selectedCandidatePairId')).find(id => typeof id === 'string')
  const chosen = chosenId === undefined ? all.find(isWorkingPair) : entries.get(String(chosenId))
  if (chosen === undefined) return undefined
  return { local: readCandidate(entries, chosen, 'localCandidateId'), remote: readCandidate(entries, chosen, 'remoteCandidateId') }
}

/**
 * Whether the pair proves that both are in one network: both sides use addresses of their own interfaces, and none of them is public.
 * A hidden address of the type `host` is an mDNS name, which resolves on the same link only.
 */
export function isSameNetwork({ local, remote }: SelectedPair): boolean {
  return [local, remote].every(side => isInner(side))
}

function isInner({ type, address }: Candidate): boolean {
  const hidden = address === undefined || address === '' || address.endsWith('.local')
  if (hidden) return type === 'host'
  const scope = scopeOfHost(address)
  return (type === 'host' || type === 'prflx') && (scope === 'private' || scope === 'loopback')
}

function readCandidate(entries: ReadonlyMap<string, unknown>, pair: unknown, side: string): Candidate {
  const candidate = entries.get(String(property(pair, side)))
  const type = property(candidate, 'candidateType')
  const address = property(candidate, 'address') ?? property(candidate, 'ip')
  return {
    type: type === 'host' || type === 'srflx' || type === 'prflx' || type === 'relay' ? type : 'unknown',
    address: typeof address === 'string' ? address : undefined
  }
}

function isWorkingPair(entry: unknown): boolean {
  return property(entry, 'type') === 'candidate-pair' && property(entry, 'state') === 'succeeded' && property(entry, 'nominated') === true
}

function isReport(value: unknown): value is { forEach(visit: (entry: unknown, id: string) => void): void } {
  return typeof property(value, 'forEach') === 'function'
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
