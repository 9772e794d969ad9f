import type { Connection, PeerId, Stream } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import { RELAY_V2_STOP_CODEC } from '@libp2p/circuit-relay-v2'
import { peerIdFromMultihash } from '@libp2p/peer-id'
import { lpStream } from '@libp2p/utils'
import * as Digest from 'multiformats/hashes/digest'
import { MAX_BYTE_ACCOUNTS, MAX_CIRCUITS, MAX_CIRCUITS_PER_CLIENT, MAX_CIRCUITS_PER_PEER, MAX_HOP_MESSAGE_BYTES, MIN_BYTES_TO_OPEN } from '../limits.ts'
import type { RelayAccess } from '../access/relay-access.ts'
import { createByteQuota } from './byte-quota.ts'
import type { CircuitMeter, RefusalCode } from './circuit-meter.ts'
import { connectionToAsk, isCircuit } from './connections.ts'
import type { CircuitLimit, StatusName } from './hop-messages.ts'
import { encodeHopStatus, encodeStopConnect, isStopAccepted } from './hop-messages.ts'
import type { Reservations } from './reservations.ts'
import { splice } from './splice.ts'
import type { Splice } from './splice.ts'

/** What circuits are made with. */
export interface CircuitsInit {
  readonly reservations: Reservations
  readonly access: RelayAccess
  readonly meter: CircuitMeter
  readonly limit: CircuitLimit | undefined
  readonly circuitMaxBytes: number
  readonly circuitMaxMs: number
  readonly peerMaxBytes: number
  /** The key by which a connection's client is counted; `undefined` = it is not. */
  readonly clientOf: (connection: Connection) => string | undefined
  readonly connectionManager: ConnectionManager
  readonly now: () => number
}

/** The running circuits. */
export interface Circuits {
  readonly size: () => number
  /** Joins a client's stream to its destination. Answers OK by itself and returns `undefined`, or returns why not. */
  readonly open: (source: Stream, connection: Connection, destination: Uint8Array | undefined, signal: AbortSignal) => Promise<StatusName | undefined>
  readonly stop: () => void
}

