import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Transport } from '@libp2p/interface'
import { describe, expect, it } from 'vitest'
import { createPeer, openAccess, signRelayInfo, type PeerOptions } from '../../src/index.ts'
import { startTestRelay, until } from '../../testing/index.ts'

/** Takes the ICE servers that WebRTC would use for its next connection out of the transport. */
async function iceServersOf(options: Partial<PeerOptions>, ready: (relays: readonly { readonly state: string }[]) => boolean): Promise<unknown> {
  const made: Transport[] = []
  await using peer = await createPeer({
    access: openAccess(), listen: [], ...options,
    configureLibp2p: (defaults) => ({
      ...defaults,
      transports: (defaults.transports ?? []).map((factory) => (components) => {
        const transport = factory(components)
        made.push(transport)
        return transport
      })
    })
  })
  await until(() => ready(peer.status.relays))
  const webrtc = made.find((transport) => transport[Symbol.toStringTag] === '@libp2p/webrtc')
  const init: unknown = Reflect.get(webrtc ?? {}, 'init')
  const configuration: unknown = typeof init === 'object' && init !== null ? Reflect.get(init, 'rtcConfiguration') : undefined
  return typeof configuration === 'function' ? configuration() : configuration
}

describe('the ICE servers of WebRTC', () => {
  it('[PC24] are none where no relay offers one, and never those of a library', async () => {
    await using relay = await startTestRelay()
    expect(await iceServersOf({ relays: [relay.tcp] }, ([one]) => one?.state === 'reserved')).toEqual({ iceServers: [] })
  })

  it('[PC24] are exactly the STUN services of the verified document of the relay in use', async () => {
    const privateKey = await generateKeyPair('Ed25519')
    await using relay = await startTestRelay({ privateKey })
    const document = await signRelayInfo(privateKey, {
      multiaddrs: [relay.tcp], network: 'gloflow_testnet', stun: ['stun:127.0.0.1:3478'], relays: [], access: 'open', bridge: false, version: '0.1.0',
      limits: { reservations: 10, circuitBytes: 0, circuitMs: 0 }, seq: 1, expires: Math.floor(Date.now() / 1000) + 3_600
    })
    const server = createServer((_, response) => { response.end(JSON.stringify(document)) }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    expect(await iceServersOf({ relays: [url] }, ([one]) => one?.state === 'reserved')).toEqual({ iceServers: [{ urls: 'stun:127.0.0.1:3478' }] })
    server.close()
    server.closeAllConnections()
  })
})
