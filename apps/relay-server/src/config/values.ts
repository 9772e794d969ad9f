import { BlockList, isIP } from 'node:net'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import type { Reading, ReadValue } from './option.ts'

const GREATEST_PORT = 65_535

/** Any text that is not empty. */
export function text(expected: string): ReadValue<string> {
  return (raw) => (raw.trim() === '' ? { ok: false, expected } : { ok: true, value: raw })
}

/** A whole number from 0 up to `max`. */
export function wholeNumber(max: number, expected: string): ReadValue<number> {
  return (raw) => {
    const value = Number(raw)
    return /^\d{1,16}$/.test(raw) && Number.isSafeInteger(value) && value <= max ? { ok: true, value } : { ok: false, expected }
  }
}

/** A port; 0 = any free one. */
export const port: ReadValue<number> = wholeNumber(GREATEST_PORT, 'a port from 0 to 65535 (0 = any free port)')

/** A port, or `off`. */
export function portOrOff(raw: string): Reading<number | 'off'> {
  if (raw === 'off') return { ok: true, value: 'off' }
  const reading = port(raw)
  return reading.ok ? reading : { ok: false, expected: `${reading.expected} or "off"` }
}

/** `on` or `off`; a JSON boolean in the config file means the same. */
export function onOrOff(raw: string): Reading<boolean> {
  if (raw === 'on' || raw === 'true') return { ok: true, value: true }
  if (raw === 'off' || raw === 'false') return { ok: true, value: false }
  return { ok: false, expected: '"on" or "off"' }
}

/** One of a fixed list of words. */
export function oneOf<Word extends string>(...words: readonly Word[]): ReadValue<Word> {
  return (raw) => {
    const value = words.find((word) => word === raw)
    return value === undefined ? { ok: false, expected: `one of ${words.join(', ')}` } : { ok: true, value }
  }
}

/** An IP address to listen on, or empty for all. */
export function host(raw: string): Reading<string> {
  return raw === '' || isIP(raw) !== 0 ? { ok: true, value: raw } : { ok: false, expected: 'an IP address of this machine' }
}

/** A multiaddr. */
export function address(raw: string): Reading<string> {
  try {
    return { ok: true, value: multiaddr(raw).toString() }
  } catch {
    return { ok: false, expected: 'a multiaddr such as /dns4/relay.example/tcp/4001' }
  }
}

/** A multiaddr that ends in the PeerId of what it leads to. */
export function peerAddress(raw: string): Reading<string> {
  const expected = 'a multiaddr that ends in /p2p/PEERID, such as /dns4/relay.example/tcp/4001/p2p/12D3KooW…'
  try {
    const parsed = multiaddr(raw)
    const last = parsed.getComponents().at(-1)
    return last?.name === 'p2p' ? { ok: true, value: parsed.toString() } : { ok: false, expected }
  } catch {
    return { ok: false, expected }
  }
}

/** A PeerId in its text form. */
export function peerId(raw: string): Reading<string> {
  try {
    return { ok: true, value: peerIdFromString(raw).toString() }
  } catch {
    return { ok: false, expected: 'a PeerId such as 12D3KooW…' }
  }
}

/** An http(s) URL without path, query or user. Its value has no slash at the end. */
export function webOrigin(raw: string): Reading<string> {
  const expected = 'an http or https URL without a path, such as https://relay.example'
  try {
    const url = new URL(raw)
    const plain = url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && url.password === '' && !/[;,'"\s]/.test(url.host)
    return plain && (url.protocol === 'http:' || url.protocol === 'https:') ? { ok: true, value: url.origin } : { ok: false, expected }
  } catch {
    return { ok: false, expected }
  }
}

/** An address range in CIDR notation; an address alone means that address only. */
export function cidr(raw: string): Reading<string> {
  const expected = 'an address range such as 10.0.0.0/8 or fd00::/8'
  const [ip = '', bits, ...rest] = raw.split('/')
  const family = isIP(ip)
  if (family === 0 || rest.length > 0) return { ok: false, expected }
  const greatest = family === 4 ? 32 : 128
  const prefix = bits ?? String(greatest)
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > greatest) return { ok: false, expected }
  return { ok: true, value: `${ip}/${Number(prefix)}` }
}

/** The set of addresses that a list of ranges (each one a value of `cidr`) describes. */
export function toBlockList(ranges: readonly string[]): BlockList {
  const set = new BlockList()
  for (const range of ranges) {
    const [ip = '', bits = '0'] = range.split('/')
    set.addSubnet(ip, Number(bits), isIP(ip) === 6 ? 'ipv6' : 'ipv4')
  }
  return set
}
