import { type AccessView, createCachingVerifier, type CryptoPort, type Verifier } from '@gloflow/authz'
import { type AccessPolicy, createFlowAccess, type FlowAccess } from '@gloflow/p2p-core'

/** What the gate asks for: the flows, once they are open. */
export interface FlowSource {
  viewOf(flow: string): AccessView | undefined
  proofOf(flow: string): Promise<Uint8Array | undefined>
}

export interface FlowGateInit {
  /** Who may open protocols that ask for no operation. There is no default: an application chooses. */
  readonly presence: AccessPolicy
  readonly crypto: Pick<CryptoPort, 'verify'>
  /** UNIX time in ms. */
  readonly now: () => number
}

/** The access policy of a peer with flows. It is made before the peer, and the flows after it; until then nobody may do anything to a flow. */
export interface FlowGate {
  readonly access: FlowAccess
  /** Remembers good signatures for gate and sync together. */
  readonly verifier: Verifier
  /** Says where flows are found from now on. `createFlows` calls it. */
  bind(source: FlowSource | undefined): void
}

/** Makes the gate whose `access` goes into `createPeer`. */
export function createFlowGate({ presence, crypto, now }: FlowGateInit): FlowGate {
  const verifier = createCachingVerifier(crypto)
  let source: FlowSource | undefined
  const access = createFlowAccess({
    presence,
    verifier,
    viewOf: (flow) => source?.viewOf(flow),
    proofOf: async (flow) => source?.proofOf(flow),
    nowS: () => Math.floor(now() / 1000)
  })
  return { access, verifier, bind(found) { source = found } }
}
