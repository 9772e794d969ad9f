import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { until } from './support/client.ts'
import { runToEnd, startRelayProcess, temporaryDir } from './support/relay-process.ts'
import { validate } from './support/schema.ts'

/** A small disk of one's own needs the right to mount one. */
const canMount = process.platform === 'linux' && process.getuid?.() === 0

describe('starting and stopping', () => {
  test('[RL4] READY is the last line, says what the schema says, and Open comes before it', async () => {
    await using relay = await startRelayProcess()
    const lines = relay.stdout().trimEnd().split('\n')
    expect(lines.at(-1)).toBe(`READY ${JSON.stringify(relay.ready)}`)
    expect(lines.at(-2)).toBe(`Open ${relay.ready.url}`)
    expect(lines.at(-3)).toContain('Access: open')
    expect(validate('ready', relay.ready)).toEqual([])
    expect((await fetch(`${relay.ready.url}/readyz`)).status).toBe(200)
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('[RL5] %s stops it cleanly with exit code 0, and the next start is the same peer', async (signal) => {
    const dir = temporaryDir()
    try {
      const first = await startRelayProcess([], { dataDir: dir.path })
      expect(await first.end(signal)).toBe(0)
      expect(existsSync(join(dir.path, 'relay.pid'))).toBe(false)
      await using second = await startRelayProcess([], { dataDir: dir.path })
      expect(second.ready.peerId).toBe(first.ready.peerId)
      expect(statSync(join(dir.path, 'identity.key')).mode & 0o777).toBe(0o600)
    } finally {
      dir.remove()
    }
  })

  test('[RL54] WebRTC Direct is announced with a certificate hash that outlives a restart', async () => {
    const dir = temporaryDir()
    const hashOf = (addresses: readonly string[]): string | undefined => addresses.map((address) => /\/webrtc-direct\/certhash\/([^/]+)/.exec(address)?.[1]).find((hash) => hash !== undefined)
    try {
      const first = await startRelayProcess(['--webrtc-direct-port', '0'], { dataDir: dir.path })
      await first.end()
      await using second = await startRelayProcess(['--webrtc-direct-port', '0'], { dataDir: dir.path })
      expect(hashOf(first.ready.multiaddrs)).toMatch(/^uEi/)
      expect(hashOf(second.ready.multiaddrs)).toBe(hashOf(first.ready.multiaddrs))
    } finally {
      dir.remove()
    }
  })

  test('[RL5] it comes back after SIGKILL', async () => {
    const dir = temporaryDir()
    try {
      const first = await startRelayProcess([], { dataDir: dir.path })
      await first.end('SIGKILL')
      await using second = await startRelayProcess([], { dataDir: dir.path })
      expect(second.ready.peerId).toBe(first.ready.peerId)
    } finally {
      dir.remove()
    }
  })
})

describe('what keeps it from starting', () => {
  test('[RL46] an error that nobody caught is told and does not end the relay', async () => {
    const fault = Buffer.from('process.on("SIGUSR2", () => { Promise.reject(new TypeError("forgotten by a library")) })').toString('base64')
    await using relay = await startRelayProcess([], { env: { NODE_OPTIONS: `--import=data:text/javascript;base64,${fault}` } })
    process.kill(relay.pid, 'SIGUSR2')
    await until(() => relay.stderr().includes('forgotten by a library'), 'the error is told')
    expect((await fetch(`${relay.ready.url}/healthz`)).status).toBe(200)
    expect(await relay.end()).toBe(0)
  })

  test('[RL6] a data directory that another relay holds: typed, and it names the other process', async () => {
    await using relay = await startRelayProcess()
    const { code, stderr } = await runToEnd(['--http-port', '0', '--tcp-port', '0', '--data-dir', relay.dataDir])
    expect(code).toBe(1)
    expect(stderr).toContain('DATA_DIR_LOCKED')
    expect(stderr).toContain(`process ${relay.pid}`)
    expect((await fetch(`${relay.ready.url}/readyz`)).status).toBe(200)
  })

  test.each(['--http-port', '--tcp-port', '--admin-port'])('[RL7] a port in use (%s): typed, and it names the flag', async (flag) => {
    const holder = createServer().listen(0)
    await new Promise((resolve) => { holder.once('listening', resolve) })
    const { port } = holder.address() as AddressInfo
    const dir = temporaryDir()
    try {
      const ports = { '--http-port': '0', '--tcp-port': '0', '--admin-port': '0', [flag]: String(port) }
      const { code, stderr } = await runToEnd(['--data-dir', dir.path, '--stun-port', 'off', ...Object.entries(ports).flat()])
      expect(code).toBe(1)
      expect(stderr).toContain(`PORT_IN_USE: Port ${port} is in use by another program (${flag}).`)
    } finally {
      holder.close()
      dir.remove()
    }
  })

  test('[RL7] an admin or STUN port that nobody asked for gives way when it is taken', async () => {
    const holder = createServer().listen(9090, '127.0.0.1')
    await new Promise((resolve) => { holder.once('listening', resolve).once('error', resolve) })
    try {
      await using relay = await startRelayProcess([], { defaultSidePorts: true })
      expect(relay.ready.adminUrl).not.toBe('http://127.0.0.1:9090')
      expect((await fetch(`${relay.ready.adminUrl}/metrics`)).status).toBe(200)
      expect(relay.stderr()).toContain('Port 9090 is in use')
    } finally {
      holder.close()
    }
  })

  test('[RL8] a bad key file is reported and left as it is', async () => {
    const dir = temporaryDir()
    const key = join(dir.path, 'identity.key')
    writeFileSync(key, 'not a key', { mode: 0o600 })
    const { code, stderr } = await runToEnd(['--http-port', '0', '--tcp-port', '0', '--data-dir', dir.path])
    expect(code).toBe(1)
    expect(stderr).toContain('IDENTITY_INVALID')
    expect(readFileSync(key, 'utf8')).toBe('not a key')
    dir.remove()
  })

  test('[RL8] a data directory that cannot be one is reported', async () => {
    const dir = temporaryDir()
    const file = join(dir.path, 'file')
    writeFileSync(file, '')
    chmodSync(file, 0o400)
    const { code, stderr } = await runToEnd(['--http-port', '0', '--tcp-port', '0', '--data-dir', join(file, 'data')])
    expect(code).toBe(1)
    expect(stderr).toMatch(/DATA_DIR_UNWRITABLE|IDENTITY_INVALID/)
    dir.remove()
  })

  test.skipIf(!canMount)('[RL8] a full disk is a typed error at the start and at the stop, and the relay comes back when there is room', async () => {
    const dir = temporaryDir()
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', dir.path])
    const fill = (): void => { try { writeFileSync(join(dir.path, 'fill'), new Uint8Array(512 * 1024)) } catch { /* that is the point */ } }
    try {
      const first = await startRelayProcess([], { dataDir: join(dir.path, 'data') })
      fill()
      expect((await fetch(`${first.ready.url}/readyz`)).status).toBe(200)
      expect([0, 1]).toContain(await first.end())
      const { code, stderr } = await runToEnd(['--http-port', '0', '--tcp-port', '0', '--data-dir', join(dir.path, 'other')])
      expect([code, stderr]).toEqual([1, expect.stringContaining('DISK_FULL')])
      rmSync(join(dir.path, 'fill'))
      await using second = await startRelayProcess([], { dataDir: join(dir.path, 'data') })
      expect(second.ready.peerId).toBe(first.ready.peerId)
      await second.end()
    } finally {
      execFileSync('umount', [dir.path])
      dir.remove()
    }
  })

  test('[RL2] wrong settings end it with exit code 2 and all of them in one report', async () => {
    const { code, stderr, stdout } = await runToEnd(['--http-port', 'x', '--tcp-port', 'y'])
    expect(code).toBe(2)
    expect(stderr).toContain('CONFIG_INVALID')
    expect(stderr.match(/expected a port/g)).toHaveLength(2)
    expect(stdout).toBe('')
  })

  test('[RL3] --version, --help and --print-config print and end with 0', async () => {
    expect((await runToEnd(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect((await runToEnd(['--help'])).stdout).toContain('--max-reservations')
    const { code, stdout } = await runToEnd(['--print-config'], { GF_RELAY_NETWORK: 'other' })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ settings: { network: 'other', 'http-port': 8080 }, sources: { network: 'environment', 'http-port': 'default' } })
  })
})
