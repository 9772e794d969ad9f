import type { VerifiedBundle, Verifier, VerifyBudget } from '@gloflow/authz'
import { AuthzError, createVerifyBudget, verifyBundle } from '@gloflow/authz'
import type { Connection, PeerId } from '@libp2p/interface'
import { P2pError } from '../errors.ts'
import { AUTH_MAX_BUDGETS, AUTH_MAX_FLOWS_PER_CONNECTION, AUTH_MAX_PROOFS_PER_CONNECTION } from '../limits.ts'
import type { Handler } from '../protocol/protocol.ts'
import type { AuthMessage, ProofVerdict } from './auth-protocol.ts'
import { didOfPeer } from './peer-did.ts'

/** The proofs that were presented to us, by connection. */
export interface ProofStore {
  /** The proof that the connection's peer presented on it for this flow. */
  get(connection: Connection, flow: string): VerifiedBundle | undefined
  /** Serves one stream on which proofs are presented. */
  readonly handle: Handler<AuthMessage>
}

interface Presented {
  readonly byFlow: Map<string, VerifiedBundle>
  count: number
}

/** What the store works with. */
export interface ProofStoreInit {
  readonly verifier: Verifier
  readonly nowS: () => number
}

/** Makes an empty store. A connection's proofs go with it: another connection of the same peer presents them anew. */
export function createProofStore({ verifier, nowS }: ProofStoreInit): ProofStore {
  const presented = new WeakMap<Connection, Presented>()
  const budgets = new Map<string, VerifyBudget>()

  function budgetOf(peer: PeerId): VerifyBudget {
    const key = peer.toString()
    const budget = budgets.get(key) ?? createVerifyBudget(nowS())
    budgets.delete(key)
    budgets.set(key, budget)
    const [oldest] = budgets.keys()
    if (budgets.size > AUTH_MAX_BUDGETS && oldest !== undefined) budgets.delete(oldest)
    budget.refill(nowS())
    return budget
  }

  async function take(connection: Connection, bytes: Uint8Array): Promise<ProofVerdict> {
    const of = presented.get(connection) ?? { byFlow: new Map(), count: 0 }
    presented.set(connection, of)
    of.count += 1
    if (of.count > AUTH_MAX_PROOFS_PER_CONNECTION) return refused('LIMIT_REACHED', 'Too many proofs on one connection')
    try {
      const bundle = await verifyBundle(bytes, verifier, budgetOf(connection.remotePeer))
      if (bundle.last.aud !== didOfPeer(connection.remotePeer)) return refused('WRONG_AUDIENCE', 'The proof is for another peer than the one that this connection authenticated')
      if (!of.byFlow.has(bundle.flow) && of.byFlow.size >= AUTH_MAX_FLOWS_PER_CONNECTION) return refused('LIMIT_REACHED', 'Proofs for too many flows on one connection')
      of.byFlow.set(bundle.flow, bundle)
      return { type: 'verdict', code: undefined, reason: undefined }
    } catch (error) {
      if (error instanceof AuthzError) return refused(error.code, error.message)
      throw error
    }
  }

  return {
    get: (connection, flow) => presented.get(connection)?.byFlow.get(flow),
    async handle(stream) {
      for await (const message of stream) {
        if (message.type !== 'proof') throw new P2pError('FRAME_INVALID', 'The other side sent a verdict where it presents proofs')
        await stream.send(await take(stream.connection, message.bundle))
      }
    }
  }
}

function refused(code: string, reason: string): ProofVerdict {
  return { type: 'verdict', code, reason }
}
