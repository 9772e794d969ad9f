import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { isIP } from 'node:net'
import { clientKey } from '../access/client-key.ts'
import { createTokenBuckets } from '../access/token-buckets.ts'
import { systemCode } from '../errors.ts'
import { portError } from '../http/page-server.ts'
import { MAX_REMEMBERED_CLIENTS, STUN_BURST_PER_SOURCE, STUN_REQUESTS_PER_S, STUN_REQUESTS_PER_SOURCE_PER_S } from '../limits.ts'
import { bindingResponse, parseBindingRequest } from './binding.ts'

/** What became of a datagram. */
export type StunOutcome = 'answered' | 'malformed' | 'limited'

/** A listening STUN service. */
export interface StunServer {
  readonly port: number
  readonly close: () => Promise<void>
}

/** Answers Binding requests over UDP, one datagram each, bounded for each source and in all. Throws PORT_IN_USE or PORT_REFUSED. */
export async function startStunServer(init: {
  readonly port: number
  readonly host: string
  readonly onOutcome: (outcome: StunOutcome) => void
  readonly now: () => number
}): Promise<StunServer> {
  const perSource = createTokenBuckets({ perSecond: STUN_REQUESTS_PER_SOURCE_PER_S, burst: STUN_BURST_PER_SOURCE, maxKeys: MAX_REMEMBERED_CLIENTS })
  const all = createTokenBuckets({ perSecond: STUN_REQUESTS_PER_S, burst: STUN_REQUESTS_PER_S, maxKeys: 1 })
  const socket = await bind(init.port, init.host)
  socket.on('error', () => { /* an answer that could not be sent: the client asks again */ })
  socket.on('message', (datagram, source) => {
    const request = parseBindingRequest(datagram)
    if (request === undefined) return init.onOutcome('malformed')
    const nowMs = init.now()
    const address = source.address.replace(/^::ffff:(?=\d+\.)/i, '')
    if (!perSource.take(clientKey(address) ?? 'loopback', nowMs) || !all.take('all', nowMs)) return init.onOutcome('limited')
    socket.send(bindingResponse(request, { address, port: source.port }), source.port, source.address, () => { /* best effort, as UDP is */ })
    init.onOutcome('answered')
  })
  return {
    port: socket.address().port,
    close: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      socket.close(() => resolve())
      return promise
    }
  }
}

/** IPv6 and IPv4 on one socket, or IPv4 alone where this machine has no IPv6. */
async function bind(port: number, host: string): Promise<Socket> {
  if (host !== '') return await bindOne(isIP(host) === 6 ? 'udp6' : 'udp4', port, host)
  try {
    return await bindOne('udp6', port, '::')
  } catch (error) {
    if (systemCode(error) === 'EADDRINUSE' || (error instanceof Error && systemCode(error.cause) === 'EADDRINUSE')) throw error
    return await bindOne('udp4', port, '0.0.0.0')
  }
}

function bindOne(type: 'udp4' | 'udp6', port: number, address: string): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const socket = createSocket({ type })
  socket.once('error', (error) => {
    socket.close()
    reject(portError(error, '--stun-port', port))
  })
  socket.bind({ port, address }, () => {
    socket.removeAllListeners('error')
    resolve(socket)
  })
  return promise
}