/** Makes the table of circuits with its limits. */
export function createCircuits(init: CircuitsInit): Circuits {
  const { meter } = init
  const running = new Set<Splice>()
  const quota = createByteQuota({ bytesPerHour: init.peerMaxBytes, maxPeers: MAX_BYTE_ACCOUNTS })
  /** Circuits that run or are being opened, by PeerId and by client. */
  const counts = new Map<string, number>()
  let opening = 0

  const count = (keys: readonly string[], change: number): void => {
    for (const key of keys) {
      const next = (counts.get(key) ?? 0) + change
      if (next <= 0) counts.delete(key)
      else counts.set(key, next)
    }
  }
  const refuse = (status: StatusName, code: RefusalCode): StatusName => {
    meter.refused(code)
    meter.circuitAnswer(status)
    return status
  }
  /** What speaks against a circuit before anybody is asked. */
  const objection = (connection: Connection, destination: PeerId): readonly [StatusName, RefusalCode] | undefined => {
    const source = connection.remotePeer
    if (isCircuit(connection)) return ['PERMISSION_DENIED', 'CIRCUIT_OVER_CIRCUIT']
    if (!init.access.mayConnect(source, destination)) return ['PERMISSION_DENIED', 'CIRCUIT_DENIED']
    if (init.reservations.get(destination, init.now()) === undefined) return ['NO_RESERVATION', 'CIRCUIT_TO_NOBODY']
    if (running.size + opening >= MAX_CIRCUITS) return ['RESOURCE_LIMIT_EXCEEDED', 'CIRCUITS_FULL']
    if (Math.max(...[source, destination].map((peer) => counts.get(peer.toString()) ?? 0)) >= MAX_CIRCUITS_PER_PEER) return ['RESOURCE_LIMIT_EXCEEDED', 'PEER_CIRCUITS_FULL']
    if ((counts.get(init.clientOf(connection) ?? '') ?? 0) >= MAX_CIRCUITS_PER_CLIENT) return ['RESOURCE_LIMIT_EXCEEDED', 'CLIENT_CIRCUITS_FULL']
    return quota.left(source.toString(), init.now()) < MIN_BYTES_TO_OPEN ? ['RESOURCE_LIMIT_EXCEEDED', 'PEER_BYTES'] : undefined
  }

  const run = (source: Stream, destination: Stream, peers: readonly [source: string, destination: string], onEnd: () => void): void => {
    const startedAtMs = init.now()
    const maySend = (from: Stream, bytes: number): boolean => quota.spend(peers[from === source ? 0 : 1], bytes, init.now())
    const circuit = splice({ source, destination, maySend, maxBytes: init.circuitMaxBytes, maxMs: init.circuitMaxMs, onBytes: meter.bytes })
    running.add(circuit)
    meter.circuitOpened()
    void circuit.ended.then((why) => {
      running.delete(circuit)
      onEnd()
      meter.circuitEnded(why, init.now() - startedAtMs)
      if (why === 'CIRCUIT_BYTES' || why === 'CIRCUIT_TIME' || why === 'PEER_BYTES') meter.refused(why)
    })
  }

  return {
    size: () => running.size,
    open: async (source, connection, multihash, signal) => {
      const destination = multihash === undefined ? undefined : readPeerId(multihash)
      if (destination === undefined) return refuse('MALFORMED_MESSAGE', 'MALFORMED_REQUEST')
      const no = objection(connection, destination)
      if (no !== undefined) return refuse(...no)
      const reserved = init.reservations.get(destination, init.now())?.connection
      const target = connectionToAsk(init.connectionManager.getConnections(destination), reserved)
      if (target === undefined) return refuse('NO_RESERVATION', 'CIRCUIT_TO_NOBODY')
      const peers = [connection.remotePeer.toString(), destination.toString()] as const
      const client = init.clientOf(connection)
      const counted = client === undefined ? peers : [...peers, client]
      const end = (): void => count(counted, -1)
      let runs = false
      count(counted, 1)
      opening += 1
      try {
        const stop = await askDestination(target, connection.remotePeer, init.limit, signal)
        if (stop === undefined) return refuse('CONNECTION_FAILED', 'CIRCUIT_FAILED')
        meter.circuitAnswer('OK')
        await tell(source, stop, encodeHopStatus('OK', { limit: init.limit }), signal)
        run(source, stop, peers, end)
        runs = true
        return undefined
      } finally {
        opening -= 1
        if (!runs) end()
      }
    },
    stop: () => { for (const circuit of running) circuit.stop('RELAY_STOPPED') }
  }
}

/** Asks the destination to take a circuit; returns its stream, ready to carry, or `undefined` where it does not. */
async function askDestination(target: Connection, source: PeerId, limit: CircuitLimit | undefined, signal: AbortSignal): Promise<Stream | undefined> {
  let stream: Stream | undefined
  try {
    stream = await target.newStream(RELAY_V2_STOP_CODEC, { signal, maxOutboundStreams: MAX_CIRCUITS_PER_PEER, runOnLimitedConnection: true })
    const messages = lpStream(stream, { maxDataLength: MAX_HOP_MESSAGE_BYTES })
    await messages.write(encodeStopConnect(source.toMultihash().bytes, limit), { signal })
    if (isStopAccepted((await messages.read({ signal })).subarray())) return messages.unwrap()
    await stream.close({ signal })
  } catch (error) {
    stream?.abort(error instanceof Error ? error : new TypeError(String(error)))
  }
  return undefined
}

/** Tells the client that its circuit is open; where it is gone, the destination hears of that. */
async function tell(source: Stream, destination: Stream, message: Uint8Array, signal: AbortSignal): Promise<void> {
  const messages = lpStream(source)
  try {
    await messages.write(message, { signal })
    messages.unwrap()
  } catch (error) {
    destination.abort(error instanceof Error ? error : new TypeError(String(error)))
    throw error
  }
}

function readPeerId(multihash: Uint8Array): PeerId | undefined {
  try {
    return peerIdFromMultihash(Digest.decode(multihash))
  } catch {
    return undefined
  }
}
