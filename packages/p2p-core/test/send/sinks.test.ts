import { mkdtemp, readFile, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { afterAll, describe, expect, it } from 'vitest'
import { createMemoryFileSinks } from '../../src/protocol/memory-sink.ts'
import { createNodeFileSinks, createNodeFileSource } from '../../src/protocol/send.node.ts'
import type { FileOffer } from '../../src/protocol/send.ts'
import { fileSinkContract } from '../../testing/file-sink.contract.ts'

const from = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
const directories: string[] = []

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'gf-sinks-'))
  directories.push(path)
  return path
}

afterAll(async () => {
  for (const path of directories) await rm(path, { recursive: true })
})

const offer: FileOffer = { id: 'in:x:1', from, name: 'a.png', bytes: 1000, mediaType: 'image/png' }
const equal = (actual: unknown, expected: unknown): void => { expect(actual).toEqual(expected) }

describe('sinks in a directory', () => {
  fileSinkContract({
    it, equal, from, keeps: true,
    async openPlace() {
      const path = join(await directory(), 'downloads')
      return { open: await createNodeFileSinks(path), reopen: () => createNodeFileSinks(path) }
    },
    contentOf: async location => Uint8Array.from(await readFile(location))
  })

  it('[SD5] a file that is there is never overwritten, nor followed where it is a link', async () => {
    const path = await directory()
    await writeFile(join(path, 'a.png'), 'mine')
    await symlink(join(path, 'elsewhere'), join(path, 'a (2).png'))
    const open = await createNodeFileSinks(path)
    const sink = await open(offer)
    await sink.write(new Uint8Array(3))
    expect(await sink.commit()).toBe(join(path, 'a (3).png'))
    expect(await readFile(join(path, 'a.png'), 'utf8')).toBe('mine')
    expect((await readdir(path)).sort()).toEqual(['a (2).png', 'a (3).png', 'a.png'])
  })

  it('[SD5] until the hash is checked there is only a hidden temporary file, and after that none', async () => {
    const path = await directory()
    const sink = await (await createNodeFileSinks(path))(offer)
    await sink.write(new Uint8Array(10))
    expect((await readdir(path)).every(name => name.startsWith('.') && name.endsWith('.part'))).toBe(true)
    await sink.commit()
    expect(await readdir(path)).toEqual(['a.png'])
    expect((await stat(join(path, 'a.png'))).size).toBe(10)
  })

  it('[SD5] parts that were given up a week ago are removed, others and files of people are not', async () => {
    const path = await directory()
    const [old, young, mine] = [`.${'a'.repeat(32)}.part`, `.${'b'.repeat(32)}.part`, '.my.part']
    for (const name of [old, young, mine]) await writeFile(join(path, name), 'x')
    const longAgo = Date.now() / 1000 - 8 * 24 * 3600
    for (const name of [old, mine]) await utimes(join(path, name), longAgo, longAgo)
    await createNodeFileSinks(path)
    expect((await readdir(path)).sort()).toEqual([young, mine].sort())
  })

  it('[SD6] no room and no permission are typed errors', async () => {
    const path = await directory()
    const open = await createNodeFileSinks(path)
    await expect(open({ ...offer, bytes: Number.MAX_SAFE_INTEGER })).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    await writeFile(join(path, 'file'), '')
    await expect(createNodeFileSinks(join(path, 'file', 'under'))).rejects.toMatchObject({ code: 'STORAGE_REFUSED' })
    const full = await (await createNodeFileSinks(path))(offer)
    await full.discard(false)
    await expect(full.write(new Uint8Array(1))).rejects.toMatchObject({ code: 'STORAGE_REFUSED' })
  })

  it('[SD6] a source that is missing or a folder is a typed error; one that is there is read from any offset', async () => {
    const path = await directory()
    await expect(createNodeFileSource(join(path, 'none'))).rejects.toMatchObject({ code: 'FILE_REFUSED' })
    await expect(createNodeFileSource(path)).rejects.toMatchObject({ code: 'FILE_REFUSED' })
    await writeFile(join(path, 'a.txt'), '0123456789')
    const source = await createNodeFileSource(join(path, 'a.txt'), 'text/plain')
    expect(source).toMatchObject({ name: 'a.txt', bytes: 10, mediaType: 'text/plain' })
    for (const [offset, rest] of [[0, '0123456789'], [7, '789'], [10, '']] as const) {
      let text = ''
      for await (const chunk of source.read(offset, AbortSignal.timeout(1000))) text += new TextDecoder().decode(chunk)
      expect(text).toBe(rest)
    }
  })
})

describe('sinks in memory', () => {
  fileSinkContract({
    it, equal, from, keeps: false,
    async openPlace() {
      const open = createMemoryFileSinks()
      return { open, reopen: async () => open }
    },
    contentOf: async location => new Uint8Array(await (await fetch(location)).arrayBuffer())
  })

  it('[SD6] what is over the limit of memory is refused before a byte of it', async () => {
    await expect(createMemoryFileSinks(999)(offer)).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' })
  })

  it('[SD7] content that a browser would run gets no type of its own', async () => {
    for (const [mediaType, kept] of [['image/png', true], ['video/mp4', true], ['text/html', false], ['image/svg+xml', false], ['application/xhtml+xml', false]] as const) {
      const sink = await createMemoryFileSinks()({ ...offer, mediaType })
      const type = (await fetch(await sink.commit())).headers.get('content-type')
      expect(type).toBe(kept ? mediaType : 'application/octet-stream')
    }
  })
})
