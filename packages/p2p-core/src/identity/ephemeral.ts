import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { Identity } from './identity.ts'

/** A new Ed25519 key that is kept nowhere; `reason` says why. */
export async function createEphemeralIdentity(reason: string): Promise<Identity> {
  const privateKey = await generateKeyPair('Ed25519')
  return { peerId: peerIdFromPrivateKey(privateKey), privateKey, storage: 'memory', sealed: false, reason }
}

/** The identity of a key that the caller keeps. */
export function identityFromPrivateKey(privateKey: PrivateKey): Identity {
  return { peerId: peerIdFromPrivateKey(privateKey), privateKey, storage: 'given', sealed: false, reason: undefined }
}
