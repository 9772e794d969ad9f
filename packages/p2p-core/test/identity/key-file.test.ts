import { chown, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile, chmod } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadKeyFile } from '../../src/identity/key-file.node.ts'

let dir: string
let path: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gf-key-'))
  path = join(dir, 'data', 'identity.key')
})
afterEach(async () => { await rm(dir, { recursive: true, force: true }) })

async function made(): Promise<Uint8Array> {
  await loadKeyFile(path)
  return new Uint8Array(await readFile(path))
}

describe('the key file of a Node peer', () => {
  it('[ID1] is made once: the same PeerId comes back', async () => {
    const first = await loadKeyFile(path)
    const second = await loadKeyFile(path)
    expect(second.peerId.toString()).toBe(first.peerId.toString())
    expect(first.peerId.type).toBe('Ed25519')
    expect(first.storage).toBe('file')
  })

  it('[ID1] two peers get two keys', async () => {
    const other = await loadKeyFile(join(dir, 'other', 'identity.key'))
    expect(other.peerId.toString()).not.toBe((await loadKeyFile(path)).peerId.toString())
  })

  it('[ID2] is libp2p\'s protobuf, readable by its owner alone, and nothing else is left in the directory', async () => {
    const bytes = await made()
    expect(privateKeyFromProtobuf(bytes).type).toBe('Ed25519')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await stat(join(dir, 'data'))).mode & 0o777).toBe(0o700)
    expect(await readdir(join(dir, 'data'))).toEqual(['identity.key'])
  })

  it('[ID2] a file that others could read is closed to them', async () => {
    await made()
    await chmod(path, 0o644)
    await loadKeyFile(path)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it('[ID2] of several that start at once, all have the same key', async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, async () => (await loadKeyFile(path)).peerId.toString()))
    expect(new Set(ids).size).toBe(1)
    expect(await readdir(join(dir, 'data'))).toEqual(['identity.key'])
  })

  it('[ID3] whatever else is there is IDENTITY_CORRUPT, and stays as it is', async () => {
    const good = await made()
    await fc.assert(fc.asyncProperty(damage(good), async (bytes) => {
      await writeFile(path, bytes)
      await expect(loadKeyFile(path)).rejects.toMatchObject({ code: 'IDENTITY_CORRUPT' })
      expect(new Uint8Array(await readFile(path))).toEqual(bytes)
    }), { numRuns: 60 })
  })

  it('[ID3] a huge file is refused without being read', async () => {
    await made()
    await writeFile(path, new Uint8Array(5_000_000))
    await expect(loadKeyFile(path)).rejects.toMatchObject({ code: 'IDENTITY_CORRUPT', message: expect.stringContaining('5000000 bytes') })
  })

  it('[ID3] a private half with another public half is IDENTITY_CORRUPT', async () => {
    const good = await made()
    const other = privateKeyToProtobuf(await generateKeyPair('Ed25519'))
    const mixed = new Uint8Array([...good.subarray(0, good.length - 32), ...other.subarray(other.length - 32)])
    await writeFile(path, mixed)
    await expect(loadKeyFile(path)).rejects.toMatchObject({ code: 'IDENTITY_CORRUPT' })
  })

  it('[ID3] a key of another type is IDENTITY_UNSUPPORTED', async () => {
    await made()
    await writeFile(path, privateKeyToProtobuf(await generateKeyPair('secp256k1')))
    await expect(loadKeyFile(path)).rejects.toMatchObject({ code: 'IDENTITY_UNSUPPORTED' })
  })

  it.skipIf(process.getuid?.() !== 0)('[ID4] a file of another user is IDENTITY_FOREIGN_OWNER', async () => {
    await made()
    await chown(path, 12345, 12345)
    await expect(loadKeyFile(path)).rejects.toMatchObject({ code: 'IDENTITY_FOREIGN_OWNER', message: expect.stringContaining('12345') })
  })

  it('[ID4] a symbolic link is not followed', async () => {
    const bytes = await made()
    const elsewhere = join(dir, 'elsewhere')
    await writeFile(elsewhere, bytes)
    await rm(path)
    await symlink(elsewhere, path)
    await expect(loadKeyFile(path)).rejects.toMatchObject({ code: 'IDENTITY_FOREIGN_OWNER' })
  })

  it('[ID4] a directory that cannot be made is STORAGE_…, not a key in memory', async () => {
    await writeFile(join(dir, 'data'), 'a file')
    await expect(loadKeyFile(path)).rejects.toMatchObject({ code: expect.stringMatching(/^STORAGE_/) })
  })
})

/** Bytes that are not a good key: cut, changed in the key material, or something else altogether. */
function damage(good: Uint8Array): fc.Arbitrary<Uint8Array> {
  const cut = fc.integer({ min: 0, max: good.length - 1 }).map((length) => good.slice(0, length))
  const flipped = fc.tuple(fc.integer({ min: 4, max: good.length - 1 }), fc.integer({ min: 1, max: 255 })).map(([at, mask]) => good.map((byte, index) => index === at ? byte ^ mask : byte))
  return fc.oneof(cut, flipped, fc.uint8Array({ maxLength: 200 }))
}
