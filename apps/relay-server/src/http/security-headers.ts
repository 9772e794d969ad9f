import type { Headers } from './reply.ts'

/** On every reply: nothing is guessed from content, nothing tells other sites where a person came from. */
export const COMMON_HEADERS: Headers = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer'
}

/**
 * The page's content security policy. Scripts come from this origin only, and inline ones only by hash; connections may go to any
 * relay and peer, since relays come from links and forms; who may put the page into a frame is the operator's choice.
 */
export function contentSecurityPolicy(scriptHashes: readonly string[], embedOrigins: readonly string[]): string {
  return [
    "default-src 'none'",
    `script-src ${["'self'", "'wasm-unsafe-eval'", ...scriptHashes].join(' ')}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "media-src 'self' blob:",
    "font-src 'self' data:",
    "connect-src 'self' blob: http: https: ws: wss:",
    "worker-src 'self' blob:",
    "manifest-src 'self'",
    "frame-src 'self'",
    "base-uri 'self'",
    "form-action 'self'",
    `frame-ancestors ${["'self'", ...embedOrigins].join(' ')}`
  ].join('; ')
}

/**
 * The headers of a file of the page. Other sites may load scripts of it, such as the custom element, since the files are the same for
 * everyone; a document (with a policy) is kept apart from windows of other origins.
 */
export function pageHeaders(policy: string | undefined): Headers {
  if (policy === undefined) return { ...COMMON_HEADERS, 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' }
  return {
    ...COMMON_HEADERS,
    'content-security-policy': policy,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'cross-origin',
    'permissions-policy': 'geolocation=(), microphone=(), payment=(), usb=()'
  }
}
