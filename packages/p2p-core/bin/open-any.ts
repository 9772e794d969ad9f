import type { PeerId } from '@libp2p/interface'
import { defineProtocol, GENERAL_PROTOCOL, P2pError, type Codec, type Peer, type Protocol } from '../src/index.ts'

const BYTES: Codec<Uint8Array> = { encode: (bytes) => bytes, decode: (bytes) => bytes }

/**
 * Opens a stream of any protocol to see whether it can be had, and closes it. Own protocols are opened by their rules, so that an access
 * decision is heard; those of others as plain libp2p streams. Returns the protocol that was agreed on.
 */
export async function openAny(peer: Peer, to: PeerId, protocol: string): Promise<string> {
  if (!protocol.startsWith('/') || protocol.length > 256) throw new P2pError('OPTION_INVALID', `"${protocol.slice(0, 80)}" is not a protocol ID like /gf/general/0.0.1.`)
  const stream = await peer.open(to, anyProtocol(protocol))
  try {
    return stream.protocol
  } finally {
    await stream.close()
  }
}

function anyProtocol(id: string): Protocol<Uint8Array> {
  const own = id.startsWith('/gf/') && id !== GENERAL_PROTOCOL
  return defineProtocol({ id, codec: BYTES, framing: own ? 'length-prefixed' : 'newline' })
}
