import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, test } from 'vitest'
import { publicInterfaceAddresses, publicUrlAddress, publishedAddresses, stunUrls } from '../src/addresses.ts'

describe('addresses that the relay tells', () => {
  const all = ['/ip4/127.0.0.1/tcp/1', '/ip4/192.168.1.5/tcp/1', '/ip4/8.8.8.8/tcp/1', '/ip6/fd00::2/tcp/1', '/dns/relay.example/tcp/443/tls/ws'].map((text) => multiaddr(text))

  test('[RL55] a public URL is an address to dial, with the port that its scheme means', () => {
    expect(publicUrlAddress('https://relay.example')).toBe('/dns/relay.example/tcp/443/tls/ws')
    expect(publicUrlAddress('http://localhost:8080')).toBe('/dns/localhost/tcp/8080/ws')
    expect(publicUrlAddress('https://192.0.2.1:8443')).toBe('/ip4/192.0.2.1/tcp/8443/tls/ws')
    expect(publicUrlAddress('http://[2001:db8::1]:1')).toBe('/ip6/2001:db8::1/tcp/1/ws')
  })

  test('[RL55] with a public URL, addresses of the relay\'s own network are left out of the info document; with a local one they stay', () => {
    expect(publishedAddresses(all, 'https://relay.example').map(String)).toEqual(['/ip4/8.8.8.8/tcp/1', '/dns/relay.example/tcp/443/tls/ws'])
    for (const url of [undefined, 'http://localhost:8080', 'http://192.168.1.5:8080']) expect(publishedAddresses(all, url)).toHaveLength(all.length)
  })

  test('[RL55] STUN is named by names first, then public, then private addresses, and by loopback only where there is nothing else', () => {
    expect(stunUrls(all, 3478)).toEqual(['stun:relay.example:3478', 'stun:8.8.8.8:3478', 'stun:192.168.1.5:3478', 'stun:[fd00::2]:3478'])
    expect(stunUrls(all.slice(0, 1), 3478)).toEqual(['stun:127.0.0.1:3478'])
    expect(stunUrls(all, undefined)).toEqual([])
  })

  test('[RL55] public addresses of this machine are announced from the first moment', () => {
    expect(publicInterfaceAddresses(['127.0.0.1', '8.8.8.8', '10.0.0.1', '3fff::1'], '', 4001, '')).toEqual(['/ip4/8.8.8.8/tcp/4001', '/ip6/3fff::1/tcp/4001'])
    expect(publicInterfaceAddresses(['8.8.8.8', '9.9.9.9'], '9.9.9.9', 4001, '/ws')).toEqual(['/ip4/9.9.9.9/tcp/4001/ws'])
  })
})
