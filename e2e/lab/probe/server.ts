// The probe's server: runs on the host `probe`, on both of its addresses. Arguments: the two IPv4 addresses.
// Prints one line when it listens.
import { createSocket, type Socket } from 'node:dgram'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { once } from 'node:events'
import { PROBE_PORTS, parseRequest, type ServerEndpoint } from './wire.ts'

const addresses = process.argv.slice(2)
const key = ({ address, port }: ServerEndpoint): string => `${address}/${port}`
const udp = new Map<string, Socket>()

for (const address of [0, 1] as const) {
  for (const port of [0, 1] as const) {
    const endpoint = { address, port }
    await listenUdp(endpoint)
    await listenTcp(endpoint)
  }
}
await once(createServer((socket) => socket.end()).listen(443, addresses[0]), 'listening')
console.log('ready')
process.stdin.resume().once('end', () => process.exit(0))

async function listenUdp(endpoint: ServerEndpoint): Promise<void> {
  const socket = createSocket('udp4')
  udp.set(key(endpoint), socket)
  socket.on('message', (message, { address, port }) => {
    const request = parseRequest(message.toString('utf8'))
    if (request.op === 'where') {
      socket.send(JSON.stringify({ token: request.token, seen: { address, port } }), port, address)
      return
    }
    const answer = (): void => { udp.get(key(request.from))?.send(JSON.stringify({ token: request.token }), port, address) }
    if (request.afterMs === 0) answer()
    else setTimeout(answer, request.afterMs)
  })
  socket.bind(PROBE_PORTS[endpoint.port], addresses[endpoint.address])
  await once(socket, 'listening')
}

async function listenTcp(endpoint: ServerEndpoint): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => {}) // a client that goes away is no news
    const { remoteAddress = '', remotePort = 0 } = socket
    createInterface({ input: socket }).on('line', (line) => {
      const request = parseRequest(line)
      if (request.op === 'where') {
        socket.write(`${JSON.stringify({ token: request.token, seen: { address: remoteAddress, port: remotePort } })}\n`)
        return
      }
      setTimeout(() => {
        if (key(request.from) === key(endpoint)) socket.write(`${JSON.stringify({ token: request.token })}\n`)
        else callBack(request.from, remoteAddress, remotePort, request.token)
      }, request.afterMs)
    }).on('error', () => {})
  })
  server.listen(PROBE_PORTS[endpoint.port], addresses[endpoint.address])
  await once(server, 'listening')
}

/** A connection from another of our endpoints (another port for a second port: a listening one cannot dial). */
function callBack(from: ServerEndpoint, host: string, port: number, token: string): void {
  const localAddress = addresses[from.address]
  const socket = connect({ host, port, ...(localAddress === undefined ? {} : { localAddress }) })
  socket.on('error', () => {})
  socket.once('connect', () => socket.end(`${JSON.stringify({ token })}\n`))
  setTimeout(() => socket.destroy(), 5_000).unref()
}
