import type { MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface'
import { webSockets } from '@libp2p/websockets'
import type { WebSocketsComponents } from '@libp2p/websockets'
import { P2pError } from '../errors.ts'

/**
 * libp2p's WebSocket transport, whose connections close their socket when they are aborted. The stock one closes it with code 1006, which no
 * program may send (RFC 6455, 7.4.1): the browser and Node refuse that, the socket stays open, and the other side takes the connection for
 * alive. A relay then asks this peer over a connection that nobody reads.
 */
export function closingWebSockets(): (components: WebSocketsComponents) => Transport {
  return (components) => {
    const transport = webSockets()(components)
    const dial = transport.dial.bind(transport)
    const createListener = transport.createListener.bind(transport)
    transport.dial = (address, options) => dial(address, { ...options, upgrader: closing(options.upgrader) })
    transport.createListener = (options) => createListener({ ...options, upgrader: closing(options.upgrader) })
    return transport
  }
}

/** The upgrader is where a transport hands its connections over: there each learns to close its socket. */
function closing(upgrader: Upgrader): Upgrader {
  return {
    upgradeInbound: (raw, options) => upgrader.upgradeInbound(closeOnReset(raw), options),
    upgradeOutbound: (raw, options) => upgrader.upgradeOutbound(closeOnReset(raw), options),
    createInboundAbortSignal: (signal) => upgrader.createInboundAbortSignal(signal),
    getStreamMuxers: () => upgrader.getStreamMuxers(),
    getConnectionEncrypters: () => upgrader.getConnectionEncrypters()
  }
}

function closeOnReset(raw: MultiaddrConnection): MultiaddrConnection {
  const socket: unknown = Reflect.get(raw, 'websocket')
  if (typeof Reflect.get(raw, 'sendReset') !== 'function' || !isClosable(socket)) {
    throw new P2pError('OPTION_INVALID', 'This version of @libp2p/websockets has no socket that can be closed. Use the pinned version.')
  }
  Reflect.set(raw, 'sendReset', () => { socket.close() })
  return raw
}

function isClosable(value: unknown): value is { close(): void } {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'close') === 'function'
}
