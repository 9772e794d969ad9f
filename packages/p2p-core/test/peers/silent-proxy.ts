import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A TCP proxy whose wire can be cut without either side being told, as a network does that goes away. */
export interface SilentProxy extends AsyncDisposable {
  readonly port: number
  /** Bytes go nowhere until `false` is given again; those that came meanwhile are delivered then. */
  silence(on: boolean): void
}

/** Starts a proxy on loopback to a port there. */
export async function startSilentProxy(target: number): Promise<SilentProxy> {
  const sockets = new Set<Socket>()
  const server = createServer((from) => {
    const to = connect(target, '127.0.0.1')
    for (const [one, other] of [[from, to], [to, from]] as const) {
      sockets.add(one)
      one.on('data', (chunk) => { other.write(chunk) })
      one.on('close', () => { other.destroy() })
      one.on('error', () => { one.destroy() })
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    silence(on) { for (const socket of sockets) if (on) socket.pause(); else socket.resume() },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    }
  }
}
