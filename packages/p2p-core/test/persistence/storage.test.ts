import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openLevelStorage } from '../../src/persistence/level.node.ts'
import { createMemoryStorage } from '../../src/persistence/storage.ts'
import { storageContract } from '../../testing/storage.contract.ts'

let dir: string
beforeAll(async () => { dir = await mkdtemp(join(tmpdir(), 'gf-storage-')) })
afterAll(async () => { await rm(dir, { recursive: true, force: true }) })

const equal = (actual: unknown, expected: unknown): void => { expect(actual).toEqual(expected) }

describe('LevelDB', () => {
  storageContract({ it, equal, keeps: true, open: (name) => openLevelStorage(join(dir, name)) })
})

describe('memory', () => {
  storageContract({ it, equal, keeps: false, open: async () => createMemoryStorage('a test') })
})
