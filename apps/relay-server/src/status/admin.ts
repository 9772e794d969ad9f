import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import { RelayError } from '../errors.ts'
import { plainAddress } from '../http/client-address.ts'
import { readJsonBody } from '../http/json-body.ts'
import { methodNotAllowed, notFound, reply, replyJson, replyProblem } from '../http/reply.ts'
import { COMMON_HEADERS } from '../http/security-headers.ts'
import { DEFAULT_INVITATION_MS, MAX_INVITATION_MS } from '../limits.ts'
import type { RelayMeter } from './meter.ts'

/** What the admin port shows. It names peers and addresses, so it listens on loopback only. */
export interface AdminInit {
  readonly meter: RelayMeter
  /** In GloFlow's own shape. */
  readonly gloflowStatus: () => Promise<unknown>
  readonly fullStatus: () => unknown
  /** Makes an invitation that lasts so long, and its link. Undefined where the relay has none. */
  readonly invite: ((validMs: number) => { readonly token: string; readonly url: string; readonly expiresAtMs: number }) | undefined
}

/** Answers the requests of the admin port. */
export function createAdminRoutes(init: AdminInit): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
    if (!isLoopbackHost(request.headers.host)) {
      const action = 'Ask by http://127.0.0.1 or http://localhost.'
      replyProblem(request, response, { status: 403, code: 'FORBIDDEN_HOST', message: 'The admin port answers only to names of this machine.', action }, COMMON_HEADERS)
    } else if (path === '/v1/relay/invitations' && request.method === 'POST' && init.invite !== undefined) {
      await makeInvitation(init.invite, request, response)
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

/** POST {"validMs"?}: makes an invitation. */
async function makeInvitation(invite: NonNullable<AdminInit['invite']>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const { validMs = DEFAULT_INVITATION_MS } = await readJsonBody(request)
    if (typeof validMs !== 'number' || !(validMs > 0 && validMs <= MAX_INVITATION_MS)) throw new RelayError('BAD_REQUEST', `validMs is not a number from 1 to ${MAX_INVITATION_MS}.`, { action: 'Send {"validMs": 86400000} for a day.' })
    replyJson(request, response, 200, invite(validMs), COMMON_HEADERS)
  } catch (error) {
    if (!(error instanceof RelayError)) throw error
    replyProblem(request, response, { status: 400, code: error.code, message: error.message, action: error.action }, { ...COMMON_HEADERS, connection: 'close' })
  }
}

/** A name that another site could point here (DNS rebinding) is not one of this machine's. */
function isLoopbackHost(header: string | undefined): boolean {
  const host = (header ?? '').replace(/:\d+$/, '').toLowerCase()
  const address = plainAddress(host)
  if (address !== undefined && isIP(address) !== 0) return address === '::1' || address.startsWith('127.')
  return host === 'localhost'
}
