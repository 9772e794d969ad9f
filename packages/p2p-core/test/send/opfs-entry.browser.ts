import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import { createBlobFileSource, createBrowserFileSinks, createBrowserHasher, createPrivateFileSinks } from '../../src/protocol/send.browser.ts'
import type { FileOffer } from '../../src/protocol/send.ts'
import { fileSinkContract } from '../../testing/file-sink.contract.ts'

/** What the page offers to the test. */
export interface SinkPage {
  /** Runs the contract over the private file system; a failed rule has an error. */
  runContract(): Promise<readonly { readonly name: string; readonly error: string | undefined }[]>
  /** Writes `bytes` in chunks of 1 MiB into the transfer `id`; returns the offset at which it began. */
  receive(id: string, from: string, bytes: number, end: 'keep' | 'leave' | 'commit'): Promise<{ readonly offset: number; readonly sha256: string | undefined; readonly type: string | undefined }>
  hashOfBlob(bytes: number, offset: number): Promise<string>
}

const CHUNK = 1024 * 1024

function chunkAt(index: number): Uint8Array {
  return new Uint8Array(CHUNK).fill(index % 251)
}

function equal(actual: unknown, expected: unknown): void {
  const show = (value: unknown): string => JSON.stringify(value, (_key, inner: unknown) => (inner instanceof Uint8Array ? `${inner.byteLength} bytes ${hash([inner])}` : inner))
  if (show(actual) !== show(expected)) throw new TypeError(`${show(actual)} is not ${show(expected)}`)
}

function hash(parts: readonly Uint8Array[]): string {
  const hasher = createBrowserHasher()
  for (const part of parts) hasher.update(part)
  return hasher.digest()
}

const page: SinkPage = {
  async runContract() {
    const from = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    const rules: { name: string; run: () => Promise<void> }[] = []
    let places = 0
    fileSinkContract({
      it: (name, run) => { rules.push({ name, run }) },
      equal, from, keeps: true,
      async openPlace() {
        const root = await navigator.storage.getDirectory()
        const directory = await root.getDirectoryHandle(`place-${places += 1}`, { create: true })
        return { open: await createPrivateFileSinks(directory), reopen: () => createPrivateFileSinks(directory) }
      },
      contentOf: async location => new Uint8Array(await (await fetch(location)).arrayBuffer())
    })
    const results: { name: string; error: string | undefined }[] = []
    for (const { name, run } of rules) results.push({ name, error: await run().then(() => undefined, (error: unknown) => String(error)) })
    return results
  },
  async receive(id, from, bytes, end) {
    const open = await createBrowserFileSinks()
    const offer: FileOffer = { id, from: peerIdFromString(from), name: 'a.html', bytes: 64 * CHUNK, mediaType: 'text/html' }
    const sink = await open(offer)
    for (let at = sink.offset; at < bytes; at += CHUNK) await sink.write(chunkAt(at / CHUNK))
    if (end === 'keep') await sink.discard(true)
    if (end !== 'commit') return { offset: sink.offset, sha256: undefined, type: undefined }
    const response = await fetch(await sink.commit())
    return { offset: sink.offset, sha256: hash([new Uint8Array(await response.arrayBuffer())]), type: response.headers.get('content-type') ?? undefined }
  },
  async hashOfBlob(bytes, offset) {
    const chunks = Array.from({ length: bytes / CHUNK }, (_, index) => Uint8Array.from(chunkAt(index)))
    const hasher = createBrowserHasher()
    for await (const piece of createBlobFileSource(new Blob(chunks), 'a').read(offset, AbortSignal.timeout(30_000))) hasher.update(piece)
    return hasher.digest()
  }
}

Object.assign(globalThis, { sinkPage: page })
