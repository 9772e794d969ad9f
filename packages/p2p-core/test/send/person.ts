import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Libp2p, PrivateKey, Stream } from '@libp2p/interface'
import { MemoryDatastore } from 'datastore-core'
import type { Datastore } from 'interface-datastore'
import { openAccess } from '../../src/access/open-access.ts'
import { createFileSending } from '../../src/protocol/file-sending.ts'
import type { RunningFileSending } from '../../src/protocol/file-sending.ts'
import { createProtocolRegistry } from '../../src/protocol/registry.ts'
import type { ProtocolRegistry } from '../../src/protocol/registry.ts'
import { encodeVarint } from '../../src/protocol/framing.ts'
import { createNodeFileSinks, createNodeHasher } from '../../src/protocol/send.node.ts'
import { sendProtocol } from '../../src/protocol/send-wire.ts'
import type { SendMessage } from '../../src/protocol/send-wire.ts'
import type { FileOffer, FileSource, FileTransfer } from '../../src/protocol/send.ts'
import { openTransferStore } from '../../src/protocol/transfer-store.ts'
import { startNode } from '../protocol/nodes.ts'
import type { TestNodeOptions } from '../protocol/nodes.ts'

/** What outlives a restart of a person's program. */
export interface Belongings {
  readonly datastore: Datastore
  readonly directory: string
}

/** A peer that sends and receives files. */
export interface Person {
  readonly node: Libp2p
  readonly registry: ProtocolRegistry
  readonly files: RunningFileSending
  readonly offers: FileOffer[]
  readonly ended: FileTransfer[]
  readonly belongings: Belongings
  stop(): Promise<void>
}

export interface PersonOptions extends TestNodeOptions {
  readonly belongings?: Belongings
  readonly answer?: 'accept' | 'decline' | 'none'
  readonly maxFileBytes?: number
  readonly privateKey?: PrivateKey
}

export async function newBelongings(): Promise<Belongings> {
  return { datastore: new MemoryDatastore(), directory: await mkdtemp(join(tmpdir(), 'gf-send-')) }
}

export async function removeBelongings({ directory }: Belongings): Promise<void> {
  await rm(directory, { recursive: true, force: true })
}

export async function startPerson(options: PersonOptions = {}): Promise<Person> {
  const belongings = options.belongings ?? await newBelongings()
  const node = await startNode(options)
  const registry = createProtocolRegistry({ libp2p: node, access: openAccess() })
  const files = await createFileSending({
    libp2p: node,
    registry,
    openSink: await createNodeFileSinks(belongings.directory),
    createHasher: createNodeHasher,
    store: await openTransferStore(belongings.datastore),
    ...(options.maxFileBytes === undefined ? {} : { maxFileBytes: options.maxFileBytes })
  })
  const offers: FileOffer[] = []
  const ended: FileTransfer[] = []
  files.events.on('offer', offer => {
    offers.push(offer)
    if (options.answer === 'none') return
    void files[options.answer === 'decline' ? 'decline' : 'accept'](offer.id)
  })
  files.events.on('done', transfer => ended.push(transfer))
  return {
    node, registry, files, offers, ended, belongings,
    async stop() {
      await files.stop()
      await registry.stop()
      await node.stop()
    }
  }
}

/** Content of any size that can be read from any offset and is not held in memory. */
export function content(bytes: number, name = 'picture.png', seed = 1): FileSource & { readonly sha256: string; readonly readFrom: number[] } {
  const block = Uint8Array.from({ length: 251 * 1024 }, (_, n) => (n * 7 + seed) % 251)
  const hash = createHash('sha256')
  const readFrom: number[] = []
  async function *read(offset: number): AsyncIterable<Uint8Array> {
    for (let at = offset; at < bytes;) {
      const start = at % block.byteLength
      const piece = block.slice(start, Math.min(block.byteLength, start + bytes - at))
      at += piece.byteLength
      yield piece
    }
  }
  for (let at = 0; at < bytes; at += block.byteLength) hash.update(block.subarray(0, Math.min(block.byteLength, bytes - at)))
  return {
    name, bytes, mediaType: 'image/png', sha256: hash.digest('hex'), readFrom,
    read(offset) {
      readFrom.push(offset)
      return read(offset)
    }
  }
}

/** A sender or receiver without the rules: says on a stream whatever a test wants. */
export interface Rogue {
  readonly stream: Stream
  readonly received: SendMessage[]
  say(message: SendMessage): void
}

export async function openRogue(from: Libp2p, to: Libp2p): Promise<Rogue> {
  const [connection] = from.getConnections(to.peerId)
  if (connection === undefined) throw new TypeError('not connected')
  return rogueOn(await connection.newStream([sendProtocol.id]), false)
}

export function rogueOn(stream: Stream, answers: boolean): Rogue {
  const received: SendMessage[] = []
  let bytes = new Uint8Array(0)
  stream.addEventListener('message', event => {
    bytes = Uint8Array.from([...bytes, ...event.data.subarray()])
    for (;;) {
      const frame = firstFrame(bytes)
      if (frame === undefined) return
      bytes = bytes.slice(frame.end)
      if (frame.content.byteLength > 0) received.push(sendProtocol.codec.decode(frame.content))
    }
  })
  if (answers) stream.send(Uint8Array.of(0))
  return {
    stream, received,
    say(message) {
      const frame = sendProtocol.codec.encode(message)
      stream.send(encodeVarint(frame.byteLength))
      stream.send(frame)
    }
  }
}

function firstFrame(bytes: Uint8Array): { readonly content: Uint8Array; readonly end: number } | undefined {
  let length = 0
  for (let at = 0; at < bytes.byteLength; at += 1) {
    const byte = bytes[at] ?? 0
    length += (byte & 0x7f) * 2 ** (7 * at)
    if ((byte & 0x80) !== 0) continue
    const start = at + 1
    return bytes.byteLength < start + length ? undefined : { content: bytes.slice(start, start + length), end: start + length }
  }
  return undefined
}
