import { fileURLToPath } from 'node:url'
import { noise } from '@libp2p/noise'
import { tls } from '@libp2p/tls'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { identify, identifyPush } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import { createLibp2p } from 'libp2p'
import type { RelayConfig } from './config/options.ts'
import { openDataDir } from './data-dir.ts'
import { clientAddress } from './http/client-address.ts'
import { createPageRoutes } from './http/page-routes.ts'
import { startHttpServer } from './http/page-server.ts'
import { createStaticFiles } from './http/static-files.ts'
import { toBlockList } from './config/values.ts'
import { createPageSockets } from './transport/page-websocket.ts'
import type { Log } from './log.ts'
import { RELAY_VERSION } from './version.ts'

/** The content of the READY line. */
export interface Ready {
  readonly url: string
  readonly peerId: string
  readonly multiaddrs: readonly string[]
  readonly dataDir: string
  readonly adminUrl: string | null
  readonly version: string
}

/** A running relay. */
export interface Relay {
  readonly ready: Ready
  readonly stop: () => Promise<void>
}

const PAGE_FOLDER = fileURLToPath(new URL('../../web/build', import.meta.url))

/** Starts everything, or throws a RelayError and leaves nothing running. */
export async function startRelay(config: RelayConfig, log: Log): Promise<Relay> {
  const dataDir = await openDataDir(config.dataDir)
  const trusted = toBlockList(config.trustedProxy)
  const files = createStaticFiles(PAGE_FOLDER, config.embedOrigin)
  let sockets: ReturnType<typeof createPageSockets> | undefined
  const routes = createPageRoutes({ files, infoDocument: () => undefined, status: () => ({}), statusPage: () => '', notReady: () => undefined })
  const page = await startHttpServer({
    flag: '--http-port',
    port: config.httpPort,
    host: config.httpHost,
    certificate: undefined,
    onRequest: (request, response) => { void routes(request, response) },
    onUpgrade: (request, socket, head) => {
      if (sockets?.accept(request, socket, head, clientAddress(request, trusted)) !== true) socket.destroy()
    }
  })
  sockets = createPageSockets({ port: page.port, secure: false })
  const libp2p = await createLibp2p({
    privateKey: dataDir.privateKey,
    datastore: dataDir.datastore,
    addresses: { listen: [`/ip4/0.0.0.0/tcp/${config.tcpPort}`, '/ip4/0.0.0.0/tcp/0/ws'] },
    transports: [tcp(), sockets.transport],
    connectionEncrypters: [tls(), noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), identifyPush: identifyPush(), ping: ping(), relay: circuitRelayServer({ reservations: { maxReservations: 2000, applyDefaultLimit: false } }) }
  })
  if (!files.available()) log('warn', 'The web page is not built: run `npm start`, or `pnpm -C apps/web build`.')
  return {
    ready: {
      url: `http://localhost:${page.port}`,
      peerId: libp2p.peerId.toString(),
      multiaddrs: libp2p.getMultiaddrs().map((address) => address.toString()),
      dataDir: dataDir.path,
      adminUrl: null,
      version: RELAY_VERSION
    },
    stop: async () => {
      await libp2p.stop()
      await page.close()
      await dataDir.close()
    }
  }
}
