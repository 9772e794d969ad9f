import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RelayOptions } from './relay.ts'

/** What a relay process saw in clear. */
export interface Tap {
  /** Starts a relay with the tap in it. */
  readonly relayOptions: RelayOptions
  /** Whether the bytes went through any one stream in either direction, also where they came in pieces. */
  saw(marker: string): Promise<boolean>
  /** Everything together, in bytes. */
  size(): Promise<number>
}

const MODULE = fileURLToPath(new URL('tap.mjs', import.meta.url))

/** Makes a tap with a file of its own. */
export async function createTap(): Promise<Tap> {
  const file = join(await mkdtemp(join(tmpdir(), 'gf-tap-')), 'tap.jsonl')
  const streams = async (): Promise<Buffer[]> => {
    const pieces = new Map<string, Buffer[]>()
    for (const line of (await readFile(file, 'utf8')).split('\n').filter(Boolean)) {
      const value: unknown = JSON.parse(line)
      if (typeof value !== 'object' || value === null || !('stream' in value) || !('direction' in value) || !('base64' in value)) throw new TypeError(`not a line of the tap: ${line.slice(0, 100)}`)
      const key = `${String(value.stream)}/${String(value.direction)}`
      const list = pieces.get(key) ?? []
      pieces.set(key, list)
      list.push(Buffer.from(String(value.base64), 'base64'))
    }
    return [...pieces.values()].map((list) => Buffer.concat(list))
  }
  return {
    relayOptions: { preload: [MODULE], env: { GF_TAP_FILE: file } },
    saw: async (marker) => (await streams()).some((bytes) => bytes.includes(marker)),
    size: async () => (await streams()).reduce((sum, bytes) => sum + bytes.length, 0)
  }
}
