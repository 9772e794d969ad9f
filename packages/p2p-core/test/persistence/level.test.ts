import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Key } from 'interface-datastore'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openLevelStorage } from '../../src/persistence/level.node.ts'
import { openPeerBook } from '../../src/persistence/peer-book.ts'
import { storageError } from '../../src/persistence/storage-error.ts'

const WRITER = fileURLToPath(new URL('book-writer.ts', import.meta.url))

let dir: string
beforeEach(async () => { dir = await mkdtemp(join(tmpdir(), 'gf-store-')) })
afterEach(async () => { await rm(dir, { recursive: true, force: true }) })

describe('LevelDB as the store of a Node peer', () => {
  it('[PB7] keeps what was put', async () => {
    const key = new Key('/a')
    const first = await openLevelStorage(join(dir, 'store'))
    await first.datastore.put(key, new Uint8Array([1, 2]))
    await first.close()
    const second = await openLevelStorage(join(dir, 'store'))
    expect(new Uint8Array(await second.datastore.get(key))).toEqual(new Uint8Array([1, 2]))
    await second.close()
  })

  it('[PB7] in use by another peer it is STORAGE_LOCKED', async () => {
    const storage = await openLevelStorage(join(dir, 'store'))
    await expect(openLevelStorage(join(dir, 'store'))).rejects.toMatchObject({ code: 'STORAGE_LOCKED', retryable: true })
    await storage.close()
  })

  it('[PB7] damaged it is STORAGE_CORRUPT, and stays as it is', async () => {
    const storage = await openLevelStorage(join(dir, 'store'))
    await storage.datastore.put(new Key('/a'), new Uint8Array(1_000))
    await storage.close()
    const before = await readdir(join(dir, 'store'))
    for (const name of before.filter((one) => one.startsWith('MANIFEST'))) await truncate(join(dir, 'store', name), 3)
    await expect(openLevelStorage(join(dir, 'store'))).rejects.toMatchObject({ code: 'STORAGE_CORRUPT', message: expect.stringContaining('move it away') })
    expect(await readdir(join(dir, 'store'))).toEqual(expect.arrayContaining(before.filter((one) => one !== 'LOG')))
  })

  it('[PB7] where a file is in the way it says so', async () => {
    await writeFile(join(dir, 'store'), 'a file')
    await expect(openLevelStorage(join(dir, 'store'))).rejects.toMatchObject({ code: expect.stringMatching(/^STORAGE_/) })
  })

  it('[PB7] a full disk and a full IndexedDB are STORAGE_FULL, also as the cause of another error', () => {
    const full = Object.assign(new Error('write failed'), { code: 'ENOSPC' })
    expect(storageError(new Error('put failed', { cause: full }), 'writing')).toMatchObject({ code: 'STORAGE_FULL', retryable: true })
    expect(storageError(new DOMException('full', 'QuotaExceededError'), 'writing')).toMatchObject({ code: 'STORAGE_FULL' })
  })

  it('[PB8] a book whose writer is killed at any moment is readable, and has all that was flushed', async () => {
    for (let round = 0; round < 4; round += 1) {
      const store = join(dir, `killed-${round}`)
      const writer = spawn(process.execPath, [WRITER, store], { stdio: ['ignore', 'pipe', 'inherit'] })
      const flushed: string[] = []
      createInterface(writer.stdout).on('line', (line) => { flushed.push(...line.split(' ')) })
      await expect.poll(() => flushed.length, { timeout: 15_000 }).toBeGreaterThan(20)
      await sleep(round * 7) // not in step with the writer
      writer.kill('SIGKILL')
      await once(writer, 'close')
      const storage = await openLevelStorage(store)
      const book = await openPeerBook({ datastore: storage.datastore, now: () => Date.now(), onError: (error) => { throw error } })
      const kept = new Set(book.list().map(({ peerId }) => peerId))
      if (flushed.length <= 480) expect(flushed.filter((peerId) => !kept.has(peerId))).toEqual([])
      expect(kept.size).toBeGreaterThan(20)
      expect(book.list().every(({ addresses }) => addresses.length === 1)).toBe(true)
      await storage.close()
    }
  })
})
