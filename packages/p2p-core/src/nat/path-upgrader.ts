import type { Connection, IdentifyResult, Libp2p, PeerId } from '@libp2p/interface'
import { P2pError } from '../errors.ts'
import {
  IDENTIFY_POLL_MS, PROOF_TIMEOUT_MS, UPGRADE_ATTEMPTS_OF_BEGINNER, UPGRADE_ATTEMPTS_OF_OTHER, UPGRADE_DIAL_MS, UPGRADE_FALLBACK_MS, UPGRADE_FIRST_MS,
  UPGRADE_LATER_MS, UPGRADE_RETRY_MS, WEBRTC_CONNECTED_MS, WEBRTC_CONNECTED_POLL_MS
} from '../limits.ts'
import { pause } from '../pause.ts'
import type { PathReason } from '../peer.ts'
import { isAlive } from '../relays/probe.ts'
import type { Wakeups } from '../relays/wakeups.ts'
import { peerConnectionState } from './candidate-pair.ts'
import { drainCircuit } from './circuit-drain.ts'
import { createInboundAttempts } from './inbound-attempts.ts'
import { describeDirect, describeWebRtc, isWebRtc } from './path-facts.ts'
import type { PathDescription } from './path-facts.ts'
import { streamGuard } from './stream-guard.ts'
import { WEBRTC_SIGNALLING_PROTOCOL, findUpgradeWays } from './upgrade-ways.ts'
import type { UpgradeWays } from './upgrade-ways.ts'

/** What the upgrader needs. */
export interface PathUpgraderOptions {
  readonly libp2p: Libp2p
  readonly isRelay: (peer: PeerId) => boolean
  /** Whether a direct path, which shows this device's address, is wanted with a peer. Asked each time; `retry` after it has changed. */
  readonly allowDirect: (peer: PeerId) => boolean
  /** Whether a relay in use offers a STUN service: without one only local pairs can work. */
  readonly hasStun: () => boolean
  readonly wakeups: Pick<Wakeups, 'subscribe'> | undefined
  /** A peer's path, or the reason for it, may have changed. */
  readonly onChange: (peer: PeerId) => void
  readonly now?: () => number
}

/** Makes relayed paths direct by itself, proves them, and only then lets the circuit go. */
export interface PathUpgrader {
  /** What the path of a connection is, and why. */
  describe(connection: Connection): PathDescription
  /** The connection on which to open a stream: a proven direct one, else a circuit, else what there is. */
  pickConnection(peer: PeerId): Connection | undefined
  /** Tries again at once, e.g. after a person asked for it or changed what is allowed. */
  retry(peer: PeerId): void
  start(): void
  stop(): void
}

interface Upgrade {
  readonly peer: PeerId
  reason: PathReason
  failures: number
  running: boolean
  timer: ReturnType<typeof setTimeout> | undefined
}

