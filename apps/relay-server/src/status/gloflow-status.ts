import type { Multiaddr } from '@multiformats/multiaddr'
import { GENERAL_PROTOCOL } from '@gloflow/p2p-core'
import type { PublicStatus } from './status.ts'

/** GloFlow's status of one of its peers, by the names of its own fields, inside the envelope of its HTTP API. */
export interface GloflowStatus {
  readonly status: 'OK'
  readonly data: {
    readonly RendezvousSymbolStr: string
    readonly ProtocolIDstr: string
    readonly BootstrapPeers: readonly { readonly IDstr: string; readonly MultiaddrsLst: readonly string[] }[]
    readonly PeersNumberInt: number
    readonly PeersIDsLst: readonly string[]
    readonly DHTmodeInt: number
    readonly DHTmodeStr: string
    readonly DHTtestKeyStr: string
    readonly DHTtestValStr: string
    readonly SelfPeerIDstr: string
    readonly SelfAddrsSerializedLst: readonly string[]
  }
}

/** The key that GloFlow's peers put into the DHT to try it. */
export const GLOFLOW_TEST_KEY = '/gf/0.0.1/key_test_1'

/** go-libp2p-kad-dht's numbers of its modes. */
const MODES = { off: 0, client: 1, server: 2 } as const

/** What the status is made of. */
export interface GloflowStatusInit {
  readonly network: string
  readonly bootstrap: readonly Multiaddr[]
  /** PeerIds in the peer store. */
  readonly peers: readonly string[]
  readonly dhtMode: PublicStatus['dht']['mode']
  /** What is stored under GLOFLOW_TEST_KEY, or why nothing is. */
  readonly testValue: string
  readonly peerId: string
  readonly multiaddrs: readonly Multiaddr[]
}

/** Makes the status in GloFlow's shape. It names peers and addresses, so it is for the admin port. */
export function gloflowStatus(init: GloflowStatusInit): GloflowStatus {
  return {
    status: 'OK',
    data: {
      RendezvousSymbolStr: init.network,
      ProtocolIDstr: GENERAL_PROTOCOL,
      BootstrapPeers: init.bootstrap.map(peerInfo),
      PeersNumberInt: init.peers.length,
      PeersIDsLst: init.peers,
      DHTmodeInt: MODES[init.dhtMode],
      DHTmodeStr: init.dhtMode === 'off' ? 'not_set' : init.dhtMode,
      DHTtestKeyStr: GLOFLOW_TEST_KEY,
      DHTtestValStr: init.testValue,
      SelfPeerIDstr: init.peerId,
      SelfAddrsSerializedLst: init.multiaddrs.map(withoutPeerId)
    }
  }
}

function peerInfo(address: Multiaddr): { readonly IDstr: string; readonly MultiaddrsLst: readonly string[] } {
  return { IDstr: address.getComponents().at(-1)?.value ?? '', MultiaddrsLst: [withoutPeerId(address)] }
}

function withoutPeerId(address: Multiaddr): string {
  return address.toString().replace(/\/p2p\/[^/]+$/, '')
}
