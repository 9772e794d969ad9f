// The floor of the relay's memory: bare WebSockets that are open and silent, in a process of their own.
//   node bench/floors/held-websockets.ts serve            prints its port, then its RSS in kB for each line that it reads
//   node bench/floors/held-websockets.ts hold PORT COUNT  prints HELD once all are open
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { WebSocket, WebSocketServer } from 'ws'

const [mode = '', port = '', count = ''] = process.argv.slice(2)

if (mode === 'serve') await serve()
else if (mode === 'hold') await hold(Number(port), Number(count))
else throw new TypeError('serve, or hold PORT COUNT')

async function serve(): Promise<void> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const address = server.address()
  console.log(typeof address === 'object' && address !== null ? address.port : '')
  for await (const _ of createInterface({ input: process.stdin })) {
    console.log(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile('/proc/self/status', 'utf8'))?.[1] ?? '')
  }
  process.exit(0)
}

async function hold(to: number, sockets: number): Promise<void> {
  for (let open = 0; open < sockets; open++) await once(new WebSocket(`ws://127.0.0.1:${to}`), 'open')
  console.log('HELD')
}
