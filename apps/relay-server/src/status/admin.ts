import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import { plainAddress } from '../http/client-address.ts'
import { methodNotAllowed, notFound, reply, replyJson, replyProblem } from '../http/reply.ts'
import { COMMON_HEADERS } from '../http/security-headers.ts'
import type { RelayMeter } from './meter.ts'

/** What the admin port shows. It names peers and addresses, so it listens on loopback only. */
export interface AdminInit {
  readonly meter: RelayMeter
  /** In GloFlow's own shape. */
  readonly gloflowStatus: () => Promise<unknown>
  readonly fullStatus: () => unknown
}

/** Answers the requests of the admin port. */
export function createAdminRoutes(init: AdminInit): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
    if (!isLoopbackHost(request.headers.host)) {
      const action = 'Ask by http://127.0.0.1 or http://localhost.'
      replyProblem(request, response, { status: 403, code: 'FORBIDDEN_HOST', message: 'The admin port answers only to names of this machine.', action }, COMMON_HEADERS)
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      replyProblem(request, response, methodNotAllowed(request.method ?? ''), { ...COMMON_HEADERS, allow: 'GET, HEAD', connection: 'close' })
    } else if (path === '/metrics') {
      reply(request, response, 200, { ...COMMON_HEADERS, 'content-type': init.meter.contentType, 'cache-control': 'no-store' }, await init.meter.metrics())
    } else if (path === '/v1/p2p/status') {
      replyJson(request, response, 200, await init.gloflowStatus(), COMMON_HEADERS)
    } else if (path === '/status.json') {
      replyJson(request, response, 200, init.fullStatus(), COMMON_HEADERS)
    } else {
      replyProblem(request, response, notFound(path), COMMON_HEADERS)
    }
  }
}

/** A name that another site could point here (DNS rebinding) is not one of this machine's. */
function isLoopbackHost(header: string | undefined): boolean {
  const host = (header ?? '').replace(/:\d+$/, '').toLowerCase()
  const address = plainAddress(host)
  if (address !== undefined && isIP(address) !== 0) return address === '::1' || address.startsWith('127.')
  return host === 'localhost'
}
