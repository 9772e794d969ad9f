import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPeer, openAccess } from '../../src/index.ts'
import { openLevelStorage } from '../../src/persistence/level.node.ts'
import { until } from '../../testing/index.ts'

let dir: string
beforeEach(async () => { dir = await mkdtemp(join(tmpdir(), 'gf-role-')) })
afterEach(async () => { await rm(dir, { recursive: true, force: true }) })

describe('a peer in the role of a relay', () => {
  it('[PC23] keeps no book of those who come, and tells them that it is no person', async () => {
    const options = { access: openAccess(), webrtc: false }
    const relay = await createPeer({ ...options, role: 'relay', listen: ['/ip4/127.0.0.1/tcp/0'], dataDir: dir })
    await using visitor = await createPeer({ ...options, listen: [] })
    await visitor.connect(relay.multiaddrs[0] ?? '')
    await until(() => relay.peers.some(({ id }) => id.equals(visitor.id)))
    expect(visitor.peers).toEqual([])
    expect(visitor.status.state).toBe('offline')
    await relay.stop()
    const storage = await openLevelStorage(join(dir, 'store'))
    const kept: string[] = []
    for await (const { key } of storage.datastore.query({ prefix: '/gloflow/peer-book' })) kept.push(key.toString())
    await storage.close()
    expect(kept).toEqual([])
  })
})
