import type { AccessPolicy } from '../protocol/protocol.ts'

/** The policy of an open network: whoever can connect may open everything. To be chosen by name; nothing chooses it by default. */
export function openAccess(): AccessPolicy {
  return { decide: () => ({ allowed: true }) }
}
