import type { TestContext } from 'vitest'
import type { LabHost } from './host.ts'
import { labSupport } from './support.ts'

const support = await labSupport()

/** Skips the test, with the reason, where the laboratory cannot run. */
export function needsLab(context: TestContext): void {
  if (!support.available) context.skip(`network laboratory: ${support.reason}`)
}

/** Waits until `condition` is true; rejects with `what` after `timeoutMs`. */
export async function waitUntil(what: string, timeoutMs: number, condition: () => Promise<boolean>): Promise<void> {
  const until = Date.now() + timeoutMs
  while (!(await condition())) {
    if (Date.now() > until) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => { setTimeout(resolve, 50) })
  }
}

const CONNECT = `
const [host, port] = process.argv.slice(1)
const start = performance.now()
const socket = require('node:net').connect({ host, port: Number(port), timeout: 1000 })
const done = (result) => { console.log(JSON.stringify({ result, ms: performance.now() - start })); process.exit(0) }
socket.on('connect', () => done('connected')).on('timeout', () => done('silence')).on('error', (error) => done(error.code))
`

/** Tries one TCP connection from a host: `connected`, `silence` (nothing for 1 s) or the error's code; and how long it took. */
export async function connectFrom(host: LabHost, address: string, port: number): Promise<{ readonly result: string; readonly ms: number }> {
  const value: unknown = JSON.parse(await host.exec(process.execPath, ['-e', CONNECT, address, String(port)]))
  if (typeof value !== 'object' || value === null || !('result' in value) || !('ms' in value)) throw new Error('no answer')
  return { result: String(value.result), ms: Number(value.ms) }
}

const LISTEN = `
const server = require('node:net').createServer((socket) => socket.on('error', () => {}).end()).listen(Number(process.argv[1]), '::', () => console.log('ready'))
process.stdin.resume().on('end', () => process.exit(0))
`

/** Listens on a TCP port of a host until the laboratory ends. */
export async function listenOn(host: LabHost, port: number): Promise<void> {
  const child = host.spawn(process.execPath, ['-e', LISTEN, String(port)])
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve)
    child.once('exit', (code) => reject(new Error(`listener on ${host.name} ended with ${code}`)))
  })
}
