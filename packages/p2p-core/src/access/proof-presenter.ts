import type { Connection } from '@libp2p/interface'
import { P2pError, isP2pError } from '../errors.ts'
import type { AccessRequest } from '../protocol/protocol.ts'
import type { ProtocolRegistry } from '../protocol/registry.ts'
import { authProtocol } from './auth-protocol.ts'

/** Presents this peer's own proofs to others. */
export interface ProofPresenter {
  /** Presents the proofs for the request's resources, each once a connection. Throws ACCESS_DENIED where one is not taken. */
  present(registry: ProtocolRegistry, request: Omit<AccessRequest, 'peer'>, signal: AbortSignal): Promise<void>
}

/** What presenting works with. */
export interface ProofPresenterInit {
  readonly proofOf: (flow: string) => Promise<Uint8Array | undefined>
}

/** Makes a presenter that remembers, with each connection, what was presented on it. */
export function createProofPresenter({ proofOf }: ProofPresenterInit): ProofPresenter {
  const shown = new WeakMap<Connection, Map<string, Uint8Array>>()
  const queues = new WeakMap<Connection, Promise<void>>()

  async function missing(connection: Connection, flows: readonly string[]): Promise<Map<string, Uint8Array>> {
    const known = shown.get(connection)
    const proofs = new Map<string, Uint8Array>()
    for (const flow of flows) {
      const proof = await proofOf(flow)
      if (proof !== undefined && !isSame(known?.get(flow), proof)) proofs.set(flow, proof)
    }
    return proofs
  }

  async function show(registry: ProtocolRegistry, connection: Connection, flows: readonly string[], signal: AbortSignal): Promise<void> {
    const proofs = await missing(connection, flows)
    if (proofs.size === 0) return
    const stream = await registry.open(connection.remotePeer, authProtocol, { connection, signal })
    const verdicts = stream[Symbol.asyncIterator]()
    for (const [flow, bundle] of proofs) {
      await stream.send({ type: 'proof', bundle }, { signal })
      const { value, done } = await verdicts.next()
      if (done === true || value.type !== 'verdict') throw new P2pError('STREAM_CLOSED', 'The other side did not say whether it takes the proof; try again', { retryable: true })
      if (value.code !== undefined) throw new P2pError('ACCESS_DENIED', `The proof for flow ${flow} was not taken (${value.code}: ${value.reason ?? ''})`)
      shown.set(connection, (shown.get(connection) ?? new Map<string, Uint8Array>()).set(flow, bundle))
    }
    await stream.close()
  }

  return {
    async present(registry, { connection, resources }, signal) {
      // One after the other on a connection, so that streams opened at once do not present the same proof each.
      const turn = (queues.get(connection) ?? Promise.resolve()).then(() => show(registry, connection, resources, signal))
      queues.set(connection, turn.catch(() => undefined))
      await turn.catch((error: unknown) => {
        // A peer that asks for no proofs decides without them.
        if (!isP2pError(error, 'PROTOCOL_UNSUPPORTED')) throw error
      })
    }
  }
}

function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index])
}
