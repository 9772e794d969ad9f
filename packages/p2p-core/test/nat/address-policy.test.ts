import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isP2pError } from '../../src/errors.ts'
import { PUBLIC_REACH, UNRESTRICTED_REACH, createAddressPolicy, judgeAddress, judgeHost, reachOfPage } from '../../src/nat/address-policy.ts'
import { scopeOfHost } from '../../src/nat/address-scope.ts'
import { startPeer, startRelay } from '../relays/test-network.ts'

const relay = peerIdFromPrivateKey(await generateKeyPair('Ed25519')).toString()
const peer = peerIdFromPrivateKey(await generateKeyPair('Ed25519')).toString()

const publicPage = reachOfPage('https://relay.example/')
const lanPage = reachOfPage('http://192.168.1.5:8080/')
const localPage = reachOfPage('http://localhost:8080/')
const verdictOf = (address: string, reach = publicPage, connected: readonly string[] = []): string => {
  const verdict = judgeAddress(multiaddr(address), reach, id => connected.includes(id))
  return verdict.allowed ? 'allowed' : verdict.refusal
}

/** IPv4 addresses of every range that a public page must not dial, as numbers. */
const innerIpv4 = fc.oneof(
  ...[['127.0.0.0', 8], ['0.0.0.0', 8], ['10.0.0.0', 8], ['172.16.0.0', 12], ['192.168.0.0', 16], ['100.64.0.0', 10], ['169.254.0.0', 16], ['224.0.0.0', 4], ['240.0.0.0', 4]]
    .map(([base, bits]) => fc.nat(2 ** (32 - Number(bits)) - 1).map(offset => toNumber(String(base)) + offset))
)
function toNumber(dotted: string): number { return dotted.split('.').reduce((value, octet) => value * 256 + Number(octet), 0) }
function dotted(value: number): string { return [24, 16, 8, 0].map(shift => Math.floor(value / 2 ** shift) % 256).join('.') }
function words(value: number): string { return `${Math.floor(value / 65536).toString(16)}:${(value % 65536).toString(16)}` }

/** Every way of writing an IPv4 address into a multiaddr that some dialler would understand. */
const disguises: ReadonlyArray<(value: number) => string> = [
  value => `/ip4/${dotted(value)}/tcp/443/tls/ws`,
  value => `/ip6/::ffff:${words(value)}/tcp/443/tls/ws`,
  value => `/ip6/64:ff9b::${words(value)}/tcp/443/tls/ws`,
  value => `/ip6/2002:${words(value)}::1/tcp/443/tls/ws`,
  value => `/ip6/::${words(value)}/tcp/443/tls/ws`,
  value => `/dns4/${dotted(value)}/tcp/443/tls/ws`,
  value => `/dns/${value}/tcp/443/tls/ws`,
  value => `/dns/0x${value.toString(16)}/tcp/443/wss`,
  value => `/dns/${dotted(value)}./tcp/443/tls/ws`,
  value => `/ip4/8.8.8.8/tcp/443/tls/sni/${dotted(value)}/ws`,
  value => `/ip4/${dotted(value)}/udp/4001/webrtc-direct/certhash/uEiDikp5KVUgkLta1EjUN-IKbHk-dUBg8VzKgf5nXxLK46w`,
  value => `/ip4/${dotted(value)}/tcp/443/tls/ws/p2p/${relay}/p2p-circuit/p2p/${peer}`,
  value => `/ip4/8.8.8.8/tcp/443/tls/ws/p2p/${relay}/p2p-circuit/ip4/${dotted(value)}/tcp/80/p2p/${peer}`
]

describe('addresses on a stranger\'s word', () => {
  test('[AD1] a page from the public internet dials no inner IPv4 address, however it is written', () => {
    fc.assert(fc.property(innerIpv4, fc.constantFrom(...disguises), (value, disguise) => {
      expect(verdictOf(disguise(value))).not.toBe('allowed')
    }), { numRuns: 2000 })
  })

  test.each(['::1', '::', 'fc00::1', 'fd12:3456::1', 'fe80::1', 'fec0::1', 'ff02::1', '2001:db8::1', '2001::1', '100::1', '4000::1', '64:ff9b:1::1'])('[AD1] nor the IPv6 address %s', host => {
    expect(verdictOf(`/ip6/${host}/tcp/443/tls/ws`)).not.toBe('allowed')
  })

  test.each(['localhost', 'LOCALHOST', 'localhost.', 'a.localhost', 'printer', 'nas.local', 'router.lan', 'db.internal', 'x.home.arpa'])('[AD1] nor the local name %s', host => {
    expect(verdictOf(`/dns/${host}/tcp/443/tls/ws`)).not.toBe('allowed')
  })

  test.each(['a@127.0.0.1', '127.0.0.1#x', 'x%2f', 'exa mple.com', '１２７.０.０.１', ''])('[AD2] a host that could turn into another one inside a URL is refused: %j', host => {
    expect(judgeHost(host, UNRESTRICTED_REACH)).toMatchObject({ allowed: false, refusal: 'unroutable' })
  })

  test('[AD1] public addresses and names are dialled', () => {
    expect(verdictOf('/dns4/relay.example/tcp/443/tls/ws')).toBe('allowed')
    expect(verdictOf('/ip4/8.8.8.8/tcp/443/tls/ws')).toBe('allowed')
    expect(verdictOf('/ip6/2606:4700::1111/tcp/443/tls/ws')).toBe('allowed')
    expect(verdictOf('/ip4/8.8.8.8/tcp/443/tls/sni/relay.example/ws')).toBe('allowed')
  })

  test('[AD3] a page from a private network dials private addresses, but not the device itself; one from localhost dials all', () => {
    expect(verdictOf('/ip4/192.168.1.9/tcp/80/ws', lanPage)).toBe('allowed')
    expect(verdictOf('/ip4/127.0.0.1/tcp/80/ws', lanPage)).toBe('loopback')
    expect(verdictOf('/ip4/127.0.0.1/tcp/80/ws', localPage)).toBe('allowed')
    expect(verdictOf('/ip6/fd00::2/tcp/80/ws', localPage)).toBe('allowed')
    expect(reachOfPage('http://[::1]:8080/').scope).toBe('loopback')
    expect(reachOfPage('https://nas.local/').scope).toBe('private')
  })

  test('[AD4] ws:// only where a browser allows it', () => {
    expect(verdictOf('/dns4/relay.example/tcp/80/ws')).toBe('insecure')
    expect(verdictOf('/dns4/relay.example/tcp/443/wss')).toBe('allowed')
    expect(verdictOf('/dns4/relay.example/tcp/80/ws', reachOfPage('http://relay.example/'))).toBe('allowed')
    expect(verdictOf('/ip4/127.0.0.1/tcp/80/ws', reachOfPage('https://localhost/'))).toBe('allowed')
    expect(verdictOf('/dns4/relay.example/tcp/80/ws', PUBLIC_REACH)).toBe('allowed')
  })

  test('[AD5] a circuit through a relay that is connected dials nothing new; two relays in a row are refused', () => {
    const circuit = `/ip4/172.17.0.1/tcp/80/ws/p2p/${relay}/p2p-circuit/p2p/${peer}`
    expect(verdictOf(circuit)).toBe('private')
    expect(verdictOf(circuit, publicPage, [relay])).toBe('allowed')
    expect(verdictOf(circuit, publicPage, [peer])).toBe('private')
    expect(verdictOf(`/dns4/r.example/tcp/443/tls/ws/p2p/${relay}/p2p-circuit/p2p/${peer}/p2p-circuit/p2p/${relay}`, localPage)).toBe('nested-circuit')
  })

  test('[AD6] a socket file is never dialled', () => {
    expect(verdictOf('/unix/%2Frun%2Fdaemon.sock', UNRESTRICTED_REACH)).toBe('local-socket')
  })
})