/** Makes the upgrader of one node. It begins with `start`. */
export function createPathUpgrader(options: PathUpgraderOptions): PathUpgrader {
  const { libp2p, isRelay, allowDirect, hasStun, onChange, now = Date.now } = options
  const selfIsBrowser = typeof document !== 'undefined'
  const upgrades = new Map<string, Upgrade>()
  /** What is known about direct connections; one that is not in it is not proven. */
  const proven = new WeakMap<Connection, PathDescription>()
  const opened = new WeakMap<Connection, PathDescription>()
  const draining = new WeakSet<Connection>()
  const inbound = createInboundAttempts(allowDirect, now)
  let stopped = new AbortController()

  const openTo = (peer: PeerId): Connection[] => libp2p.getConnections(peer).filter(({ status }) => status === 'open')
  const isProven = (connection: Connection): boolean => proven.has(connection) || (connection.direct && !isWebRtc(connection))
  const hasDirect = (peer: PeerId): boolean => openTo(peer).some(isProven)

  function pickConnection(peer: PeerId): Connection | undefined {
    const rank = (connection: Connection): number => isProven(connection) ? 2 : connection.direct ? 0 : 1
    // of several direct ones the oldest, so that both sides stay with theirs
    return openTo(peer).sort((a, b) => rank(b) - rank(a) || a.timeline.open - b.timeline.open)[0]
  }

  function onOpen({ detail: connection }: CustomEvent<Connection>): void {
    const peer = connection.remotePeer
    if (isRelay(peer)) return
    if (!connection.direct) return hasDirect(peer) ? void drain(peer) : consider(peer, 0)
    opened.set(connection, describeDirect(connection, openTo(peer)))
    void prove(connection)
  }

  function onClose({ detail: connection }: CustomEvent<Connection>): void {
    const peer = connection.remotePeer
    const entry = upgrades.get(peer.toString())
    if (openTo(peer).length === 0) return forget(peer)
    // what a failed attempt left behind is no sign of another network
    if (entry !== undefined && (isProven(connection) || !connection.direct)) entry.failures = 0
    if (!hasDirect(peer)) consider(peer, 0)
    onChange(peer)
  }

  function onIdentify({ detail }: CustomEvent<IdentifyResult>): void {
    if (!isRelay(detail.peerId)) consider(detail.peerId, 0)
  }

  function forget(peer: PeerId): void {
    clearTimeout(upgrades.get(peer.toString())?.timer)
    upgrades.delete(peer.toString())
  }

  /** Sets an attempt for a peer that has a circuit and nothing better, where there is none yet. */
  function consider(peer: PeerId, delayMs: number): void {
    if (stopped.signal.aborted || hasDirect(peer) || circuitTo(peer) === undefined) return
    const key = peer.toString()
    const entry = upgrades.get(key) ?? { peer, reason: 'upgrading' as const, failures: 0, running: false, timer: undefined }
    upgrades.set(key, entry)
    if (entry.running || entry.timer !== undefined) return
    if (!allowDirect(peer)) return say(entry, 'relayed-by-choice')
    entry.timer = setTimeout(() => {
      entry.timer = undefined
      void attempt(entry)
    }, delayMs)
  }

  const circuitTo = (peer: PeerId): Connection | undefined => openTo(peer).find(({ direct }) => !direct)

  /**
   * Of two peers one begins, so that they do not both; the other one only if that leads to nothing. A browser begins before a Node peer
   * (whose WebRTC may miss that its first data channel was opened and closed), else the one with the smaller PeerId.
   */
  function delayForRole(entry: Upgrade, { direct, isBrowser }: UpgradeWays): number {
    const cannotBeDialled = direct.length > 0 && !libp2p.getMultiaddrs().some(address => !address.toString().includes('/p2p-circuit'))
    return begins(entry.peer, isBrowser) || cannotBeDialled || entry.failures > 0 ? 0 : UPGRADE_FALLBACK_MS
  }

  function begins(peer: PeerId, isBrowser: boolean): boolean {
    return isBrowser === selfIsBrowser ? libp2p.peerId.toString() < peer.toString() : selfIsBrowser
  }

  async function attempt(entry: Upgrade): Promise<void> {
    const circuit = circuitTo(entry.peer)
    if (circuit === undefined || hasDirect(entry.peer) || stopped.signal.aborted) return
    entry.running = true
    const signal = stopped.signal
    const ways = await findUpgradeWays(libp2p, circuit)
    if (!ways.isKnown || (ways.webrtc === undefined && ways.direct.length === 0)) {
      entry.running = false
      if (!ways.isKnown) return consider(entry.peer, IDENTIFY_POLL_MS)
      return say(entry, 'no-common-transport')
    }
    if (entry.failures < attemptsBeforeSaid(entry, ways)) say(entry, 'upgrading')
    await pause(delayForRole(entry, ways), signal)
    const worked = signal.aborted || hasDirect(entry.peer) || !allowDirect(entry.peer) || await tryWays(entry, ways, signal)
    entry.running = false
    if (signal.aborted || circuitTo(entry.peer) === undefined) return
    if (!worked) failed(entry, ways)
    else if (!hasDirect(entry.peer)) consider(entry.peer, 0)
  }

  async function tryWays(entry: Upgrade, { direct, webrtc }: UpgradeWays, signal: AbortSignal): Promise<boolean> {
    // the next attempts come at once: what just timed out is not dialled again before WebRTC is
    const isRepeated = entry.failures > 0 && entry.failures < UPGRADE_ATTEMPTS_OF_BEGINNER && webrtc !== undefined
    if (direct.length > 0 && !isRepeated && await dialDirect([...direct], UPGRADE_DIAL_MS, signal)) return true
    if (webrtc === undefined) return false
    // two attempts at a time disturb each other: libp2p signals over a connection that the other one left behind
    await inbound.untilQuiet(entry.peer, signal)
    await Promise.all(openTo(entry.peer).filter(isWebRtc).map(prove))
    if (signal.aborted || hasDirect(entry.peer)) return true
    return dialDirect([webrtc], entry.failures === 0 ? UPGRADE_FIRST_MS : UPGRADE_LATER_MS, signal)
  }

  async function dialDirect(addresses: Parameters<Libp2p['dial']>[0], timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    try {
      const connection = await libp2p.dial(addresses, { signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) })
      return connection.direct && await prove(connection)
    } catch {
      return false
    }
  }

  function attemptsBeforeSaid({ peer }: Upgrade, { isBrowser }: UpgradeWays): number {
    return begins(peer, isBrowser) ? UPGRADE_ATTEMPTS_OF_BEGINNER : UPGRADE_ATTEMPTS_OF_OTHER
  }

  function failed(entry: Upgrade, ways: UpgradeWays): void {
    entry.failures += 1
    const delayMs = UPGRADE_RETRY_MS[Math.min(entry.failures, UPGRADE_RETRY_MS.length) - 1] ?? 0
    if (entry.failures >= attemptsBeforeSaid(entry, ways)) say(entry, ways.webrtc !== undefined && !hasStun() ? 'no-stun' : 'upgrade-failed')
    consider(entry.peer, delayMs)
  }

  function say(entry: Upgrade, reason: PathReason): void {
    if (entry.reason === reason) return
    entry.reason = reason
    onChange(entry.peer)
  }

  const proofs = new WeakMap<Connection, Promise<boolean>>()

  /** Sends something there and back over a new direct connection; one over which nothing comes back is closed. */
  async function prove(connection: Connection): Promise<boolean> {
    const proof = proofs.get(connection) ?? runProof(connection)
    proofs.set(connection, proof)
    return proof
  }

  async function runProof(connection: Connection): Promise<boolean> {
    const { signal } = stopped
    const answered = await isConnected(connection, signal) && await isAlive(connection, PROOF_TIMEOUT_MS, signal)
    if (signal.aborted || connection.status !== 'open') return false
    if (!answered) {
      if (isWebRtc(connection)) connection.abort(new P2pError('STREAM_CLOSED', `Nothing came back over the direct path to ${connection.remotePeer}.`, { retryable: true }))
      return false
    }
    proven.set(connection, isWebRtc(connection) ? await describeWebRtc(connection) : opened.get(connection) ?? describeDirect(connection, []))
    onChange(connection.remotePeer)
    void drain(connection.remotePeer)
    return true
  }

  /** Whether a WebRTC connection is one by now, or within a second. Of others, and where it cannot be seen, it is taken for granted. */
  async function isConnected(connection: Connection, signal: AbortSignal): Promise<boolean> {
    const untilMs = performance.now() + WEBRTC_CONNECTED_MS
    const state = (): string => isWebRtc(connection) ? peerConnectionState(connection) ?? 'connected' : 'connected'
    while ((state() === 'new' || state() === 'connecting') && performance.now() < untilMs && !signal.aborted) await pause(WEBRTC_CONNECTED_POLL_MS, signal)
    return state() === 'connected'
  }

  /** Lets the circuits of a peer go that has a proven direct path. */
  async function drain(peer: PeerId): Promise<void> {
    for (const circuit of openTo(peer)) {
      if (circuit.direct || draining.has(circuit)) continue
      draining.add(circuit)
      void drainCircuit(circuit, () => hasDirect(peer), stopped.signal).finally(() => { draining.delete(circuit) })
    }
  }

  function retry(peer: PeerId): void {
    const entry = upgrades.get(peer.toString())
    if (entry === undefined || entry.running) return
    clearTimeout(entry.timer)
    entry.timer = undefined
    entry.failures = 0
    consider(peer, 0)
  }

  let offWakeups = (): void => {}

  return {
    describe(connection) {
      if (connection.direct) return proven.get(connection) ?? opened.get(connection) ?? describeDirect(connection, [])
      return { path: 'relayed', reason: upgrades.get(connection.remotePeer.toString())?.reason ?? (allowDirect(connection.remotePeer) ? 'upgrading' : 'relayed-by-choice') }
    },
    pickConnection,
    retry,
    start() {
      stopped = new AbortController()
      libp2p.use(WEBRTC_SIGNALLING_PROTOCOL, streamGuard(inbound.guard))
      libp2p.addEventListener('connection:open', onOpen)
      libp2p.addEventListener('connection:close', onClose)
      libp2p.addEventListener('peer:identify', onIdentify)
      offWakeups = options.wakeups?.subscribe(reason => {
        // another network may have another gateway; that somebody looks at the tab changes nothing
        if (reason === 'online' || reason === 'clock-jump') for (const { peer } of [...upgrades.values()]) retry(peer)
      }) ?? offWakeups
    },
    stop() {
      stopped.abort()
      offWakeups()
      libp2p.unuse(WEBRTC_SIGNALLING_PROTOCOL)
      libp2p.removeEventListener('connection:open', onOpen)
      libp2p.removeEventListener('connection:close', onClose)
      libp2p.removeEventListener('peer:identify', onIdentify)
      for (const { peer } of [...upgrades.values()]) forget(peer)
    }
  }
}
