import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import type { PrivateKey } from '@libp2p/interface'
import { createPeer, openAccess, type Peer } from '../src/index.ts'

/** What a test may ask of a relay. */
export interface TestRelayOptions {
  readonly privateKey?: PrivateKey
  /** Default: TCP and WebSockets on free ports of loopback. */
  readonly listen?: readonly string[]
}

/** A relay on loopback without limits. */
export interface TestRelay extends AsyncDisposable {
  readonly peer: Peer
  readonly tcp: string
  readonly ws: string
}

/** Starts a relay of libp2p's own circuit-relay server. The product's relay is apps/relay-server. */
export async function startTestRelay(options: TestRelayOptions = {}): Promise<TestRelay> {
  const peer = await createPeer({
    access: openAccess(),
    role: 'relay',
    webrtc: false,
    listen: options.listen ?? ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'],
    ...(options.privateKey === undefined ? {} : { privateKey: options.privateKey }),
    configureLibp2p: (defaults) => ({
      ...defaults,
      services: { ...defaults.services, relay: circuitRelayServer({ reservations: { maxReservations: 100, applyDefaultLimit: false } }) }
    })
  })
  const addresses = peer.multiaddrs.map(String)
  return {
    peer,
    tcp: addresses.find((address) => !address.includes('/ws')) ?? '',
    ws: addresses.find((address) => address.includes('/ws')) ?? '',
    [Symbol.asyncDispose]: () => peer.stop()
  }
}
