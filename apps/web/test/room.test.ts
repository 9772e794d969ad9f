import { describe, expect, it, vi } from 'vitest'
import { MAX_BRIDGED_PEOPLE, MAX_INFO_BYTES, MAX_SHOWN_MESSAGES, MAX_SHOWN_TEXT_CHARS, SELF_TEST_STEP_MS } from '../src/lib/limits.ts'
import { INITIAL_SNAPSHOT } from '../src/lib/peer/client.ts'
import { parseRelayFacts } from '../src/lib/peer/relay-facts.ts'
import { fetchRelayFacts } from '../src/lib/peer/relay-facts.ts'
import { createRoom } from '../src/lib/peer/room.ts'
import { runSelfTest } from '../src/lib/selftest/run.ts'
import type { GeneralMessage } from '@gloflow/p2p-core'
import type { StepResult } from '../src/lib/selftest/steps.ts'

const message = (change: Partial<GeneralMessage>): GeneralMessage => ({ from: 'ana', via: undefined, id: 'a', body: { text: 'hello' }, receivedAtMs: 1000, ...change })

describe('the room', () => {
  it('shows the text of a message once', () => {
    const room = createRoom([])
    expect(room.take(message({}))).toBe(true)
    expect(room.take(message({}))).toBe(false)
    expect(room.lines.map((line) => line.text)).toEqual(['hello'])
  })

  it('[WB7] takes a name from the one whom it names, and never through a bridge', () => {
    const room = createRoom([])
    room.take(message({ body: { type: 'profile', name: ' Ana\u202e ' } }))
    expect(room.nameOf('ana')).toBe('Ana')
    room.take(message({ via: 'bridge', body: { type: 'profile', name: 'Somebody else' } }))
    expect(room.nameOf('ana')).toBe('Ana')
    room.take(message({ body: { type: 'profile', name: '' } }))
    expect(room.nameOf('ana')).toBeUndefined()
    expect(room.lines).toEqual([])
  })

  it('[WB8] keeps a bounded number of lines, of characters and of people behind bridges', () => {
    const room = createRoom([])
    for (let at = 0; at < MAX_SHOWN_MESSAGES + 50; at++) room.take(message({ id: `m${at}`, from: `go${at}`, via: 'bridge', body: { text: 'x'.repeat(MAX_SHOWN_TEXT_CHARS + 1) } }))
    expect(room.lines).toHaveLength(MAX_SHOWN_MESSAGES)
    expect(room.lines.at(-1)?.text).toHaveLength(MAX_SHOWN_TEXT_CHARS)
    expect(room.bridged(1000, [])).toHaveLength(MAX_BRIDGED_PEOPLE)
  })

  it('shows who speaks through a bridge as a Go peer, for some time', () => {
    const room = createRoom([])
    room.take(message({ from: 'go', via: 'bridge' }))
    expect(room.bridged(2000, [])).toMatchObject([{ id: 'go', kind: 'go', path: 'relayed', reason: 'no-common-transport', relay: 'bridge' }])
    expect(room.bridged(10_000_000, [])).toEqual([])
    expect(room.bridged(10_000_000, ['silent']).map((person) => person.id)).toEqual(['silent'])
  })

  it('shows nothing for an empty object, and the object itself for one of another shape', () => {
    const room = createRoom([])
    room.take(message({ id: 'b', body: {} }))
    room.take(message({ id: 'c', body: { hello: 'go' } }))
    expect(room.lines.map((line) => line.text)).toEqual(['{"hello":"go"}'])
  })
})

describe('the relay’s description', () => {
  const document = { peerId: '12D3KooWR', network: 'gloflow_testnet', version: '0.1.0', stun: ['stun:relay.example:3478'], bridge: true, limits: { circuitBytes: 67108864 } }

  it('[WB10] is read with what is missing left out, and refused where it names no network', () => {
    expect(parseRelayFacts(JSON.stringify(document))).toEqual({ peerId: '12D3KooWR', network: 'gloflow_testnet', version: '0.1.0', stun: ['stun:relay.example:3478'], bridge: true, circuitBytes: 67108864 })
    for (const text of ['', '[]', 'null', '{"peerId":"x"}', '{"peerId":"x","network":"a b<"}', '{']) expect(parseRelayFacts(text)).toBeUndefined()
  })

  it('[WB10] is not read beyond its bound', async () => {
    const fetched = vi.spyOn(globalThis, 'fetch').mockImplementation(async () => new Response(JSON.stringify({ ...document, padding: 'x'.repeat(MAX_INFO_BYTES) })))
    expect(await fetchRelayFacts('https://relay.example', new AbortController().signal)).toBeUndefined()
    fetched.mockResolvedValue(new Response(JSON.stringify(document)))
    expect(await fetchRelayFacts('https://relay.example', new AbortController().signal)).toMatchObject({ network: 'gloflow_testnet' })
    fetched.mockRestore()
  })
})

describe('the self-test', () => {
  it('[WB14] bounds each step in time, and goes on after one that fails', async () => {
    vi.useFakeTimers()
    vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
      const controller = new AbortController()
      setTimeout(() => { controller.abort() }, ms)
      return controller.signal
    })
    const steps = [
      { id: 'hangs', title: 'Hangs', run: () => new Promise<never>(() => { /* never */ }) },
      { id: 'throws', title: 'Throws', run: () => Promise.reject(new RangeError('broken')) },
      { id: 'works', title: 'Works', run: async () => ({ outcome: 'ok' as const, finding: 'fine', advice: undefined }) }
    ]
    const results: StepResult[] = []
    const done = (async () => { for await (const result of runSelfTest(() => INITIAL_SNAPSHOT, steps, 'https://relay.example')) results.push(result) })()
    await vi.advanceTimersByTimeAsync(SELF_TEST_STEP_MS + 100)
    await done
    vi.useRealTimers()
    vi.restoreAllMocks()
    expect(results.map((result) => result.outcome)).toEqual(['failed', 'failed', 'ok'])
    for (const result of results.slice(0, 2)) expect(result.advice).toBeTruthy()
    expect(results[1]?.finding).toBe('broken')
  })
})
