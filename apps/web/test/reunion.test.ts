import { describe, expect, it } from 'vitest'
import { createEmitter, type PeerEventMap, type PeerInfo } from '@gloflow/p2p-core'
import { reunion } from '../src/lib/peer/reunion.ts'
import type { Person } from '../src/lib/peer/client.ts'

const info = (id: string): PeerInfo => ({ id: { toString: () => id } }) as PeerInfo
const person = (id: string, transport = 'webrtc'): Person => ({ id, transport }) as Person

describe('a tab that takes over', () => {
  it('[WB6] waits for those who were connected, and for nobody else', async () => {
    const events = createEmitter<PeerEventMap>()
    const { signal } = new AbortController()
    let reunited = false
    const done = reunion({ peer: { events, peers: [info('ana')] }, wanted: [person('ana'), person('ben'), person('go', 'bridge')], maxMs: 60_000, signal }).then(() => { reunited = true })
    events.emit('peer:connect', info('stranger'))
    await Promise.resolve()
    expect(reunited).toBe(false)
    events.emit('peer:connect', info('ben'))
    await done
    await reunion({ peer: { events, peers: [] }, wanted: [], maxMs: 60_000, signal })
  })

  it('[WB6] does not wait for ever', async () => {
    await reunion({ peer: { events: createEmitter<PeerEventMap>(), peers: [] }, wanted: [person('gone')], maxMs: 20, signal: new AbortController().signal })
  })
})
