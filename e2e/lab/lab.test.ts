import { spawn } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { isPrivate } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, test } from 'vitest'
import { createLab } from './create.ts'
import { createLabId, namespaceName, ownerOf } from './names.ts'
import { listNamespaces, reapStale, removeNamespaces } from './reaper.ts'
import { run } from './shell.ts'
import { connectFrom, listenOn, needsLab, waitUntil } from './test-support.ts'
import { parseTopology, site } from './topology.ts'

const PORT = 4000

describe('laboratory', () => {
  test('[NL4] public and private addresses are so for js-libp2p and for go-libp2p', async (context) => {
    needsLab(context)
    await using lab = await createLab(parseTopology('lan:port-restricted'))
    const { ipv4, ipv6 } = lab.host('relay')
    const publicOnes = [`/ip4/${ipv4}/tcp/1`, `/ip6/${ipv6}/tcp/1`, `/ip4/${lab.external('site-a')}/tcp/1`]
    const privateOnes = [`/ip4/${lab.host('a').ipv4}/tcp/1`]
    expect([...publicOnes, ...privateOnes].map((address) => isPrivate(multiaddr(address)))).toEqual([false, false, false, true])
    const go = await run('go', ['run', '.', ...publicOnes, ...privateOnes], { cwd: fileURLToPath(new URL('public-addresses', import.meta.url)), timeoutMs: 120_000 })
    expect(go.trim().split('\n')).toEqual([...publicOnes.map((address) => `${address} true`), ...privateOnes.map((address) => `${address} false`)])
  })

  test('[NL5] nothing outside of the laboratory can be reached', async (context) => {
    needsLab(context)
    await using server = createServer((socket) => socket.end()).listen(0, '0.0.0.0')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await using lab = await createLab(parseTopology('pair:port-restricted+open'))
    const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []).filter(({ family, internal }) => family === 'IPv4' && !internal)
    for (const { address } of [...own, { address: '1.1.1.1' }]) {
      for (const host of ['relay', 'a', 'b']) expect(['EHOSTUNREACH', 'ENETUNREACH', 'silence']).toContain((await connectFrom(lab.host(host), address, port)).result)
    }
  })

  test('[NL6] links of sites and hosts are cut, black-holed and restored', async (context) => {
    needsLab(context)
    await using lab = await createLab(parseTopology('pair:port-restricted+open'))
    const relay = lab.host('relay')
    await listenOn(relay, PORT)
    const attempt = async (address = relay.ipv4): Promise<string> => (await connectFrom(lab.host('b'), address, PORT)).result
    for (const link of ['site-b', 'cloud', 'b', 'relay']) {
      expect(await attempt(), link).toBe('connected')
      await lab.link(link).cut()
      expect(await attempt(), `${link} cut`).not.toBe('connected')
      await lab.link(link).restore()
      await waitUntil(`${link} works again`, 5_000, async () => (await attempt()) === 'connected')
      await lab.link(link).blackHole()
      expect(await attempt(), `${link} black-holed`).toBe('silence')
      await lab.link(link).restore()
      await waitUntil(`${link} works again`, 5_000, async () => (await attempt()) === 'connected')
      await waitUntil(`${link} works again by IPv6`, 5_000, async () => (await attempt(relay.ipv6)) === 'connected')
    }
  })

  test('[NL6] a host moves to another site and is there under another address', async (context) => {
    needsLab(context)
    await using lab = await createLab(parseTopology('pair:port-restricted+symmetric'))
    await listenOn(lab.host('relay'), PORT)
    expect((await connectFrom(lab.host('a'), lab.host('relay').ipv4, PORT)).result).toBe('connected')
    const moved = await lab.move('a', 'site-b')
    expect(moved.ipv4).toMatch(/^192\.168\.3\./)
    await lab.link('site-a').cut()
    await waitUntil('the moved host reaches the relay', 5_000, async () => (await connectFrom(moved, lab.host('relay').ipv4, PORT)).result === 'connected')
  })

  test('[NL7] a delay of 40 ms each way makes a round trip of 80 ms, by IPv4 and IPv6', async (context) => {
    needsLab(context)
    await using lab = await createLab({ name: 'delayed', sites: [site('cloud', 'open', ['relay']), site('site-a', 'open', ['a'], { delayMs: 40 }), site('site-b', 'full-cone', ['b'], { delayMs: 40 })] })
    const relay = lab.host('relay')
    await listenOn(relay, PORT)
    for (const [host, address] of [['a', relay.ipv4], ['a', relay.ipv6 ?? ''], ['b', relay.ipv4]] as const) {
      await connectFrom(lab.host(host), address, PORT) // resolves the neighbours on the way
      const { result, ms } = await connectFrom(lab.host(host), address, PORT)
      expect(result).toBe('connected')
      expect(ms).toBeGreaterThanOrEqual(80)
      expect(ms).toBeLessThan(300)
    }
  })

  test('[NL8] a laboratory goes with its owner, even by SIGKILL', async (context) => {
    needsLab(context)
    const script = `import { createLab } from ${JSON.stringify(new URL('create.ts', import.meta.url).href)}
      import { parseTopology } from ${JSON.stringify(new URL('topology.ts', import.meta.url).href)}
      const lab = await createLab(parseTopology('pair:full-cone+symmetric'))
      lab.host('a').spawn('sleep', ['600'])
      console.log(lab.id)
      setInterval(() => {}, 1000)`
    const owner = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [id] = await once(createInterface({ input: owner.stdout }), 'line')
    const left = async (): Promise<number> => (await listNamespaces()).filter(({ labId }) => labId === id).length
    expect(await left()).toBeGreaterThan(5)
    owner.kill('SIGKILL')
    await waitUntil('every namespace is gone', 15_000, async () => (await left()) === 0)
  })

  test('[NL8] the reaper removes what has no owner, and nothing else', async (context) => {
    needsLab(context)
    const stale = namespaceName(createLabId(`${process.pid}-1`), 'core') // this pid, but not this process: it started at another time
    const mine = namespaceName(createLabId(ownerOf(process.pid)), 'core')
    const foreign = `other-${process.pid}`
    for (const name of [stale, mine, foreign]) await run('ip', ['netns', 'add', name])
    try {
      expect(await reapStale()).toContain(stale)
      const present = (await run('ip', ['netns', 'list'])).split(/\s+/)
      expect(present).not.toContain(stale)
      expect(present).toEqual(expect.arrayContaining([mine, foreign]))
    } finally {
      await removeNamespaces([mine, foreign])
    }
  })

  test('[NL9] two hosts of one site reach each other without their gateway', async (context) => {
    needsLab(context)
    await using lab = await createLab(parseTopology('lan:port-restricted'))
    await listenOn(lab.host('b'), PORT)
    await lab.link('site-a').cut()
    expect((await connectFrom(lab.host('a'), lab.host('b').ipv4, PORT)).result).toBe('connected')
  })

  test('[NL10] what there is not is refused by name', async (context) => {
    for (const name of ['nonsense', 'pair:full-cone', 'pair:full-cone+cone', 'lan:', 'public:x', 'lan:full-cone+full-cone']) {
      expect(() => parseTopology(name), name).toThrow(expect.objectContaining({ code: 'TOPOLOGY_UNKNOWN' }))
    }
    needsLab(context)
    await expect(createLab({ name: 'twice', sites: [site('s', 'open', ['a']), site('t', 'open', ['a'])] })).rejects.toThrow(/one name/)
    await using lab = await createLab(parseTopology('public'))
    expect(() => lab.host('c')).toThrow(/There are: relay, a, b, probe/)
  })
})
