import { AbstractMultiaddrConnection } from '@libp2p/utils'
import type { AbstractMultiaddrConnectionInit, SendResult } from '@libp2p/utils'
import type { AbortOptions, MultiaddrConnection } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { WebSocket } from 'ws'
import { WS_CLOSE_TIMEOUT_MS, WS_HIGH_WATER_BYTES, WS_LOW_WATER_BYTES } from '../limits.ts'

/** An accepted WebSocket and what libp2p wants to know about it. */
export interface WebSocketConnectionInit extends Omit<AbstractMultiaddrConnectionInit, 'direction'> {
  readonly socket: WebSocket
}

/** Inherits because libp2p's upgrader takes connections of this class family; everything that is not WebSocket is in the base. */
class WebSocketConnection extends AbstractMultiaddrConnection {
  readonly #socket: WebSocket
  #full = false

  constructor(init: WebSocketConnectionInit) {
    super({ ...init, direction: 'inbound' })
    this.#socket = init.socket
    this.#socket.binaryType = 'nodebuffer'
    this.#socket.on('message', (data, isBinary) => {
      // Text is no libp2p frame; without fragments of `ws` every binary message is one Buffer.
      if (isBinary && Buffer.isBuffer(data)) this.onData(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
      else this.abort(new TypeError('A WebSocket message was not binary'))
    })
    this.#socket.once('close', (code: number) => {
      if (code === ABNORMAL_CLOSURE) this.onRemoteReset()
      else this.onTransportClosed()
    })
    this.#socket.on('error', () => this.#socket.terminate())
  }

  sendData(data: Uint8ArrayList): SendResult {
    const sentBytes = data.byteLength
    for (const part of data) this.#socket.send(part, this.#onWritten)
    this.#full = this.#socket.bufferedAmount >= WS_HIGH_WATER_BYTES
    return { sentBytes, canSendMore: !this.#full }
  }

  sendReset(): void {
    this.#socket.terminate()
  }

  async sendClose(options?: AbortOptions): Promise<void> {
    this.#socket.close()
    setTimeout(() => this.#socket.terminate(), WS_CLOSE_TIMEOUT_MS).unref()
    options?.signal?.throwIfAborted()
  }

  sendPause(): void {
    this.#socket.pause()
  }

  sendResume(): void {
    this.#socket.resume()
  }

  /** Called after each write that the system took; an error shows as `close` as well. */
  readonly #onWritten = (): void => {
    if (!this.#full || this.#socket.bufferedAmount > WS_LOW_WATER_BYTES) return
    this.#full = false
    this.safeDispatchEvent('drain')
  }
}

/** The other side went without a closing handshake. Source: RFC 6455 section 7.4.1. */
const ABNORMAL_CLOSURE = 1006

/** Makes a libp2p connection of an accepted WebSocket. */
export function toConnection(init: WebSocketConnectionInit): MultiaddrConnection {
  return new WebSocketConnection(init)
}
