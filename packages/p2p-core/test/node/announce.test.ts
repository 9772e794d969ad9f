import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { boundAnnounced } from '../../src/announce.ts'
import { createPeer, openAccess } from '../../src/index.ts'
import { MAX_ANNOUNCED_BYTES } from '../../src/limits.ts'
import { until } from '../../testing/index.ts'

const RELAYS = ['12D3KooWKG8HRc3tud3MzFQFmLFjNu71veQJKN6WBXE7KM3XLpQP', '12D3KooWMYkzU7Jx282uhw3jTiHoygSKuFLnWeVTCVg5i1u3rtHT', '12D3KooWHk5xX6dqjVyFAUV1jDdbyDfRZEC2SNm8KTyRjTrQhKfq']

/** What three relays of eight interfaces each, over TCP and WebSockets, give a peer that also offers WebRTC. */
function many(): Multiaddr[] {
  return RELAYS.flatMap((relay) => Array.from({ length: 8 }, (_, host) => ['', '/ws'].flatMap((ws) => ['', '/webrtc'].map((webrtc) => multiaddr(`/ip4/198.51.100.${host}/tcp/4001${ws}/p2p/${relay}/p2p-circuit${webrtc}`)))).flat())
}

const size = (addresses: readonly Multiaddr[]): number => addresses.reduce((sum, address) => sum + address.bytes.byteLength, 0)

describe('the addresses that others are told', () => {
  it('[PC20] fit into identify, and lead over each relay by each transport', () => {
    const told = boundAnnounced(many())
    expect(size(many())).toBeGreaterThan(MAX_ANNOUNCED_BYTES)
    expect(size(told)).toBeLessThanOrEqual(MAX_ANNOUNCED_BYTES)
    for (const relay of RELAYS) {
      for (const way of ['/tcp/4001/p2p', '/ws/p2p', 'p2p-circuit/webrtc']) expect(told.map(String).some((address) => address.includes(relay) && address.includes(way))).toBe(true)
    }
  })

  it('[PC20] are all of them where they fit, in their order', () => {
    fc.assert(fc.property(fc.subarray(many(), { maxLength: 20 }), (addresses) => {
      if (size(addresses) <= MAX_ANNOUNCED_BYTES) expect(boundAnnounced(addresses)).toEqual(addresses)
    }))
  })

  it('[PC20] a peer with very many is understood by others', async () => {
    const options = { access: openAccess(), webrtc: false }
    await using popular = await createPeer({
      ...options, listen: ['/ip4/127.0.0.1/tcp/0'],
      configureLibp2p: (defaults) => ({ ...defaults, addresses: { ...defaults.addresses, appendAnnounce: many().map(String) } })
    })
    await using other = await createPeer({ ...options, listen: [] })
    const own = popular.multiaddrs.map(String).find((address) => !address.includes('p2p-circuit')) ?? ''
    const info = await other.connect(own)
    expect(info.protocols).toContain('/gf/general/0.0.1')
    await until(async () => (await other.libp2p.peerStore.get(popular.id)).addresses.some((address) => address.isCertified))
  })
})

describe('bootstrap', () => {
  it('[PC21] is dialled at start, and an address that is none is OPTION_INVALID', async () => {
    const options = { access: openAccess(), webrtc: false }
    await using server = await createPeer({ ...options, listen: ['/ip4/127.0.0.1/tcp/0'] })
    await using peer = await createPeer({ ...options, listen: [], bootstrap: [server.multiaddrs[0]?.toString() ?? ''] })
    await until(() => peer.peers.some((info) => info.id.equals(server.id)))
    await expect(createPeer({ ...options, bootstrap: ['/ip4/127.0.0.1/tcp/1'] })).rejects.toMatchObject({ code: 'OPTION_INVALID', message: expect.stringContaining('which peer') })
  })
})
