import { AuthzError, type CryptoPort, type Did, didOfKey, type Verifier } from '@gloflow/authz'
import type { Peer } from '@gloflow/p2p-core'
import type { PeerId } from '@libp2p/interface'
import { FlowsError } from './errors.ts'
import type { FlowStore } from './flow-store.ts'
import type { Device } from './replica.ts'

/** The name of a peer's device in flows; undefined where its key is no Ed25519 key, or one under which a signature proves nothing. */
export function didOfPeer(peer: PeerId): Did | undefined {
  if (peer.type !== 'Ed25519') return undefined
  try {
    return didOfKey(peer.publicKey.raw)
  } catch (error) {
    if (error instanceof AuthzError) return undefined
    throw error
  }
}

interface DeviceInit {
  readonly peer: Pick<Peer, 'id' | 'sign'>
  readonly crypto: CryptoPort
  readonly store: FlowStore
  readonly verifier: Verifier
  readonly nowS: () => number
}

/** This device: it signs by the peer's own key, and reads by an X25519 key of its own, whose seed is kept beside the flows. */
export async function openDevice({ peer, crypto, store, verifier, nowS }: DeviceInit): Promise<Device> {
  const did = didOfPeer(peer.id)
  if (did === undefined) throw new FlowsError('PEER_UNSUITABLE', 'This peer has no Ed25519 key and cannot be in flows; start it with a new identity')
  const hpke = await crypto.hpke.deriveKeyPair(await store.deviceSeed(crypto))
  return { signer: { did, sign: (message) => peer.sign(message) }, hpke, crypto, verifier, nowS }
}
