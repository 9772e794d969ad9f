import type { PeerId } from '@libp2p/interface'
import type { FileOffer, FileSink, OpenFileSink } from '../src/protocol/send.ts'

/** What a sink is tried with. */
export interface FileSinkContract {
  /** The test runner's functions, so that the suite runs in any. */
  readonly it: (name: string, run: () => Promise<void>) => void
  readonly equal: (actual: unknown, expected: unknown) => void
  /** Opens an empty place; `reopen` opens the same place again, as after a restart. */
  readonly openPlace: () => Promise<{ readonly open: OpenFileSink; readonly reopen: () => Promise<OpenFileSink> }>
  /** The content at a location that `commit` returned. */
  readonly contentOf: (location: string) => Promise<Uint8Array>
  readonly from: PeerId
  /** True for a sink that keeps what is there over a restart. */
  readonly keeps: boolean
}

/** The rules that each adapter of the sink port holds. */
export function fileSinkContract(contract: FileSinkContract): void {
  const { it, equal, openPlace, contentOf, from } = contract
  const offer = (over: Partial<FileOffer> = {}): FileOffer => ({ id: 'in:x:1', from, name: 'a.bin', bytes: 1_000_000, mediaType: 'image/png', ...over })
  const bytes = (count: number, seed = 0): Uint8Array => Uint8Array.from({ length: count }, (_, n) => (n * 31 + seed) % 251)

  it('[SD3] what is written is there after commit, in order', async () => {
    const { open } = await openPlace()
    const sink = await open(offer())
    equal(sink.offset, 0)
    const parts = [bytes(70_000, 1), bytes(1, 2), bytes(300_000, 3)]
    for (const part of parts) await sink.write(part)
    equal(await contentOf(await sink.commit()), join(parts))
  })

  it('[SD3] a chunk may be used again by the caller after write has resolved', async () => {
    const { open } = await openPlace()
    const sink = await open(offer())
    const chunk = bytes(1000)
    await sink.write(chunk)
    chunk.fill(0)
    equal(await contentOf(await sink.commit()), bytes(1000))
  })

  it('[SD3] an empty file can be committed', async () => {
    const { open } = await openPlace()
    equal(await contentOf(await (await open(offer({ bytes: 0 }))).commit()), new Uint8Array(0))
  })

  it('[SD3] two files of one name are both there', async () => {
    const { open } = await openPlace()
    const [one, two] = [await open(offer({ id: 'in:x:1' })), await open(offer({ id: 'in:x:2' }))]
    await one.write(bytes(10, 1))
    await two.write(bytes(10, 2))
    const [first, second] = [await one.commit(), await two.commit()]
    equal(first === second, false)
    equal([await contentOf(first), await contentOf(second)], [bytes(10, 1), bytes(10, 2)])
  })

  it('[SD4] what is discarded without being kept is gone', async () => {
    const place = await openPlace()
    const sink = await place.open(offer())
    await sink.write(bytes(1000))
    await sink.discard(false)
    const again = await (await place.reopen())(offer())
    equal(again.offset, 0)
    await again.discard(false)
  })

  if (!contract.keeps) return

  it('[SD4] what is kept is read again after a restart, and written on', async () => {
    const place = await openPlace()
    const sink = await place.open(offer())
    await sink.write(bytes(400_000, 1))
    await sink.discard(true)
    const again = await (await place.reopen())(offer())
    equal(again.offset, 400_000)
    equal(await readAll(again), bytes(400_000, 1))
    await again.write(bytes(1000, 2))
    equal(await contentOf(await again.commit()), join([bytes(400_000, 1), bytes(1000, 2)]))
  })

  it('[SD4] the part of another transfer is not taken for this one, nor one that is longer than the file', async () => {
    const place = await openPlace()
    const sink = await place.open(offer())
    await sink.write(bytes(1000))
    await sink.discard(true)
    const open = await place.reopen()
    const other = await open(offer({ id: 'in:x:2' }))
    equal(other.offset, 0)
    await other.discard(false)
    const shorter = await open(offer({ bytes: 10 }))
    equal(shorter.offset, 0)
    await shorter.write(bytes(10, 3))
    equal(await contentOf(await shorter.commit()), bytes(10, 3))
  })
}

async function readAll(sink: FileSink): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of sink.read(AbortSignal.timeout(10_000))) parts.push(Uint8Array.from(part))
  return join(parts)
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.byteLength
  }
  return joined
}
