import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { clientKey } from './access/client-key.ts'
import { createTokenBuckets } from './access/token-buckets.ts'
import type { RelayConfig } from './config/options.ts'
import { toBlockList } from './config/values.ts'
import { messageOf } from './errors.ts'
import { readCertificate, watchCertificate } from './http/certificate.ts'
import { clientAddress, isTrustedProxy, plainAddress } from './http/client-address.ts'
import { createPageRoutes } from './http/page-routes.ts'
import type { PageRoutesInit } from './http/page-routes.ts'
import { startHttpServer } from './http/page-server.ts'
import type { Certificate } from './http/page-server.ts'
import { replyProblem } from './http/reply.ts'
import { createStaticFiles } from './http/static-files.ts'
import { MAX_REMEMBERED_CLIENTS, REQUESTS_PER_CLIENT_PER_S, REQUEST_BURST_PER_CLIENT } from './limits.ts'
import type { Log } from './log.ts'
import type { RelayMeter } from './status/meter.ts'
import { createPageSockets } from './transport/page-websocket.ts'
import type { PageSockets } from './transport/page-websocket.ts'

/** The page's port: files, what the relay tells everyone, and the WebSocket. */
export interface Page {
  readonly port: number
  readonly certificate: Certificate | undefined
  readonly sockets: PageSockets
  readonly built: boolean
  readonly close: () => Promise<void>
}

/** Where the web peer is built to. */
const PAGE_FOLDER = fileURLToPath(new URL('../../web/build', import.meta.url))

const TOO_MANY = { status: 429, code: 'TOO_MANY_REQUESTS', message: 'This address sends more requests than a page needs.', action: 'Wait a second.' } as const

/** Starts the page's port. Throws PORT_IN_USE, PORT_REFUSED or TLS_INVALID. */
export async function startPage(config: RelayConfig, views: Omit<PageRoutesInit, 'files'>, meter: RelayMeter, log: Log, now: () => number): Promise<Page> {
  const tls = config.tlsCert === undefined || config.tlsKey === undefined ? undefined : { cert: config.tlsCert, key: config.tlsKey }
  const certificate = tls === undefined ? undefined : readCertificate(tls)
  const trusted = toBlockList(config.trustedProxy)
  const files = createStaticFiles(PAGE_FOLDER, config.embedOrigin)
  const routes = createPageRoutes({ ...views, files })
  const rate = createTokenBuckets({ perSecond: REQUESTS_PER_CLIENT_PER_S, burst: REQUEST_BURST_PER_CLIENT, maxKeys: MAX_REMEMBERED_CLIENTS })
  let sockets: PageSockets | undefined

  const mayAsk = (request: IncomingMessage): boolean => {
    const client = clientKey(clientAddress(request, trusted).address)
    if (client === undefined || rate.take(client, now())) return true
    meter.refused('HTTP_RATE')
    return false
  }
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => socket.destroy())
    if (sockets?.accept(request, socket, head, clientAddress(request, trusted)) === true) return
    socket.end('HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
  }

  const server = await startHttpServer({
    flag: '--http-port',
    port: config.httpPort,
    host: config.httpHost,
    certificate,
    countedAddress: (address) => isTrustedProxy(address, trusted) ? undefined : clientKey(plainAddress(address) ?? ''),
    onUpgrade,
    onRequest: (request, response) => {
      if (!mayAsk(request)) return replyProblem(request, response, TOO_MANY, { 'retry-after': '1' })
      routes(request, response).catch((error: unknown) => {
        log('error', 'A request could not be answered.', { reason: messageOf(error) })
        response.destroy()
      })
    }
  })
  sockets = createPageSockets({ port: server.port, secure: certificate !== undefined })
  const stopWatching = tls === undefined ? undefined : watchCertificate(tls, (next) => {
    server.setCertificate(next)
    log('info', 'The certificate changed; new connections use it.')
  }, (error) => log('warn', `${error.message} The certificate before it stays in use.`))
  return {
    port: server.port,
    certificate,
    sockets,
    built: files.available(),
    close: async () => {
      stopWatching?.()
      await server.close()
    }
  }
}
