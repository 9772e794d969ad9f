import { describe, expect, it, vi } from 'vitest'
import { P2pError, type FileSending, type FileTransfer, type PeerInfo } from '@gloflow/p2p-core'
import { MAX_OPEN_OFFERS, MAX_SHOWN_TRANSFERS } from '../src/lib/limits.ts'
import { createFilesDesk, type FilesDesk } from '../src/lib/peer/files-desk.ts'
import type { OutboxEntry } from '../src/lib/peer/outbox.ts'

const person = (id: string): PeerInfo['id'] => ({ toString: () => id }) as PeerInfo['id']
const entry = (id: string, peer: string): OutboxEntry => ({ id, peer, file: new File(['content'], `${id}.png`), addedAtMs: 0 })
const transfer = (change: Partial<FileTransfer>): FileTransfer => ({
  id: 't', peer: person('ana'), direction: 'in', name: 'a.png', totalBytes: 7, doneBytes: 0, state: 'running', sha256: undefined, location: undefined, error: undefined, ...change
})

function createDesk(send: FileSending['send'], waiting: readonly OutboxEntry[] = []): { desk: FilesDesk; kept: Map<string, OutboxEntry>; declined: string[] } {
  const kept = new Map(waiting.map((one) => [one.id, one]))
  const declined: string[] = []
  const files = { send, decline: async (id: string) => { declined.push(id) }, accept: async () => { /* taken */ }, cancel: async () => { /* cancelled */ } } as unknown as FileSending
  const desk = createFilesDesk({
    files, waiting, seed: [], onChange: () => { /* nothing is shown */ },
    outbox: {
      async add(peer, file) {
        const added = { id: `kept-${file.name}`, peer, file, addedAtMs: 0 }
        kept.set(added.id, added)
        return added
      },
      async remove(id) { kept.delete(id) },
      load: async () => []
    }
  })
  return { desk, kept, declined }
}

describe('files on their way out', () => {
  it('[WB18] what was not handed over before a reload goes on when its person is here, and only then', async () => {
    const send = vi.fn(async () => transfer({ state: 'done' }))
    const { desk, kept } = createDesk(send, [entry('one', 'ana'), entry('two', 'ben')])
    expect(desk.transfers.map(({ name, state }) => [name, state])).toEqual([['one.png', 'waiting'], ['two.png', 'waiting']])
    desk.personIsHere(person('ana'))
    await vi.waitFor(() => { expect([...kept.keys()]).toEqual(['two']) })
    expect(send).toHaveBeenCalledTimes(1)
    desk.personIsHere(person('ana'))
    expect(send).toHaveBeenCalledTimes(1)
  })

  it('[WB18] is kept after a failure that may pass, and given up after one that will not', async () => {
    let error = new P2pError('STREAM_CLOSED', 'The connection ended.', { retryable: true })
    const { desk, kept } = createDesk(() => Promise.reject(error))
    await expect(desk.give(person('ana'), new File(['x'], 'a.png'))).rejects.toMatchObject({ code: 'STREAM_CLOSED' })
    expect(kept.size).toBe(1)
    expect(desk.transfers).toMatchObject([{ name: 'a.png', state: 'waiting' }])
    error = new P2pError('FILE_REFUSED', 'Ana does not want it.')
    desk.personIsHere(person('ana'))
    await vi.waitFor(() => { expect(kept.size).toBe(0) })
    expect(desk.transfers).toEqual([])
  })

  it('[WB18] a waiting file can be cancelled', async () => {
    const send = vi.fn(async () => transfer({ state: 'done' }))
    const { desk, kept } = createDesk(send, [entry('one', 'ana')])
    await desk.cancel('one')
    desk.personIsHere(person('ana'))
    expect(send).not.toHaveBeenCalled()
    expect(kept.size).toBe(0)
  })
})

describe('what others offer', () => {
  it('[WB8] more offers than can be shown are declined, and ended transfers are kept in a bounded number', () => {
    const { desk, declined } = createDesk(vi.fn())
    for (let at = 0; at < MAX_OPEN_OFFERS + 3; at++) desk.takeOffer({ id: `o${at}`, from: person('ana'), name: 'a.png', bytes: 1, mediaType: 'image/png' })
    expect(desk.offers).toHaveLength(MAX_OPEN_OFFERS)
    expect(declined).toHaveLength(3)
    for (let at = 0; at < MAX_SHOWN_TRANSFERS + 20; at++) desk.takeTransfer(transfer({ id: `t${at}`, state: 'done' }))
    expect(desk.transfers).toHaveLength(MAX_SHOWN_TRANSFERS)
  })

  it('an offer ends when its transfer begins or ends', () => {
    const { desk } = createDesk(vi.fn())
    desk.takeOffer({ id: 't', from: person('ana'), name: 'a.png', bytes: 1, mediaType: 'image/png' })
    desk.takeTransfer(transfer({ state: 'offered' }))
    expect(desk.offers).toHaveLength(1)
    desk.takeTransfer(transfer({ state: 'running' }))
    expect(desk.offers).toEqual([])
    expect(desk.transfers).toMatchObject([{ id: 't', state: 'running' }])
  })
})
