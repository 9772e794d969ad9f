import { isPeerId, type PeerId } from '@libp2p/interface'
import { isMultiaddr, multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { P2pError } from './errors.ts'
import { parsePeerId } from './identity/verify.ts'
import { MAX_MULTIADDR_CHARS } from './limits.ts'

/** Whom to connect to, and where where that was said. */
export interface ConnectTarget {
  readonly peer: PeerId
  readonly address: Multiaddr | undefined
}

const EXAMPLE = 'Example: /dns4/relay.example/tcp/443/tls/ws/p2p/12D3KooW…'

/** Reads a multiaddr that ends in /p2p/<id>, or a PeerId. Throws P2pError ADDRESS_INVALID with what is wrong and how it looks when right. */
export function parseConnectTarget(target: string | Multiaddr | PeerId): ConnectTarget {
  if (isPeerId(target)) return { peer: target, address: undefined }
  if (isMultiaddr(target)) return withPeer(target)
  const text = target.trim()
  if (text === '') throw new P2pError('ADDRESS_INVALID', `The address is empty. ${EXAMPLE}`)
  if (text.length > MAX_MULTIADDR_CHARS) throw new P2pError('ADDRESS_INVALID', `The address has ${text.length} characters; at most ${MAX_MULTIADDR_CHARS} are read.`)
  if (/^\w+:\/\//.test(text)) throw new P2pError('ADDRESS_INVALID', `"${clip(text)}" is a URL. Open it in a browser to join there; to connect to a peer a multiaddr is needed. ${EXAMPLE}`)
  if (!text.startsWith('/')) return { peer: parsePeerId(text), address: undefined }
  return withPeer(parseMultiaddr(text))
}

/** Parses a multiaddr of bounded length. Throws P2pError ADDRESS_INVALID. */
export function parseMultiaddr(text: string): Multiaddr {
  if (text.length > MAX_MULTIADDR_CHARS) throw new P2pError('ADDRESS_INVALID', `The address has ${text.length} characters; at most ${MAX_MULTIADDR_CHARS} are read.`)
  try {
    const address = multiaddr(text)
    address.getComponents() // parses lazily
    return address
  } catch (cause) {
    throw new P2pError('ADDRESS_INVALID', `"${clip(text)}" is not a multiaddr: ${cause instanceof Error ? cause.message : String(cause)}. ${EXAMPLE}`, { cause })
  }
}

/** The PeerId that an address ends in, or undefined. */
export function peerIdOfAddress(address: Multiaddr): PeerId | undefined {
  const last = address.getComponents().at(-1)
  return last?.name === 'p2p' && last.value !== undefined ? parsePeerId(last.value) : undefined
}

function withPeer(address: Multiaddr): ConnectTarget {
  const peer = peerIdOfAddress(address)
  if (peer === undefined) {
    throw new P2pError('ADDRESS_INVALID', `"${clip(address.toString())}" does not say which peer is meant: without /p2p/<PeerId> at its end nobody could tell whether the right one answers. ${EXAMPLE}`)
  }
  if (address.getComponents().length === 1) return { peer, address: undefined }
  return { peer, address }
}

function clip(text: string): string {
  return text.length > 120 ? `${text.slice(0, 120)}…` : text
}
