import { describe, expect, it } from 'vitest'
import { applyOperations, createOperationLog, stateHash, verifyOperation } from '../src/index.ts'
import { createDeterministicCrypto, createScene } from '../testing/index.ts'
import { edit, flowWith } from './harness.ts'

const TIGHT = { maxPending: 4, maxPendingBytes: 4_000, maxPendingPerAuthor: 3 }

describe('operations as they arrive', () => {
  it('[AZ24] 38: what lacks its past waits within bounds, and is stored when it comes; the state is that of the set', async () => {
    const scene = await flowWith({ bob: 'editor' })
    for (let i = 0; i < 3; i++) await edit(scene, 'bob')
    const ops = scene.everything()
    const log = createOperationLog(scene.flow)
    for (const op of [...ops].reverse()) log.add([op])
    expect(log.pendingCount).toBe(0)
    expect(log.pendingBytes).toBe(0)
    expect(stateHash(applyOperations({ flow: scene.flow, operations: log.operations() }))).toBe(stateHash(applyOperations({ flow: scene.flow, operations: ops })))
  })

  it('[AZ24] 38: beyond the bounds it is refused, and can be asked for again', async () => {
    const scene = await flowWith({ bob: 'editor', cid: 'editor' })
    const known = scene.everything()
    for (let i = 0; i < 5; i++) await edit(scene, 'bob')
    for (let i = 0; i < 3; i++) await edit(scene, 'cid')
    const late = scene.everything().slice(known.length)
    const log = createOperationLog(scene.flow, TIGHT)
    const arrival = log.add(late)
    expect(arrival.pending).toHaveLength(4)
    expect([...arrival.refused.values()]).toEqual(['PENDING_FULL', 'PENDING_FULL', 'PENDING_FULL', 'PENDING_FULL'])
    expect(log.pendingBytes).toBeLessThanOrEqual(TIGHT.maxPendingBytes)
    expect(log.missing().length).toBeGreaterThan(0)
    log.add(known)
    expect(log.pendingCount).toBe(0)
    expect(log.add(late).refused.size).toBe(0)
    expect(log.operations()).toHaveLength(scene.everything().length)
    const [first] = late
    expect(first !== undefined && log.has(first.id)).toBe(true)
    expect(log.add(late)).toEqual({ stored: [], pending: [], refused: new Map() })
  })

  it('[AZ24] 37: a flood of revocations by a stranger is not stored', async () => {
    const scene = await flowWith({ ann: 'admin' })
    const known = scene.everything()
    const stranger = await scene.actor('stranger')
    for (const op of known) stranger.known.set(op.id, op)
    const { removePerson } = await import('../src/index.ts')
    const { did } = await scene.actor('ann')
    for (let i = 0; i < 20; i++) await scene.write('stranger', (author) => removePerson(author, did))
    const log = createOperationLog(scene.flow)
    const before = stateHash(applyOperations({ flow: scene.flow, operations: known }))
    log.add(known)
    const flood = scene.everything().slice(known.length)
    const arrival = log.add(flood)
    expect(arrival.stored).toEqual([])
    expect([...arrival.refused.values()].every((code) => code === 'NOT_A_MEMBER')).toBe(true)
    expect(log.pendingCount).toBe(0)
    expect(stateHash(applyOperations({ flow: scene.flow, operations: [...known, ...flood] }))).toBe(before)
  })

  it('[AZ41] 39: an operation replayed in another flow is refused', async () => {
    const scene = await flowWith({ ann: 'admin' })
    const other = await createScene(createDeterministicCrypto('another flow'))
    const op = scene.everything().at(-1)
    if (op === undefined) expect.fail('no operation')
    await expect(verifyOperation(op, other.flow, other.verifier)).rejects.toMatchObject({ code: 'FLOW_MISMATCH' })
    expect([...createOperationLog(other.flow).add([op]).refused.values()]).toEqual(['FLOW_MISMATCH'])
    expect([...applyOperations({ flow: other.flow, operations: [op] }).refused.values()]).toEqual(['FLOW_MISMATCH'])
  })

  it('[AZ24] an operation costs at most four signatures', async () => {
    const scene = await flowWith({ ann: 'admin' })
    for (const op of scene.everything()) {
      let checks = 0
      await verifyOperation(op, scene.flow, { check: async () => void checks++ })
      expect(checks).toBeLessThanOrEqual(4)
    }
  })
})
