import { isIP } from 'node:net'
import type { BlockList } from 'node:net'
import type { IncomingMessage } from 'node:http'

/** Where a request came from. */
export interface ClientAddress {
  /** An IP address; IPv4 is never written as IPv6. */
  readonly address: string
  readonly port: number
}

/** Entries of X-Forwarded-For that are looked at; a proxy chain is short, and the header is the sender's to fill. */
const MAX_FORWARDED = 16

/**
 * The client behind a request. X-Forwarded-For counts only as far as trusted proxies wrote it: from the right, the first address that
 * is no trusted proxy is the client; what stands left of it is hearsay.
 */
export function clientAddress(request: IncomingMessage, trusted: BlockList): ClientAddress {
  const port = request.socket.remotePort ?? 0
  const peer = plainAddress(request.socket.remoteAddress ?? '') ?? '0.0.0.0'
  const header = request.headers['x-forwarded-for']
  if (header === undefined || !isTrustedProxy(peer, trusted)) return { address: peer, port }
  let client = peer
  for (const entry of String(header).split(',').slice(-MAX_FORWARDED).toReversed()) {
    const address = plainAddress(entry.trim())
    if (address === undefined) break
    client = address
    if (!isTrustedProxy(address, trusted)) break
  }
  return { address: client, port }
}

/** An address without brackets, port, zone, or the IPv6 form of IPv4; `undefined` where it is none. */
export function plainAddress(text: string): string | undefined {
  const unbracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1] ?? text
  const address = unbracketed.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '')
  return isIP(address) === 0 ? undefined : address
}

/** True for the address of a proxy that the operator trusts, in either form of an IPv4 address. */
export function isTrustedProxy(address: string, trusted: BlockList): boolean {
  const plain = plainAddress(address)
  return plain !== undefined && trusted.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')
}
