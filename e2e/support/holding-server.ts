import { createServer, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

/** A web server that answers nobody until it is told to. */
export interface HoldingServer extends AsyncDisposable {
  readonly url: string
  /** Resolves when a request waits. */
  readonly asked: Promise<void>
  /** Answers all that wait, and everyone from now on. */
  release(): void
}

/** Starts it on a free port. */
export async function startHoldingServer(): Promise<HoldingServer> {
  const waiting: ServerResponse[] = []
  const { promise: asked, resolve } = Promise.withResolvers<void>()
  let open = false
  const answer = (response: ServerResponse): void => { response.writeHead(204, { 'access-control-allow-origin': '*' }).end() }
  const server = createServer((_request, response) => {
    resolve()
    if (open) answer(response)
    else waiting.push(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    release() {
      open = true
      waiting.splice(0).forEach(answer)
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
}
