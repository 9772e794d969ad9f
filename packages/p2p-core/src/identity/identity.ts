import type { PeerId, PrivateKey } from '@libp2p/interface'

/** Where a private key is kept: `given` by the caller, `memory` = it ends with this process or tab. */
export type IdentityStorage = 'file' | 'given' | 'indexeddb' | 'memory'

/** This device's key and what is true about it. */
export interface Identity {
  readonly peerId: PeerId
  readonly privateKey: PrivateKey
  readonly storage: IdentityStorage
  /** True where no program, not even this one, can read the private key out: it can only be used. */
  readonly sealed: boolean
  /** Why the identity is not kept, where `storage` is `memory`; why it is not sealed, where a browser cannot. */
  readonly reason: string | undefined
}

/** What the interface says about the identity: everything but the key. */
export type IdentityStatus = Omit<Identity, 'peerId' | 'privateKey'> & { readonly ephemeral: boolean }

/** Leaves the key out. */
export function describeIdentity(identity: Identity): IdentityStatus {
  const { storage, sealed, reason } = identity
  return { storage, sealed, reason, ephemeral: storage === 'memory' }
}
