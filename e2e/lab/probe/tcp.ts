import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Dependence } from '../kinds.ts'
import { PROBE_PORTS, parseReply, sameEndpoint, type Endpoint, type ProbeRequest, type ServerEndpoint } from './wire.ts'

const CONNECT_TIMEOUT_MS = 3_000

/** Time for a connection from outside: two SYNs' worth (the second comes after 1 s), since the first may meet an unresolved neighbour. */
const CALL_BACK_MS = 1_500

const PRIMARY: ServerEndpoint = { address: 0, port: 0 }

/** Connects from a local port (0 = any); `undefined` where it cannot. */
async function dial(servers: readonly [string, string], { address, port }: ServerEndpoint, localPort: number): Promise<Socket | undefined> {
  const socket = connect({ host: servers[address], port: PROBE_PORTS[port], localAddress: '0.0.0.0', localPort })
  socket.on('error', () => {})
  const timer = setTimeout(() => socket.destroy(), CONNECT_TIMEOUT_MS)
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {})
  clearTimeout(timer)
  return socket.destroyed ? undefined : socket
}

async function where(socket: Socket): Promise<Endpoint | undefined> {
  const token = randomUUID()
  const lines = createInterface({ input: socket })
  write(socket, { op: 'where', token })
  const timer = setTimeout(() => lines.close(), CONNECT_TIMEOUT_MS)
  for await (const line of lines) {
    const reply = parseReply(line)
    if (reply.token !== token) continue
    clearTimeout(timer)
    return reply.seen
  }
  return undefined
}

function write(socket: Socket, request: ProbeRequest): void {
  socket.write(`${JSON.stringify(request)}\n`)
}

/** As `udpMapping`, with connections from one local port. */
export async function tcpMapping(servers: readonly [string, string]): Promise<Dependence | undefined> {
  const sockets: Socket[] = []
  const seen: (Endpoint | undefined)[] = []
  try {
    for (const endpoint of [PRIMARY, { address: 0, port: 1 }, { address: 1, port: 0 }] as const) {
      const localPort = sockets[0]?.localPort ?? 0
      const socket = await dial(servers, endpoint, localPort)
      if (socket === undefined) return undefined
      sockets.push(socket)
      seen.push(await where(socket))
    }
  } finally {
    for (const socket of sockets) socket.destroy()
  }
  const [primary, otherPort, otherAddress] = seen
  if (primary === undefined || otherPort === undefined || otherAddress === undefined) return undefined
  if (!sameEndpoint(primary, otherPort)) return 'address-and-port-dependent'
  return sameEndpoint(primary, otherAddress) ? 'endpoint-independent' : 'address-dependent'
}

/** As `udpFiltering`: the server calls back to the port of a connection, where we listen by then. */
export async function tcpFiltering(servers: readonly [string, string]): Promise<Dependence | undefined> {
  const socket = await dial(servers, PRIMARY, 0)
  if (socket === undefined) return undefined
  const tokens = new Set<string>()
  const server = createServer((inbound) => {
    inbound.on('error', () => {})
    createInterface({ input: inbound }).on('line', (line) => tokens.add(parseReply(line).token)).on('error', () => {})
  })
  try {
    server.listen(socket.localPort ?? 0)
    await once(server, 'listening')
    const port = (server.address() as AddressInfo).port
    if (port !== socket.localPort) return undefined
    const isCalledFrom = async (from: ServerEndpoint): Promise<boolean> => {
      const token = randomUUID()
      write(socket, { op: 'send', token, from, afterMs: 0 })
      const until = Date.now() + CALL_BACK_MS
      while (!tokens.has(token) && Date.now() < until) await new Promise((resolve) => { setTimeout(resolve, 20) })
      return tokens.has(token)
    }
    if (await isCalledFrom({ address: 1, port: 1 })) return 'endpoint-independent'
    return (await isCalledFrom({ address: 0, port: 1 })) ? 'address-dependent' : 'address-and-port-dependent'
  } finally {
    socket.destroy()
    server.close()
  }
}

/** Whether a silent connection still carries data from the server after that long. */
export async function tcpSurvivesSilence(servers: readonly [string, string], silenceMs: number): Promise<boolean> {
  const socket = await dial(servers, PRIMARY, 0)
  if (socket === undefined) return false
  const token = randomUUID()
  const lines = createInterface({ input: socket })
  const timer = setTimeout(() => lines.close(), silenceMs + CALL_BACK_MS)
  write(socket, { op: 'send', token, from: PRIMARY, afterMs: silenceMs })
  try {
    for await (const line of lines) if (parseReply(line).token === token) return true
    return false
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

/** Whether a connection to that port of the probe's host can be made at all. */
export async function tcpConnects(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port })
  socket.on('error', () => {})
  const timer = setTimeout(() => socket.destroy(), CALL_BACK_MS)
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {})
  clearTimeout(timer)
  const connected = !socket.destroyed
  socket.destroy()
  return connected
}
