import type { PeerKind } from '../peer.ts'

/** What is known about a peer by identify. */
export interface Identified {
  readonly agentVersion: string | undefined
  readonly protocols: readonly string[]
}

/** `relay` is a server of this network and no person. */
export type Role = PeerKind | 'relay'

/**
 * What kind of program the other side is. Own peers say it in their agent version (`gloflow-peers/0.1.0 browser`); other js-libp2p programs
 * name their platform; Go programs have the name of a module. It is a claim: good enough for an icon, and for nothing else.
 */
export function roleOf({ agentVersion = '', protocols }: Identified): Role {
  const own = /^gloflow-peers\/\S+ (browser|node|relay)$/.exec(agentVersion)?.[1]
  if (own === 'browser' || own === 'node' || own === 'relay') return own
  if (agentVersion.includes(' browser/')) return 'browser'
  if (/ (node|deno|bun|electron)\//.test(agentVersion)) return 'node'
  if (agentVersion !== '' || protocols.includes('/p2p/id/delta/1.0.0')) return 'go'
  return protocols.includes('/webrtc-signaling/0.0.1') ? 'browser' : 'node'
}
