import type { AccessView, Verifier } from '@gloflow/authz'
import { authorize } from '@gloflow/authz'
import { AUTH_RECHECK_INTERVAL_MS } from '../limits.ts'
import type { AccessDecision, AccessPolicy, AccessRequest } from '../protocol/protocol.ts'
import type { ProtocolRegistry } from '../protocol/registry.ts'
import { authProtocol } from './auth-protocol.ts'
import { asGates } from './gates.ts'
import type { Gates } from './gates.ts'
import { didOfPeer } from './peer-did.ts'
import { createProofPresenter } from './proof-presenter.ts'
import { createProofStore } from './proof-store.ts'

/** What the gates work with. */
export interface FlowAccessInit {
  /** Who may open protocols that ask for no operation. There is no default: an application chooses. */
  readonly presence: AccessPolicy
  readonly verifier: Verifier
  /** What is known here of a flow, now; `undefined` where it is not kept here. */
  readonly viewOf: (flow: string) => AccessView | undefined
  /** The bundle that proves what this peer may do to a flow; `undefined` where it has none. */
  readonly proofOf: (flow: string) => Promise<Uint8Array | undefined>
  /** UNIX time in seconds. */
  readonly nowS: () => number
}

/**
 * The gates of a peer: who may do what to which flow, decided before a handler sees a byte. It is given to `createPeer` as `access`, which then
 * serves it; only `changed` is the application's to call.
 */
export interface FlowAccess extends Gates {
  /** To be called when the view of a flow has changed: streams that it now forbids are reset at once. */
  changed(flow: string): Promise<void>
}

/** Makes the gates. Each decision is authz's `authorize` over the proofs that the connection's authenticated peer presented on it. */
export function createFlowAccess(init: FlowAccessInit): FlowAccess {
  const store = createProofStore(init)
  const presenter = createProofPresenter(init)
  let registry: ProtocolRegistry | undefined
  let unhandle: (() => Promise<void>) | undefined
  let timer: ReturnType<typeof setInterval> | undefined

  async function decide(request: AccessRequest, signal: AbortSignal): Promise<AccessDecision> {
    const presence = await init.presence.decide(request, signal)
    if (!presence.allowed || request.operation === undefined) return presence
    return decideOperation(request, request.operation)
  }

  function decideOperation({ peer, resources, connection }: AccessRequest, operation: string): AccessDecision {
    const remote = didOfPeer(peer)
    if (remote === undefined) return { allowed: false, code: 'KEY_TYPE', reason: 'Only peers with an Ed25519 key can prove what they may do' }
    if (resources.length === 0) return { allowed: false, code: 'NO_RESOURCE', reason: 'The request names no flow' }
    for (const flow of resources) {
      const view = init.viewOf(flow)
      // A flow that is not kept here is answered like one that the peer may not see, so that asking tells nothing.
      if (view === undefined) return { allowed: false, code: 'NO_PROOF', reason: 'No proof was presented for this flow' }
      const verdict = authorize({ flows: [flow], operation, remote }, store.get(connection, flow), view, init.nowS())
      if (!verdict.allowed) return { allowed: false, code: verdict.code, reason: verdict.reason }
    }
    return { allowed: true }
  }

  return asGates<FlowAccess>({
    decide,
    async beforeOpen(request, signal) {
      if (registry !== undefined) await presenter.present(registry, request, signal)
    },
    async serve(served) {
      registry = served
      unhandle = await served.handle(authProtocol, store.handle)
      timer = setInterval(() => { void served.recheck(({ operation }) => operation !== undefined) }, AUTH_RECHECK_INTERVAL_MS)
    },
    async changed(flow) {
      await registry?.recheck(({ resources }) => resources.includes(flow))
    },
    async stop() {
      clearInterval(timer)
      await unhandle?.()
    }
  })
}
