import type { PeerId, PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey, peerIdFromPublicKey } from '@libp2p/peer-id'
import { PeerRecord, RecordEnvelope } from '@libp2p/peer-record'
import type { Multiaddr } from '@multiformats/multiaddr'
import { P2pError } from '../../errors.ts'
import { MAX_PEER_RECORD_ADDRESSES, MAX_PEER_RECORD_BYTES } from '../../limits.ts'

/** Where a peer says it can be reached, signed by itself. Source: libp2p/specs, RFC 0003. */
export interface VerifiedPeerRecord {
  readonly peer: PeerId
  readonly addresses: readonly Multiaddr[]
  readonly seq: bigint
}

/** Signs one's own addresses; the first `MAX_PEER_RECORD_ADDRESSES` of them. */
export async function sealPeerRecord(privateKey: PrivateKey, addresses: readonly Multiaddr[], seq: bigint): Promise<Uint8Array> {
  const record = new PeerRecord({ peerId: peerIdFromPrivateKey(privateKey), multiaddrs: addresses.slice(0, MAX_PEER_RECORD_ADDRESSES), seqNumber: seq })
  const envelope = await RecordEnvelope.seal(record, privateKey)
  return envelope.marshal()
}

/** Checks a signed peer record: its size, its signature, and that it is of the key that signed. Throws P2pError RECORD_INVALID. */
export async function openPeerRecord(bytes: Uint8Array): Promise<VerifiedPeerRecord> {
  if (bytes.byteLength > MAX_PEER_RECORD_BYTES) throw invalid(`it has ${bytes.byteLength} bytes, more than ${MAX_PEER_RECORD_BYTES}`)
  try {
    const envelope = await RecordEnvelope.openAndCertify(bytes, PeerRecord.DOMAIN)
    const record = PeerRecord.createFromProtobuf(envelope.payload)
    const signer = peerIdFromPublicKey(envelope.publicKey)
    if (!record.peerId.equals(signer)) throw invalid(`it is of ${record.peerId}, but signed by ${signer}`)
    if (record.multiaddrs.length > MAX_PEER_RECORD_ADDRESSES) throw invalid(`it has ${record.multiaddrs.length} addresses, more than ${MAX_PEER_RECORD_ADDRESSES}`)
    return { peer: signer, addresses: record.multiaddrs, seq: record.seqNumber }
  } catch (cause) {
    if (cause instanceof P2pError) throw cause
    throw invalid('its signature or content does not fit', cause)
  }
}

function invalid(why: string, cause?: unknown): P2pError {
  return new P2pError('RECORD_INVALID', `A peer record is not believed: ${why}.`, { cause })
}
