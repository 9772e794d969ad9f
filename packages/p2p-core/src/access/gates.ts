import type { AccessPolicy } from '../protocol/protocol.ts'
import type { ProtocolRegistry, ProtocolRegistryInit } from '../protocol/registry.ts'

/**
 * A policy that takes part in opening: it presents proofs before, and serves a protocol by which others present theirs. It is given to
 * `createPeer` as `access`, which serves it. (This module is apart from what decides, so that a page without flows does not load that.)
 */
export interface Gates extends AccessPolicy {
  /** Presents own proofs on a connection before a stream that needs them. */
  readonly beforeOpen: NonNullable<ProtocolRegistryInit['beforeOpen']>
  /** Serves `/gf/auth/1.0.0` on the registry, until `stop`. To be called once, right after the registry is made. */
  serve(registry: ProtocolRegistry): Promise<void>
  stop(): Promise<void>
}

const known = new WeakSet<AccessPolicy>()

/** Marks a policy as gates, and returns it. */
export function asGates<Policy extends Gates>(gates: Policy): Policy {
  known.add(gates)
  return gates
}

/** True for a policy that `asGates` has marked. */
export function isGates(policy: AccessPolicy): policy is Gates {
  return known.has(policy)
}
