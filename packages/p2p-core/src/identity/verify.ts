import { publicKeyFromProtobuf } from '@libp2p/crypto/keys'
import type { ConnectionEncrypter, PeerId, PublicKey, SecureConnectionOptions, SecuredConnection } from '@libp2p/interface'
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import { P2pError } from '../errors.ts'

/** Longest text of a PeerId that is parsed: 52 characters for Ed25519, 62 as a CID, 46 for a hashed key; with room. */
const MAX_PEER_ID_CHARS = 128

/** Stands first in the text of a handshake's error, because libp2p passes on nothing of such an error but its text. */
const MISMATCH = 'PEER_ID_MISMATCH'

/** Parses a PeerId (base58 or CID). Throws P2pError ADDRESS_INVALID. */
export function parsePeerId(text: string): PeerId {
  if (text.length > MAX_PEER_ID_CHARS) throw new P2pError('ADDRESS_INVALID', `A PeerId of ${text.length} characters was given; it has about 52. Copy it again.`)
  try {
    return peerIdFromString(text)
  } catch (cause) {
    throw new P2pError('ADDRESS_INVALID', `"${text}" is not a PeerId. It looks like 12D3KooW… and is copied as a whole.`, { cause })
  }
}

/**
 * Checks that a claimed PeerId is the multihash of the public key (libp2p/specs, peer-ids), and returns the PeerId made from the key.
 * `publicKey` is a key or its protobuf bytes. Throws P2pError PEER_ID_MISMATCH, or RECORD_INVALID for bytes that are no key.
 */
export function verifyPeerId(claimed: PeerId | string, publicKey: PublicKey | Uint8Array): PeerId {
  const actual = peerIdFromPublicKey(publicKey instanceof Uint8Array ? decodePublicKey(publicKey) : publicKey)
  const expected = typeof claimed === 'string' ? parsePeerId(claimed) : claimed
  if (!actual.equals(expected)) {
    throw new P2pError('PEER_ID_MISMATCH', `The key belongs to ${actual.toString()}, not to ${expected.toString()} as was claimed. Do not trust this record.`)
  }
  return actual
}

function decodePublicKey(bytes: Uint8Array): PublicKey {
  try {
    return publicKeyFromProtobuf(bytes)
  } catch (cause) {
    throw new P2pError('RECORD_INVALID', `${bytes.length} bytes given as a public key are not one.`, { cause })
  }
}

/**
 * Wraps a secure channel so that a PeerId other than the dialled one is refused by name, whichever way the channel itself reports it,
 * and also where the channel cannot check it (a PeerId that does not contain its key).
 */
export function withPeerIdCheck<Components>(factory: (components: Components) => ConnectionEncrypter): (components: Components) => ConnectionEncrypter {
  return (components) => {
    const encrypter = factory(components)
    return new Proxy(encrypter, {
      get(target, property) {
        if (property === 'secureOutbound') return checked(target.secureOutbound.bind(target))
        if (property === 'secureInbound') return checked(target.secureInbound.bind(target))
        const value: unknown = Reflect.get(target, property, target)
        return typeof value === 'function' ? value.bind(target) : value
      }
    })
  }
}

/** True for an error of a dial that failed because another peer answered. */
export function isPeerIdMismatch(error: unknown): boolean {
  return error instanceof Error && error.message.includes(MISMATCH)
}

type Secure = ConnectionEncrypter['secureOutbound']

function checked(secure: Secure): Secure {
  return async (connection, options) => {
    const secured = await secure(connection, options).catch((error: unknown) => { throw nameMismatch(error, options) })
    if (options?.remotePeer !== undefined && !secured.remotePeer.equals(options.remotePeer)) throw mismatch(options.remotePeer, secured)
    return secured
  }
}

function nameMismatch(error: unknown, options: SecureConnectionOptions | undefined): unknown {
  if (!(error instanceof Error) || error.name !== 'UnexpectedPeerError' || options?.remotePeer === undefined) return error
  if (!/does not match expected|Unexpected Peer/.test(error.message)) return error
  return new P2pError('PEER_ID_MISMATCH', `${MISMATCH}: the answering peer is not ${options.remotePeer.toString()}.`, { cause: error })
}

function mismatch(expected: PeerId, secured: SecuredConnection): P2pError {
  return new P2pError('PEER_ID_MISMATCH', `${MISMATCH}: ${secured.remotePeer.toString()} answered instead of ${expected.toString()}.`)
}
