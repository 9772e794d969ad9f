import { readFileSync, writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeCertificate } from './support/certificate.ts'
import { until } from './support/client.ts'
import { runToEnd, startRelayProcess, temporaryDir } from './support/relay-process.ts'
import type { RelayProcess } from './support/relay-process.ts'

/** The fingerprint of the certificate that the port shows. */
async function fingerprint(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  await new Promise((resolve, reject) => { socket.once('secureConnect', resolve).once('error', reject) })
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}

describe('https and wss on the page\'s port', () => {
  const dir = temporaryDir()
  const [cert, key] = [join(dir.path, 'cert.pem'), join(dir.path, 'key.pem')]
  let relay: RelayProcess
  let port: number
  beforeAll(async () => {
    await writeCertificate(cert, key, ['localhost', 'relay.example', '127.0.0.1'])
    relay = await startRelayProcess(['--tls-cert', cert, '--tls-key', key])
    port = Number(new URL(relay.ready.url).port)
  })
  afterAll(async () => {
    await relay[Symbol.asyncDispose]()
    dir.remove()
  })

  test('[RL17] the page is https, the WebSocket wss, and both are announced as such', async () => {
    expect(relay.ready.url).toMatch(/^https:\/\//)
    expect(relay.stdout()).toContain(`https://localhost:${port}  for browsers`)
    expect(relay.ready.multiaddrs).toContain(`/dns/relay.example/tcp/${port}/tls/ws/p2p/${relay.ready.peerId}`)
    expect(relay.ready.multiaddrs.some((address) => address.includes(`/tcp/${port}/ws`))).toBe(false)
    const ca = readFileSync(cert)
    const status = await new Promise((resolve, reject) => { get({ port, host: '127.0.0.1', servername: 'localhost', path: '/healthz', ca, agent: false }, (response) => { response.resume(); resolve(response.statusCode) }).on('error', reject) })
    expect(status).toBe(200)
    const socket = new WebSocket(`wss://localhost:${port}/`, { ca })
    await new Promise((resolve, reject) => { socket.once('open', resolve).once('error', reject) })
    socket.terminate()
  })

  test('[RL18] new files are used without a restart; half of a renewal changes nothing', async () => {
    const before = await fingerprint(port)
    writeFileSync(cert, 'half of a file')
    await until(() => relay.stderr().includes('stays in use'), 'the warning')
    expect(await fingerprint(port)).toBe(before)
    await writeCertificate(cert, key, ['localhost'])
    await until(async () => await fingerprint(port) !== before, 'the new certificate')
  })

  test.each([
    ['a file that is not there', async () => { /* nothing is written */ }],
    ['a key of another certificate', async (path: string) => {
      await writeCertificate(join(path, 'c.pem'), join(path, 'other.pem'), ['localhost'])
      await writeCertificate(join(path, 'd.pem'), join(path, 'k.pem'), ['localhost'])
    }]
  ])('[RL19] %s is a typed error', async (_name, write) => {
    const own = temporaryDir()
    await write(own.path)
    const { code, stderr } = await runToEnd(['--http-port', '0', '--tcp-port', '0', '--data-dir', own.path, '--tls-cert', join(own.path, 'c.pem'), '--tls-key', join(own.path, 'k.pem')])
    expect(code).toBe(1)
    expect(stderr).toContain('TLS_INVALID')
    own.remove()
  })
})
