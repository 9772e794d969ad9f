import { createServer as createHttpServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Server as HttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { RelayError, systemCode } from '../errors.ts'
import { HTTP_HEADERS_TIMEOUT_MS, HTTP_KEEP_ALIVE_MS, HTTP_MAX_HEADER_BYTES, HTTP_MAX_HEADERS, HTTP_REQUEST_TIMEOUT_MS, MAX_CONNECTIONS_PER_CLIENT } from '../limits.ts'

/** A certificate chain and its key, both in PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** What a server of the relay is made of. */
export interface HttpServerInit {
  /** The flag that chose the port, for messages. */
  readonly flag: string
  readonly port: number
  /** Empty = all addresses of this machine. */
  readonly host: string
  readonly certificate: Certificate | undefined
  /** The key by which a socket's address is counted; undefined = it is not. */
  readonly countedAddress: (address: string) => string | undefined
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void
  readonly onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
}

/** A listening server. */
export interface ListeningServer {
  readonly port: number
  readonly server: Server | HttpsServer
  /** Uses a new certificate for connections from now on. */
  readonly setCertificate: (certificate: Certificate) => void
  /** Stops accepting, and cuts what is still open. */
  readonly close: () => Promise<void>
}

/** Starts a server with bounds on what a client may send and how long it may take. Throws PORT_IN_USE or PORT_REFUSED. */
export async function startHttpServer(init: HttpServerInit): Promise<ListeningServer> {
  const options = {
    headersTimeout: HTTP_HEADERS_TIMEOUT_MS,
    requestTimeout: HTTP_REQUEST_TIMEOUT_MS,
    keepAliveTimeout: HTTP_KEEP_ALIVE_MS,
    maxHeaderSize: HTTP_MAX_HEADER_BYTES,
    noDelay: true
  }
  const secure = init.certificate === undefined ? undefined : createHttpsServer({ ...options, ...init.certificate })
  const server = secure ?? createHttpServer(options)
  server.maxHeadersCount = HTTP_MAX_HEADERS
  server.on('request', init.onRequest)
  server.on('upgrade', init.onUpgrade)
  server.on('clientError', (_error, socket) => refuseBadRequest(socket))
  limitSockets(server, init.countedAddress)
  await listen(server, init)
  const { port } = server.address() as AddressInfo
  return {
    port,
    server,
    setCertificate: (certificate) => secure?.setSecureContext(certificate),
    close: () => closeServer(server)
  }
}

/** Bounds the sockets of one address, also those that never send a request. */
function limitSockets(server: Server | HttpsServer, countedAddress: HttpServerInit['countedAddress']): void {
  const open = new Map<string, number>()
  server.on('connection', (socket: Socket) => {
    const key = countedAddress(socket.remoteAddress ?? '')
    if (key === undefined) return
    const count = open.get(key) ?? 0
    if (count >= MAX_CONNECTIONS_PER_CLIENT) {
      socket.destroy()
      return
    }
    open.set(key, count + 1)
    socket.once('close', () => {
      const left = (open.get(key) ?? 1) - 1
      if (left <= 0) open.delete(key)
      else open.set(key, left)
    })
  })
}

/** Listens, or says what stands in the way. */
function listen(server: Server | HttpsServer, init: HttpServerInit): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', (error) => reject(portError(error, init.flag, init.port)))
  server.listen({ port: init.port, ...(init.host === '' ? {} : { host: init.host }) }, () => {
    server.removeAllListeners('error')
    server.on('error', () => { /* a listening server reports nothing that ends it */ })
    resolve()
  })
  return promise
}

/** Why a port could not be had, and what to do. */
export function portError(error: unknown, flag: string, port: number): RelayError {
  if (systemCode(error) === 'EADDRINUSE') {
    const action = `Stop the other program, or choose another port with ${flag} (0 = any free port).`
    return new RelayError('PORT_IN_USE', `Port ${port} is in use by another program (${flag}).`, { action, retryable: true, cause: error })
  }
  const action = `Choose another port or address with ${flag}; ports below 1024 need privileges.`
  return new RelayError('PORT_REFUSED', `Port ${port} cannot be listened on (${flag}): ${systemCode(error) ?? String(error)}.`, { action, cause: error })
}

function closeServer(server: Server | HttpsServer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeAllConnections()
  return promise
}

function refuseBadRequest(socket: Duplex): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const body = '{"code":"BAD_REQUEST","message":"The request is not HTTP as it should be.","action":"Check the client."}\n'
  socket.end(`HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
}
