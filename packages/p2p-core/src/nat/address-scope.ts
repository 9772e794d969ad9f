/** How far away an address can be: this device, this network, or anywhere. `never` is no address of one machine. */
export type AddressScope = 'loopback' | 'private' | 'public' | 'never'

/** IPv4 ranges that are not the public internet. Source: IANA special-purpose address registry, RFC 6890. */
const IPV4_RANGES: ReadonlyArray<readonly [base: number, prefixBits: number, scope: AddressScope]> = [
  [ipv4(0, 0, 0, 0), 8, 'loopback'], // "this host": dialling 0.0.0.0 reaches this device
  [ipv4(127, 0, 0, 0), 8, 'loopback'],
  [ipv4(10, 0, 0, 0), 8, 'private'],
  [ipv4(100, 64, 0, 0), 10, 'private'],
  [ipv4(169, 254, 0, 0), 16, 'private'],
  [ipv4(172, 16, 0, 0), 12, 'private'],
  [ipv4(192, 0, 0, 0), 24, 'private'],
  [ipv4(192, 0, 2, 0), 24, 'private'],
  [ipv4(192, 168, 0, 0), 16, 'private'],
  [ipv4(198, 18, 0, 0), 15, 'private'],
  [ipv4(198, 51, 100, 0), 24, 'private'],
  [ipv4(203, 0, 113, 0), 24, 'private'],
  [ipv4(224, 0, 0, 0), 4, 'never'],
  [ipv4(240, 0, 0, 0), 4, 'never']
]

/** Endings of names that only a local resolver knows. Source: RFC 6761, 6762, 8375, 9476. */
const LOCAL_NAME_ENDINGS = ['.local', '.localdomain', '.internal', '.intranet', '.lan', '.home', '.home.arpa', '.corp', '.private', '.test']

/** What a host name in a multiaddr may look like; anything else could become another host inside a URL. */
const HOST_NAME = /^[A-Za-z0-9._-]{1,255}$/

/** The scope of an IP address, or of a name as far as the name itself tells. */
export function scopeOfHost(host: string): AddressScope {
  if (host.includes(':')) return scopeOfIpv6(host)
  if (!HOST_NAME.test(host)) return 'never'
  // The URL parser is what a WebSocket uses: it turns 0x7f.1 and 2130706433 into 127.0.0.1, and so must this.
  const canonical = URL.parse(`http://${host}/`)?.hostname.replace(/\.$/, '')
  if (canonical === undefined || canonical === '') return 'never'
  const octets = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(canonical)
  if (octets !== null) return scopeOfIpv4(octets.slice(1).reduce((value, octet) => value * 256 + Number(octet), 0))
  return scopeOfName(canonical)
}

function scopeOfName(name: string): AddressScope {
  if (name === 'localhost' || name.endsWith('.localhost')) return 'loopback'
  const local = !name.includes('.') || LOCAL_NAME_ENDINGS.some(ending => name.endsWith(ending))
  return local ? 'private' : 'public'
}

function ipv4(a: number, b: number, c: number, d: number): number {
  return ((a * 256 + b) * 256 + c) * 256 + d
}

function scopeOfIpv4(address: number): AddressScope {
  const range = IPV4_RANGES.find(([base, prefixBits]) => Math.floor(address / 2 ** (32 - prefixBits)) === Math.floor(base / 2 ** (32 - prefixBits)))
  return range?.[2] ?? 'public'
}

/** Source: IANA IPv6 special-purpose registry. Ranges that carry an IPv4 address have the scope of that one. */
function scopeOfIpv6(host: string): AddressScope {
  const words = parseIpv6(host)
  if (words === undefined) return 'never'
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0, w4 = 0, w5 = 0, w6 = 0, w7 = 0] = words
  const lower = scopeOfIpv4(w6 * 65536 + w7)
  if (w0 === 0 && w1 === 0 && w2 === 0 && w3 === 0) {
    if (w4 === 0 && w5 === 0) return w6 === 0 && w7 <= 1 ? 'loopback' : lower // :: and ::1; IPv4-compatible
    return w4 === 0 && w5 === 0xffff ? lower : 'private' // IPv4-mapped
  }
  if (w0 === 0x64 && w1 === 0xff9b) return w2 === 0 && w3 === 0 && w4 === 0 && w5 === 0 ? lower : 'private' // NAT64
  if (w0 === 0x2002) return scopeOfIpv4(w1 * 65536 + w2) // 6to4
  if (w0 === 0x2001 && (w1 < 0x200 || w1 === 0xdb8)) return 'private' // Teredo and protocol assignments; documentation
  if ((w0 & 0xff00) === 0xff00) return 'never' // multicast
  return (w0 & 0xe000) === 0x2000 ? 'public' : 'private' // 2000::/3 is all that is global
}

/** The eight words of an IPv6 address; `undefined` where it is none. A zone is left out. */
function parseIpv6(host: string): number[] | undefined {
  const canonical = URL.parse(`http://[${host.replace(/%.*$/, '')}]/`)?.hostname.slice(1, -1)
  if (canonical === undefined) return undefined
  const [head = '', tail] = canonical.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  return [...before, ...Array.from({ length: zeros }, () => '0'), ...after].map(word => parseInt(word, 16))
}
