import type { Datastore } from 'interface-datastore'
import { Key } from 'interface-datastore'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import type { RelayPin } from './info.ts'

/** Remembers which key each relay had when it was first used. */
export interface RelayPins {
  /** `source` is the relay as it was configured: URL or multiaddr. */
  get(source: string): Promise<RelayPin | undefined>
  set(source: string, pin: RelayPin): Promise<void>
}

/** Pins that end with the process: for tests, and where storage is refused. */
export function createMemoryPins(): RelayPins {
  const pins = new Map<string, RelayPin>()
  return {
    get: async source => pins.get(source),
    set: async (source, pin) => { pins.set(source, pin) }
  }
}

/** Pins in the peer's own datastore. A value that is not understood counts as none. */
export function createDatastorePins(datastore: Datastore): RelayPins {
  return {
    async get(source) {
      const key = keyOf(source)
      if (!(await datastore.has(key))) return undefined
      return decodePin(await datastore.get(key))
    },
    async set(source, pin) {
      await datastore.put(keyOf(source), fromString(JSON.stringify(pin)))
    }
  }
}

function keyOf(source: string): Key {
  return new Key(`/gloflow/relay-pins/${toString(fromString(source), 'base64url')}`)
}

function decodePin(bytes: Uint8Array): RelayPin | undefined {
  try {
    const value: unknown = JSON.parse(toString(bytes))
    if (typeof value !== 'object' || value === null || !('peerId' in value) || !('seq' in value)) return undefined
    const { peerId, seq } = value
    return typeof peerId === 'string' && typeof seq === 'number' ? { peerId, seq } : undefined
  } catch {
    return undefined
  }
}
