import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { transportSymbol, TypedEventEmitter } from '@libp2p/interface'
import type { ComponentLogger, CreateListenerOptions, Libp2pEvents, Listener, ListenerEvents, Metrics, Transport, TypedEventTarget, Upgrader } from '@libp2p/interface'
import { getThinWaistAddresses, ipPortToMultiaddr } from '@libp2p/utils'
import { webSockets } from '@libp2p/websockets'
import type { Multiaddr } from '@multiformats/multiaddr'
import { WebSocketServer } from 'ws'
import { WS_MAX_MESSAGE_BYTES } from '../limits.ts'
import { toConnection } from './websocket-connection.ts'

/** The place where the page's HTTP server hands over requests to upgrade, and where libp2p takes them. */
export interface PageSockets {
  /** libp2p's transport: listens through the page's server, dials as @libp2p/websockets does. */
  readonly transport: (components: PageTransportComponents) => Transport
  /**
   * Takes over an upgrade request; `client` is the address that it really came from. Returns false where libp2p does not listen (yet, or
   * any more).
   */
  readonly accept: (request: IncomingMessage, socket: Duplex, head: Buffer, client: { readonly address: string; readonly port: number }) => boolean
}

/** What the transport needs of libp2p. */
export interface PageTransportComponents {
  readonly logger: ComponentLogger
  readonly events: TypedEventTarget<Libp2pEvents>
  readonly metrics?: Metrics
}

/** How the page's server is reached. */
export interface PageEndpoint {
  readonly port: number
  readonly secure: boolean
}

/** Makes both sides. Only libp2p's public transport interface is used, so the page and the WebSocket share a port without a patch. */
export function createPageSockets(endpoint: PageEndpoint): PageSockets {
  const server = new WebSocketServer({ noServer: true, maxPayload: WS_MAX_MESSAGE_BYTES, perMessageDeflate: false, clientTracking: false })
  const suffix = endpoint.secure ? '/tls/ws' : '/ws'
  let listening: { readonly upgrader: Upgrader; readonly logger: ComponentLogger; readonly shutdown: AbortSignal } | undefined

  const listenOn = (components: PageTransportComponents, options: CreateListenerOptions): Listener => {
    const events = new TypedEventEmitter<ListenerEvents>()
    const shutdown = new AbortController()
    let listened: Multiaddr | undefined
    const listen = async (address: Multiaddr): Promise<void> => {
      listened = address
      listening = { upgrader: options.upgrader, logger: components.logger, shutdown: shutdown.signal }
      events.safeDispatchEvent('listening')
    }
    const close = async (): Promise<void> => {
      listened = undefined
      listening = undefined
      shutdown.abort()
      events.safeDispatchEvent('close')
    }
    const getAddrs = (): Multiaddr[] =>
      listened === undefined ? [] : getThinWaistAddresses(listened, endpoint.port).map((address) => address.encapsulate(suffix))
    return Object.assign(events, { listen, close, getAddrs, updateAnnounceAddrs: () => { /* nothing is known later than now */ } })
  }

  return {
    transport: (components) => {
      const dialler = webSockets()(components)
      return {
        [transportSymbol]: true,
        [Symbol.toStringTag]: 'gloflow/page-websocket',
        dial: (address, options) => dialler.dial(address, options),
        dialFilter: (addresses) => dialler.dialFilter(addresses),
        listenFilter: (addresses) => addresses.filter((address) => address.toString().endsWith(suffix)),
        createListener: (options) => listenOn(components, options)
      }
    },
    accept: (request, socket, head, client) => {
      const target = listening
      if (target === undefined) return false
      server.handleUpgrade(request, socket, head, (webSocket) => {
        const connection = toConnection({
          socket: webSocket,
          remoteAddr: ipPortToMultiaddr(client.address, client.port).encapsulate(suffix),
          log: target.logger.forComponent('gloflow:page-websocket:connection')
        })
        target.upgrader.upgradeInbound(connection, { signal: target.shutdown }).catch((error: unknown) => {
          connection.abort(error instanceof Error ? error : new TypeError(String(error)))
        })
      })
      return true
    }
  }
}
