import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTestRelay, until } from '../../testing/index.ts'
import { startProcess } from './process.ts'

const STRANGER = '12D3KooWKG8HRc3tud3MzFQFmLFjNu71veQJKN6WBXE7KM3XLpQP'

let dir: string
beforeEach(async () => { dir = await mkdtemp(join(tmpdir(), 'gf-bin-')) })
afterEach(async () => { await rm(dir, { recursive: true, force: true }) })

describe('gloflow-peer', { timeout: 60_000 }, () => {
  it('[PC17] two of them meet at a relay, talk, and leave', async () => {
    await using relay = await startTestRelay()
    await using alice = startProcess(['--relay', relay.tcp, '--data-dir', join(dir, 'alice')])
    await using bob = startProcess(['--relay', relay.ws, '--listen', '/ip4/127.0.0.1/tcp/0'])
    const ready = await bob.event('ready')
    expect(ready).toMatchObject({ state: 'online', relays: [{ state: 'reserved' }] })
    await alice.event('ready')
    expect(await alice.ask('dial', { addr: ready['peerId'] })).toMatchObject({ ok: true, peerId: ready['peerId'], path: expect.stringMatching(/^(relayed|direct|lan)$/) })
    expect(await alice.event('peer:connect')).toMatchObject({ id: ready['peerId'], kind: 'node' })
    expect(await alice.ask('say', { text: 'hello' })).toMatchObject({ ok: true, sentTo: 1 })
    const status = await alice.ask('status')
    expect(status).toMatchObject({ ok: true, state: 'online', peers: [{ id: ready['peerId'], transport: expect.any(String), reason: expect.any(String) }] })
    expect(await bob.event('message')).toMatchObject({ from: status['peerId'], via: null, id: expect.any(String), body: { text: 'hello' } })
    expect(await alice.ask('open', { peer: ready['peerId'], protocol: '/gf/general/0.0.1' })).toMatchObject({ ok: true, protocol: '/gf/general/0.0.1' })
    expect(await alice.ask('open', { peer: ready['peerId'], protocol: '/gf/nothing/1.0.0' })).toMatchObject({ ok: false, code: 'PROTOCOL_UNSUPPORTED' })

    expect(await bob.ask('stop')).toMatchObject({ ok: true })
    expect(await bob.ended).toBe(0)
    expect(await alice.event('peer:disconnect')).toMatchObject({ id: ready['peerId'] })
    alice.kill('SIGTERM')
    expect(await alice.ended).toBe(0)
    expect(await readFile(join(dir, 'alice', 'identity.key'))).toHaveLength(68)
  })

  it('[PC17] a file is sent and comes in whole; with --ask it waits for accept, and without --downloads it is declined', async () => {
    await using relay = await startTestRelay()
    await using alice = startProcess(['--relay', relay.tcp])
    await using bob = startProcess(['--relay', relay.ws, '--downloads', join(dir, 'bob')])
    await using carol = startProcess(['--relay', relay.ws, '--downloads', join(dir, 'carol'), '--ask'])
    await using dave = startProcess(['--relay', relay.ws])
    const [toBob, toCarol, toDave] = [await bob.event('ready'), await carol.event('ready'), await dave.event('ready')].map((ready) => ready['peerId'])
    const content = crypto.getRandomValues(new Uint8Array(60_000))
    const sha256 = createHash('sha256').update(content).digest('hex')
    const file = join(dir, 'picture.png')
    await writeFile(file, content)
    await alice.event('ready')
    for (const addr of [toBob, toCarol, toDave]) expect(await alice.ask('dial', { addr })).toMatchObject({ ok: true })

    expect(await alice.ask('send', { peer: toBob, file })).toMatchObject({ ok: true, sha256, bytes: content.length, ms: expect.any(Number), path: expect.any(String) })
    expect(await bob.event('file:offer')).toMatchObject({ name: 'picture.png', bytes: content.length, mediaType: 'image/png' })
    expect(await bob.event('file:done')).toMatchObject({ sha256, state: 'done', direction: 'in' })
    expect(new Uint8Array(await readFile(join(dir, 'bob', 'picture.png')))).toEqual(content)

    const sending = alice.ask('send', { peer: toCarol, file })
    const offer = await carol.event('file:offer')
    expect(await carol.ask('accept', { offer: 'another' })).toMatchObject({ ok: false, code: 'OPTION_INVALID' })
    expect(await carol.ask('accept', { offer: offer['id'] })).toMatchObject({ ok: true })
    expect(await sending).toMatchObject({ ok: true, sha256 })
    expect(await alice.ask('send', { peer: toDave, file })).toMatchObject({ ok: false, code: 'FILE_REFUSED' })
    expect(await alice.ask('send', { peer: toBob, file: join(dir, 'nothing') })).toMatchObject({ ok: false, code: expect.stringMatching(/^FILE_/) })
  })

  it('[PC18] a bad line, command or field is answered by a typed error, and the next one works', async () => {
    await using peer = startProcess(['--listen', '/ip4/127.0.0.1/tcp/0'])
    await peer.event('ready')
    const before = peer.lines.length
    for (const bad of ['nonsense', '[]', '"x"', '{"id":7}', '{"id":8,"cmd":9}', 'x'.repeat(70_000)]) peer.write(bad)
    await until(() => peer.lines.length >= before + 6)
    expect(peer.lines.slice(before).map((line) => [line['ok'], line['code'], line['id']])).toEqual([
      [false, 'FRAME_INVALID', null], [false, 'FRAME_INVALID', null], [false, 'FRAME_INVALID', null], [false, 'OPTION_INVALID', 7], [false, 'OPTION_INVALID', 8], [false, 'FRAME_TOO_LARGE', null]
    ])
    const cases: [string, Record<string, unknown>, string][] = [
      ['fly', {}, 'OPTION_INVALID'], ['dial', {}, 'OPTION_INVALID'], ['dial', { addr: 7 }, 'OPTION_INVALID'], ['dial', { addr: '/ip4/1/tcp/1' }, 'ADDRESS_INVALID'],
      ['dial', { addr: `/ip4/127.0.0.1/tcp/1/p2p/${STRANGER}` }, 'DIAL_FAILED'], ['dial', { addr: STRANGER }, 'PEER_NOT_FOUND'], ['say', {}, 'OPTION_INVALID'],
      ['open', { peer: 'me', protocol: '/x/1.0.0' }, 'ADDRESS_INVALID'],
      ['open', { peer: STRANGER, protocol: 'x' }, 'OPTION_INVALID'], ['open', { peer: STRANGER, protocol: '/x/1.0.0' }, 'PEER_NOT_FOUND']
    ]
    for (const [cmd, fields, code] of cases) expect([cmd, await peer.ask(cmd, fields)]).toMatchObject([cmd, { ok: false, code, message: expect.any(String) }])
    expect(await peer.ask('status')).toMatchObject({ ok: true })
  })

  it('[PC18] bad flags, a data directory in use and a damaged key are told as one line, with exit code 1', async () => {
    const data = join(dir, 'data')
    await using first = startProcess(['--data-dir', data])
    await first.event('ready')
    await mkdir(join(dir, 'damaged'))
    await writeFile(join(dir, 'damaged', 'identity.key'), 'not a key')
    const cases: [string[], string][] = [
      [['--data-dir', join(dir, 'damaged')], 'IDENTITY_CORRUPT'],
      [['--bogus'], 'OPTION_INVALID'], [['--relay', 'x'], 'OPTION_INVALID'], [['--access', 'everyone'], 'OPTION_INVALID'], [['--access', 'allow', '--allow', 'x'], 'ADDRESS_INVALID'],
      [['--data-dir', data], 'STORAGE_LOCKED'], [['--data-dir', '/dev/null/x'], 'STORAGE_'], [['--downloads', '/dev/null/x'], ''],
      [['--listen', '/ip4/192.0.2.99/tcp/4001'], 'LISTEN_FAILED']
    ]
    await Promise.all(cases.map(async ([flags, code]) => {
      await using other = startProcess(flags)
      expect([flags, await other.event('error')]).toMatchObject([flags, { code: expect.stringContaining(code) }])
      expect(await other.ended).toBe(1)
    }))
  })

  it('[PC19] it ends when its standard input does, so that it does not outlive what started it', async () => {
    await using peer = startProcess([])
    await peer.event('ready')
    peer.end()
    expect(await peer.ended).toBe(0)
  })

  it('[PC19] --access allow lets nobody in who is not named, and tells of it', async () => {
    await using closed = startProcess(['--listen', '/ip4/127.0.0.1/tcp/0', '--access', 'allow', '--allow', STRANGER])
    const ready = await closed.event('ready')
    await using other = startProcess([])
    await other.event('ready')
    const [addr] = Array.isArray(ready['multiaddrs']) ? ready['multiaddrs'] : []
    expect(await other.ask('dial', { addr })).toMatchObject({ ok: true })
    await other.ask('say', { text: 'hello' })
    expect(await closed.event('protocol:denied')).toMatchObject({ protocol: '/gf/general/0.0.1', code: 'ACCESS_DENIED' })
  })
})
