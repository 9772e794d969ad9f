import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import * as core from '../src/index.ts'

describe('the door of the package', () => {
  it('[PC14] has these names and no others', () => {
    expect(Object.keys(core).sort()).toEqual([
      'AUTH_PROTOCOL', 'DEFAULT_NETWORK', 'DEFAULT_PEER_OPTIONS', 'DEFAULT_PROTOCOL_LIMITS', 'FLOW_SYNC_PROTOCOL',
      'GENERAL_PROTOCOL', 'P2pError', 'RENDEZVOUS_PROTOCOL', 'SEND_PROTOCOL', 'VERSION', 'announceInDht', 'createDht',
      'createEmitter', 'createFlowAccess', 'createPeer', 'createPlatformCrypto', 'createRendezvousServer', 'defineProtocol', 'isP2pError', 'networkCid', 'openAccess',
      'parsePeerId', 'parseRelayInfo', 'signRelayInfo', 'storedValue', 'verifyPeerId'
    ])
  })

  it('[PC14] tells other peers the version of package.json', async () => {
    const { version }: { version: string } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
    expect(core.VERSION).toBe(version)
  })
})
