import { TypedEventEmitter } from '@libp2p/interface'
import type { CreateListenerOptions, Listener, ListenerEvents, Transport } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { LISTEN_ADDRESS_CACHE_MS } from '../src/limits.ts'
import { withCachedAddresses } from '../src/transport/cached-addresses.ts'

test('[RL56] a listener\'s addresses are looked up anew when they may have changed, and no more often', () => {
  let asked = 0
  let nowMs = 0
  const events = new TypedEventEmitter<ListenerEvents>()
  const listener: Listener = Object.assign(events, {
    listen: async () => { /* it listens */ }, close: async () => { /* it ends */ }, updateAnnounceAddrs: () => { /* nothing */ },
    getAddrs: () => [multiaddr(`/ip4/127.0.0.1/tcp/${++asked}`)]
  })
  const transport = withCachedAddresses({ createListener: () => listener } as unknown as Transport, () => nowMs)
  const made = transport.createListener({} as CreateListenerOptions)
  expect([made.getAddrs(), made.getAddrs()].map(String)).toEqual(['/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/tcp/1'])
  nowMs += LISTEN_ADDRESS_CACHE_MS
  expect(String(made.getAddrs())).toBe('/ip4/127.0.0.1/tcp/2')
  events.safeDispatchEvent('listening')
  expect(String(made.getAddrs())).toBe('/ip4/127.0.0.1/tcp/3')
})
