import { noise } from '@libp2p/noise'
import { webRTC, webRTCDirect } from '@libp2p/webrtc'
import { P2pError } from '../errors.ts'
import { loadBrowserIdentity } from '../identity/web-key.browser.ts'
import { withPeerIdCheck } from '../identity/verify.ts'
import { reachOfPage } from '../nat/address-policy.ts'
import { openIdbStorage } from '../persistence/idb.browser.ts'
import { createBrowserFileSinks, createBrowserHasher } from '../protocol/send.browser.ts'
import { closingWebSockets } from '../relays/web-sockets.ts'
import { VERSION } from '../version.ts'
import type { Platform } from './platform.ts'

/** Browser: WebSockets and circuits, WebRTC for direct paths, key and datastore in IndexedDB. */
export const platform: Platform = {
  kind: 'browser',
  agentVersion: `gloflow-peers/${VERSION} browser`,
  loadIdentity: ({ storageName }) => loadBrowserIdentity(storageName),
  openStorage: ({ storageName }, self) => openIdbStorage(`${storageName}-${self.toString()}`),
  addressReach: () => ({ reach: reachOfPage(globalThis.location.href), resolve: undefined }),
  openFileSinks: createBrowserFileSinks,
  createHasher: createBrowserHasher,
  createDht: () => { throw new P2pError('OPTION_INVALID', 'A peer in a browser has no DHT. It finds others at its relays, which are in the DHT.') },
  createCrypto: async () => (await import('../access/crypto-web.ts')).createWebCrypto(),
  async libp2pParts(options, { iceServers, circuits }) {
    return {
      transports: [
        closingWebSockets(),
        circuits,
        ...(options.webrtc ? [webRTC({ rtcConfiguration: () => ({ iceServers: iceServers() }) })] : []),
        ...(options.webrtcDirect ? [webRTCDirect({ rtcConfiguration: { iceServers: [] } })] : [])
      ],
      connectionEncrypters: [withPeerIdCheck(noise())],
      // no DCUtR: it punches holes for TCP and QUIC, of which a page has neither; WebRTC brings its own
      services: {},
      // a browser has no DNS but somebody's HTTPS service, and who is dialled is nobody's business: /dnsaddr is not resolved
      connectionManager: { resolvers: {} },
      listen: options.webrtc ? ['/webrtc'] : []
    }
  }
}
