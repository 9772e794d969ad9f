import { describe, expect, it } from 'vitest'
import { roleOf, type Role } from '../../src/peers/kind.ts'
import { RELAY_AGENT } from '../../src/platform/platform.ts'

describe('what kind of program the other side is', () => {
  it('[PC7] is read from the agent version, and from protocols where there is none', () => {
    const table: [string | undefined, string[], Role][] = [
      ['gloflow-peers/0.1.0 browser', [], 'browser'], ['gloflow-peers/9.9.9 node', [], 'node'], [RELAY_AGENT, [], 'relay'],
      ['js-libp2p/3.3.11 browser/Mozilla/5.0', [], 'browser'], ['js-libp2p/3.3.11 node/24.21.0', [], 'node'],
      ['github.com/gloflow/gloflow/go/gf_apps@(devel)', [], 'go'], ['go-libp2p', ['/webrtc-signaling/0.0.1'], 'go'], [undefined, ['/p2p/id/delta/1.0.0'], 'go'],
      [undefined, ['/webrtc-signaling/0.0.1'], 'browser'], ['', [], 'node']
    ]
    for (const [agentVersion, protocols, role] of table) expect([agentVersion, roleOf({ agentVersion, protocols })]).toEqual([agentVersion, role])
  })

  it('[PC7] a name that only begins like an own one is not taken for a relay', () => {
    expect(roleOf({ agentVersion: 'gloflow-peers/0.1.0 relay evil', protocols: [] })).not.toBe('relay')
  })
})
