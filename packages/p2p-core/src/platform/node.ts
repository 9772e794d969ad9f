import { join } from 'node:path'
import { autoNAT } from '@libp2p/autonat'
import { autoNATv2 } from '@libp2p/autonat-v2'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { createDht } from '../discovery/dht/dht.ts'
import { createEphemeralIdentity } from '../identity/ephemeral.ts'
import { loadKeyFile } from '../identity/key-file.node.ts'
import { withPeerIdCheck } from '../identity/verify.ts'
import { UNRESTRICTED_REACH } from '../nat/address-policy.ts'
import { tcpPunching } from '../nat/tcp-punching.node.ts'
import { openLevelStorage } from '../persistence/level.node.ts'
import { createMemoryStorage } from '../persistence/storage.ts'
import { createNodeFileSinks, createNodeHasher } from '../protocol/send.node.ts'
import { closingWebSockets } from '../relays/web-sockets.ts'
import { VERSION } from '../version.ts'
import type { Platform } from './platform.ts'

const NO_DATA_DIR = 'No data directory was given.'

/** Node: TCP first, TLS before Noise, key and datastore as files. */
export const platform: Platform = {
  kind: 'node',
  agentVersion: `gloflow-peers/${VERSION} node`,
  loadIdentity: ({ dataDir }) => dataDir === undefined ? createEphemeralIdentity(NO_DATA_DIR) : loadKeyFile(join(dataDir, 'identity.key')),
  openStorage: async ({ dataDir }) => dataDir === undefined ? createMemoryStorage(NO_DATA_DIR) : openLevelStorage(join(dataDir, 'store')),
  addressReach: () => ({ reach: UNRESTRICTED_REACH, resolve: undefined }),
  openFileSinks: async ({ downloads }) => downloads === undefined ? undefined : createNodeFileSinks(downloads),
  createHasher: createNodeHasher,
  createDht,
  createCrypto: async () => (await import('../access/crypto-node.node.ts')).createNodeCrypto(),
  async libp2pParts(options, { iceServers, circuits }) {
    // node-datachannel is a native module of some megabytes: loaded only where it is used
    const webrtc = options.webrtc || options.webrtcDirect ? await import('@libp2p/webrtc') : undefined
    return {
      transports: [
        tcp(),
        closingWebSockets(),
        circuits,
        ...(options.webrtc && webrtc !== undefined ? [webrtc.webRTC({ rtcConfiguration: () => ({ iceServers: iceServers() }) })] : []),
        ...(options.webrtcDirect && webrtc !== undefined ? [webrtc.webRTCDirect({ rtcConfiguration: { iceServers: [] } })] : [])
      ],
      connectionEncrypters: [withPeerIdCheck(tls()), withPeerIdCheck(noise())],
      services: { dcutr: tcpPunching(), autoNAT: autoNAT(), autoNATv2: autoNATv2() },
      connectionManager: {},
      listen: [
        '/ip4/0.0.0.0/tcp/0',
        '/ip6/::/tcp/0',
        '/ip4/0.0.0.0/tcp/0/ws',
        ...(options.webrtc ? ['/webrtc'] : []),
        ...(options.webrtcDirect ? ['/ip4/0.0.0.0/udp/0/webrtc-direct'] : [])
      ]
    }
  }
}
