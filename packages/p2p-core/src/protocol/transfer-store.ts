import type { Datastore } from 'interface-datastore'
import { Key } from 'interface-datastore'
import { isP2pError } from '../errors.ts'
import { SEND_STORE_ENTRIES, SEND_STORE_MS } from '../limits.ts'
import { jsonObjectCodec } from './json-codec.ts'
import type { TransferRecord, TransferStore } from './send.ts'

const PREFIX = '/gf-transfers'

/**
 * Opens the memory of transfers in a datastore. At most 256 are kept, each for 7 days, the oldest go first; an entry that cannot be read is
 * taken out. `now` is UNIX time in ms.
 */
export async function openTransferStore(datastore: Datastore, now: () => number = Date.now): Promise<TransferStore> {
  const records = new Map<string, TransferRecord>()
  for await (const { key, value } of datastore.query({ prefix: PREFIX })) {
    const record = parseRecord(value)
    if (record === undefined || record.updatedAtMs < now() - SEND_STORE_MS) await datastore.delete(key)
    else records.set(keyOf(record.direction, record.peer, record.id), record)
  }

  async function remove(key: string): Promise<void> {
    if (records.delete(key)) await datastore.delete(new Key(key))
  }

  async function makeRoom(): Promise<void> {
    const oldestFirst = [...records].sort(([, a], [, b]) => a.updatedAtMs - b.updatedAtMs)
    for (const [key] of oldestFirst.slice(0, Math.max(0, records.size - SEND_STORE_ENTRIES))) await remove(key)
  }

  return {
    get: (direction, peer, id) => records.get(keyOf(direction, peer, id)),
    findOutgoing: (peer, name, bytes, mediaType) => [...records.values()].find(record =>
      record.direction === 'out' && record.peer === peer && record.name === name && record.bytes === bytes && record.mediaType === mediaType),
    async put(entry) {
      const record: TransferRecord = { ...entry, updatedAtMs: now() }
      const key = keyOf(record.direction, record.peer, record.id)
      records.set(key, record)
      await datastore.put(new Key(key), jsonObjectCodec.encode({ ...record }))
      await makeRoom()
    },
    delete: (direction, peer, id) => remove(keyOf(direction, peer, id))
  }
}

function keyOf(direction: 'in' | 'out', peer: string, id: string): string {
  return `${PREFIX}/${direction}/${peer}/${id}`
}

function parseRecord(bytes: Uint8Array): TransferRecord | undefined {
  try {
    const { direction, peer, id, name, bytes: size, mediaType, state, sha256, updatedAtMs } = jsonObjectCodec.decode(bytes)
    if (direction !== 'in' && direction !== 'out') return undefined
    if (state !== 'accepted' && state !== 'done') return undefined
    if (typeof peer !== 'string' || typeof id !== 'string' || typeof name !== 'string' || typeof mediaType !== 'string') return undefined
    if (typeof size !== 'number' || typeof updatedAtMs !== 'number') return undefined
    return { direction, peer, id, name, bytes: size, mediaType, state, sha256: typeof sha256 === 'string' ? sha256 : undefined, updatedAtMs }
  } catch (error) {
    if (isP2pError(error, 'FRAME_INVALID')) return undefined
    throw error
  }
}
