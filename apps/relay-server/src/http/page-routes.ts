import type { IncomingMessage, ServerResponse } from 'node:http'
import { RelayError } from '../errors.ts'
import { readJsonBody } from './json-body.ts'
import { COMMON_HEADERS } from './security-headers.ts'
import { methodNotAllowed, notFound, reply, replyJson, replyProblem } from './reply.ts'
import type { HttpProblem } from './reply.ts'
import type { StaticFiles } from './static-files.ts'

/** What the public routes show. */
export interface PageRoutesInit {
  readonly files: StaticFiles
  /** Undefined until the relay can serve peers. */
  readonly infoDocument: () => unknown
  readonly status: () => unknown
  readonly statusPage: () => string
  /** Why the relay cannot serve peers now; undefined = it can. */
  readonly notReady: () => string | undefined
  /** Uses an invitation for a peer; throws a RelayError. Undefined where the relay has no invitations. */
  readonly redeem: ((token: string, peerId: string) => { readonly expiresAtMs: number }) | undefined
}

/** Serves the page and what the relay tells everyone. */
export function createPageRoutes(init: PageRoutesInit): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const routes: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>> = {
    '/healthz': (request, response) => reply(request, response, 200, { ...COMMON_HEADERS, 'content-type': 'text/plain', 'cache-control': 'no-store' }, 'ok\n'),
    '/readyz': (request, response) => {
      const reason = init.notReady()
      if (reason === undefined) replyJson(request, response, 200, { ready: true }, COMMON_HEADERS)
      else replyProblem(request, response, notReadyProblem(reason), { ...COMMON_HEADERS, 'retry-after': '1' })
    },
    '/status.json': (request, response) => replyJson(request, response, 200, init.status(), { ...COMMON_HEADERS, 'access-control-allow-origin': '*' }),
    '/status': (request, response) =>
      reply(request, response, 200, { ...COMMON_HEADERS, 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'" }, init.statusPage()),
    '/.well-known/gloflow-relay.json': (request, response) => {
      const document = init.infoDocument()
      const headers = { ...COMMON_HEADERS, 'access-control-allow-origin': '*' }
      if (document === undefined) replyProblem(request, response, notReadyProblem('The relay is starting.'), { ...headers, 'retry-after': '1' })
      else replyJson(request, response, 200, document, headers)
    }
  }
  return async (request, response) => {
    const path = pathOf(request.url ?? '/')
    if (path === INVITATIONS && init.redeem !== undefined) return await redeemInvitation(init.redeem, request, response)
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      replyProblem(request, response, methodNotAllowed(request.method ?? ''), { ...COMMON_HEADERS, allow: 'GET, HEAD', connection: 'close' })
      return
    }
    if (path === undefined) {
      replyProblem(request, response, { status: 400, code: 'BAD_REQUEST', message: 'The path of the request cannot be read.', action: 'Open the relay\'s page at /.' }, COMMON_HEADERS)
      return
    }
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined
    if (route !== undefined) route(request, response)
    else await servePage(init.files, request, response, path)
  }
}

/** Where an invitation is used: POST {"token", "peerId"}. */
const INVITATIONS = '/v1/relay/invitations/redeem'

/** Open to pages of other origins, since what counts is the invitation. */
async function redeemInvitation(redeem: NonNullable<PageRoutesInit['redeem']>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = { ...COMMON_HEADERS, 'access-control-allow-origin': '*', 'access-control-allow-headers': 'content-type', 'access-control-allow-methods': 'POST' }
  if (request.method === 'OPTIONS') return reply(request, response, 204, headers, '')
  if (request.method !== 'POST') return replyProblem(request, response, methodNotAllowed(request.method ?? ''), { ...headers, allow: 'POST, OPTIONS' })
  try {
    const { token, peerId } = await readJsonBody(request)
    replyJson(request, response, 200, redeem(String(token), String(peerId)), headers)
  } catch (error) {
    if (!(error instanceof RelayError)) throw error
    const status = error.code === 'BODY_TOO_LARGE' ? 413 : error.code === 'BAD_REQUEST' ? 400 : 403
    replyProblem(request, response, { status, code: error.code, message: error.message, action: error.action }, { ...headers, connection: 'close' })
  }
}

async function servePage(files: StaticFiles, request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
  if (await files.serve(request, response, path)) return
  const wantsPage = path === '/' || (String(request.headers.accept ?? '').includes('text/html') && !/\.[a-z0-9]+$/i.test(path) && !path.startsWith('/.well-known/'))
  if (wantsPage && (await files.serveFallback(request, response))) return
  if (wantsPage && !files.available()) replyProblem(request, response, PAGE_NOT_BUILT, COMMON_HEADERS)
  else replyProblem(request, response, notFound(path), COMMON_HEADERS)
}

/** The path of a request's target, decoded; `undefined` where it cannot be. */
function pathOf(target: string): string | undefined {
  const raw = target.split(/[?#]/, 1)[0] ?? ''
  try {
    const path = decodeURIComponent(raw)
    return path.startsWith('/') && !path.includes('\0') ? path : undefined
  } catch {
    return undefined
  }
}

const PAGE_NOT_BUILT: HttpProblem = {
  status: 503,
  code: 'PAGE_NOT_BUILT',
  message: 'The relay runs, but its web page has not been built.',
  action: 'Run `npm start` once, or `pnpm -C apps/web build`, and open this page again.'
}

function notReadyProblem(reason: string): HttpProblem {
  return { status: 503, code: 'NOT_READY', message: reason, action: 'Try again in a moment.' }
}
