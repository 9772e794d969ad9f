// What the test's page loads: the package as an application would, put where the test can reach it.
import { createPeer, openAccess, type Peer, type PeerOptions } from '../../src/index.ts'

declare global {
  var startPeer: (options: Partial<PeerOptions>) => Promise<Peer>
  var peer: Peer
}

globalThis.startPeer = async (options) => {
  globalThis.peer = await createPeer({ access: openAccess(), webrtc: false, ...options })
  return globalThis.peer
}