describe('the policy at work', () => {
  test('[AD7] where names can be looked up, what they lead to has to pass, too', async () => {
    const policy = createAddressPolicy({ reach: PUBLIC_REACH, resolve: async name => name === 'evil.example' ? ['8.8.8.8', '10.0.0.1'] : ['8.8.8.8'] })
    expect(await policy.judge(multiaddr('/dns4/evil.example/tcp/1'))).toMatchObject({ allowed: false, refusal: 'private', host: '10.0.0.1' })
    expect(await policy.judge(multiaddr('/dns4/good.example/tcp/1'))).toEqual({ allowed: true })
    expect(await policy.gater.denyDialMultiaddr?.(multiaddr('/dns4/evil.example/tcp/1'))).toBe(true)
  })

  test('[AD5] a relay counts as connected while it is, and only by a connection of its own', async () => {
    await using relay = await startRelay()
    await using other = await startRelay({ configure: options => ({ ...options, addresses: { listen: [] } }) })
    const policy = createAddressPolicy({ reach: publicPage, resolve: undefined })
    await using node = await startPeer()
    policy.attach(node.libp2p)
    const circuit = multiaddr(`/ip4/127.0.0.1/tcp/${relay.wsPort}/ws/p2p/${relay.libp2p.peerId}/p2p-circuit/p2p/${peer}`)
    expect((await policy.judge(circuit)).allowed).toBe(false)
    const connection = await node.libp2p.dial(relay.libp2p.getMultiaddrs())
    expect((await policy.judge(circuit)).allowed).toBe(true)
    expect(await policy.gater.denyDialMultiaddr?.(circuit)).toBe(false)
    const through = multiaddr(circuit.toString().replace(relay.libp2p.peerId.toString(), other.libp2p.peerId.toString()))
    expect((await policy.judge(through)).allowed).toBe(false)
    await connection.close()
    expect((await policy.judge(circuit)).allowed).toBe(false)
  })

  test('[AD8] STUN services are under the same rule', () => {
    const policy = createAddressPolicy({ reach: publicPage, resolve: undefined })
    expect(policy.allowsStun('stun:relay.example:3478')).toBe(true)
    expect(policy.allowsStun('stun:192.168.0.1:3478')).toBe(false)
    expect(policy.allowsStun('stun:[::1]:3478')).toBe(false)
    expect(policy.allowsStun('https://relay.example')).toBe(false)
  })

  test('[AD8] so are pages of relays that others name', () => {
    const policy = createAddressPolicy({ reach: publicPage, resolve: undefined })
    const inside = ['http://192.168.0.1/', 'http://localhost/', 'http://[::1]/', 'https://router.lan/', 'http://0x7f.1/', 'http://127.1/', 'http://169.254.169.254/']
    expect(inside.filter(url => policy.allowsUrl(url))).toEqual([])
    expect(policy.allowsUrl('https://relay.example/')).toBe(true)
    expect(policy.allowsUrl('nonsense')).toBe(false)
  })

  test('[AD1] a refusal is a typed error that says what to do', async () => {
    const policy = createAddressPolicy({ reach: publicPage, resolve: undefined })
    const error: unknown = await policy.check(multiaddr('/ip4/10.0.0.1/tcp/443/tls/ws')).catch(error => error)
    expect(isP2pError(error, 'ADDRESS_FORBIDDEN')).toBe(true)
    expect(String(error)).toContain('private network')
  })

  test('scopes of any text are decided without throwing', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.domain()), host => {
      expect(['loopback', 'private', 'public', 'never']).toContain(scopeOfHost(host))
    }), { numRuns: 1000 })
  })
})
