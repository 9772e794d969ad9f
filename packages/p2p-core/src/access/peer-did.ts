import type { Did } from '@gloflow/authz'
import { AuthzError, didOfKey } from '@gloflow/authz'
import type { PeerId } from '@libp2p/interface'

/** The DID of a peer's key; `undefined` where it is no Ed25519 key, or one under which a signature proves nothing. */
export function didOfPeer(peer: PeerId): Did | undefined {
  if (peer.type !== 'Ed25519') return undefined
  try {
    return didOfKey(peer.publicKey.raw)
  } catch (error) {
    if (error instanceof AuthzError) return undefined
    throw error
  }
}
