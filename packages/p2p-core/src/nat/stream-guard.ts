import type { StreamMiddleware } from '@libp2p/interface'

/**
 * What to give to `libp2p.use` for one middleware. libp2p 3.3 appends a protocol's handler to the list that it was given, once for each
 * inbound stream, and never takes it out again: from the second stream on the handler runs several times, and on outbound streams, too.
 * This list does not grow; the middleware's `next` runs the handler once, of inbound streams only.
 */
export function streamGuard(guard: StreamMiddleware): StreamMiddleware[] {
  let handler: StreamMiddleware | undefined
  const chain: StreamMiddleware[] = [(stream, connection, next) => {
    // libp2p appends it and calls this without anything in between, so that it is this stream's
    const handle = stream.direction === 'inbound' ? handler : undefined
    handler = undefined
    return guard(stream, connection, (...passed) => {
      if (handle === undefined) return next(...passed)
      Promise.resolve(handle(...passed, next)).catch((error: unknown) => { passed[0].abort(error instanceof Error ? error : new TypeError(String(error))) })
    })
  }]
  Object.defineProperty(chain, 'push', { value: (appended: StreamMiddleware) => { handler = appended; return chain.length } })
  return chain
}
