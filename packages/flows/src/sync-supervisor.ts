import type { AuthzErrorCode, Did, VerifiedOperation } from '@gloflow/authz'
import { isP2pError, P2pError, type Peer, type ProtocolStream } from '@gloflow/p2p-core'
import type { PeerId } from '@libp2p/interface'
import { didOfPeer } from './device.ts'
import { FlowsError } from './errors.ts'
import { SYNC_RETRY_MAX_MS, SYNC_RETRY_MS } from './limits.ts'
import type { Replica } from './replica.ts'
import { createSyncSession, type SyncSession } from './sync-session.ts'
import { flowSyncProtocol, type SyncMessage } from './sync-wire.ts'
import type { VerifyPace } from './verify-pace.ts'

/** Why another device does not let this one have a flow. */
export interface SyncDenied {
  readonly flow: string
  readonly peer: PeerId
  readonly reason: string
}

/** Keeps every flow in step with those of its members who are connected. */
export interface SyncSupervisor {
  /** To be called when a flow changed: ends what is not allowed any more, and sends what is new. Resolves when that is handed over. */
  changed(replica: Replica): Promise<void>
  /** Tries again with everybody, or with one peer. */
  wake(peer?: PeerId): void
  stop(): Promise<void>
}

export interface SyncSupervisorInit {
  readonly peer: Pick<Peer, 'events' | 'handle' | 'id' | 'open' | 'peers'>
  readonly self: Did
  readonly replicas: ReadonlyMap<string, Replica>
  readonly pace: VerifyPace
  readonly onDenied: (denied: SyncDenied) => void
  readonly onRefused: (operation: VerifiedOperation, code: AuthzErrorCode) => void
  /** Told of what a session failed with besides a lost connection, e.g. STORE_FAILED. */
  readonly onProblem: (flow: string, error: unknown) => void
}

/** One flow with one other device. */
interface Line {
  readonly replica: Replica
  readonly peer: PeerId
  readonly remote: Did
  outbound: SyncSession | 'opening' | undefined
  inbound: SyncSession | undefined
  failures: number
  timer: ReturnType<typeof setTimeout> | undefined
}

/** Opens a stream to every connected member for every flow where none is open, whichever side begins; of two that cross, one is closed. */
export async function createSyncSupervisor(init: SyncSupervisorInit): Promise<SyncSupervisor> {
  const { peer, self, replicas, pace, onRefused } = init
  const lines = new Map<string, Line>()
  const stopped = new AbortController()

  function lineOf(replica: Replica, remotePeer: PeerId, remote: Did): Line {
    const key = `${replica.flow} ${remote}`
    const line = lines.get(key) ?? { replica, peer: remotePeer, remote, outbound: undefined, inbound: undefined, failures: 0, timer: undefined }
    lines.set(key, line)
    return line
  }

  const isConnected = ({ peer: other }: Line): boolean => peer.peers.some(({ id }) => id.equals(other))

  function ensure(line: Line): void {
    if (stopped.signal.aborted || line.outbound !== undefined || line.inbound !== undefined) return
    if (!isConnected(line) || !line.replica.mayHave(line.remote)) return
    clearTimeout(line.timer)
    line.outbound = 'opening'
    void open(line).then((again) => {
      line.outbound = undefined
      if (again) later(line)
    })
  }

  /** Runs one stream to its end. True where another try may help. */
  async function open(line: Line): Promise<boolean> {
    const { replica } = line
    try {
      const stream = await peer.open(line.peer, flowSyncProtocol, { resources: [replica.flow], signal: stopped.signal })
      const session = sessionOf(line, stream)
      line.outbound = session
      line.failures = 0
      await session.run()
      return true
    } catch (error) {
      line.failures += 1
      if (isP2pError(error, 'ACCESS_DENIED')) {
        init.onDenied({ flow: replica.flow, peer: line.peer, reason: error.message })
        return false
      }
      report(replica.flow, error)
      return !isP2pError(error, 'PROTOCOL_UNSUPPORTED', 'STOPPED', 'ABORTED')
    }
  }

  function later(line: Line): void {
    clearTimeout(line.timer)
    line.timer = setTimeout(() => { ensure(line) }, Math.min(SYNC_RETRY_MAX_MS, SYNC_RETRY_MS * 2 ** Math.min(line.failures, 10)))
  }

  function sessionOf({ replica, remote }: Line, stream: ProtocolStream<SyncMessage>): SyncSession {
    return createSyncSession({ stream, replica, remote, pace, onRefused })
  }

  function report(flow: string, error: unknown): void {
    if (!(error instanceof P2pError) && !stopped.signal.aborted) init.onProblem(flow, error)
  }

  function wake(only?: PeerId): void {
    for (const { id } of peer.peers) {
      const remote = didOfPeer(id)
      if (remote === undefined || (only !== undefined && !id.equals(only))) continue
      for (const replica of replicas.values()) if (replica.mayHave(remote)) ensure(lineOf(replica, id, remote))
    }
  }

  const unhandle = await peer.handle(flowSyncProtocol, async (stream) => {
    const [flow, ...more] = stream.resources
    const replica = flow === undefined || more.length > 0 ? undefined : replicas.get(flow)
    const remote = didOfPeer(stream.peer)
    if (replica === undefined || remote === undefined || !replica.mayHave(remote)) throw new FlowsError('FLOW_UNKNOWN', 'A stream of flow-sync is about one flow, between two who may have it')
    const line = lineOf(replica, stream.peer, remote)
    // of two streams that cross, the one of the smaller name stays
    if (line.inbound !== undefined || (line.outbound !== undefined && self < remote)) return
    const session = sessionOf(line, stream)
    line.inbound = session
    try {
      await session.run()
    } catch (error) {
      report(replica.flow, error)
      throw error
    } finally {
      line.inbound = undefined
      later(line)
    }
  })
  const offs = [
    peer.events.on('peer:connect', ({ id }) => { wake(id) }),
    peer.events.on('peer:disconnect', ({ id }) => {
      for (const [key, line] of lines) {
        if (!line.peer.equals(id)) continue
        clearTimeout(line.timer)
        if (line.inbound === undefined && line.outbound === undefined) lines.delete(key)
      }
    })
  ]

  return {
    wake,
    async changed(replica) {
      const pushes: Promise<void>[] = []
      for (const line of lines.values()) {
        if (line.replica !== replica) continue
        for (const session of [line.inbound, line.outbound]) {
          if (session === undefined || session === 'opening') continue
          if (replica.mayHave(line.remote)) pushes.push(session.push())
          else session.end(new FlowsError('ROLE_TOO_LOW', 'The other side may not have this flow any more'))
        }
      }
      wake()
      await Promise.all(pushes)
    },
    async stop() {
      stopped.abort()
      for (const off of offs) off()
      await unhandle()
      for (const line of lines.values()) {
        clearTimeout(line.timer)
        for (const session of [line.inbound, line.outbound]) if (session !== undefined && session !== 'opening') session.end(new FlowsError('STOPPED', 'Flows are closed on this device'))
      }
    }
  }
}
