import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TAB_LEASE_MS, TAB_TICK_MS, TAB_UNANSWERED_BEFORE_TAKEOVER } from '../src/lib/limits.ts'
import { mayAct, startElection, stepElection, type TabEffect, type TabInput, type TabState } from '../src/lib/tabs/election.ts'

/** Feeds inputs one after the other, and gathers the effects. */
function run(state: TabState, ...inputs: readonly TabInput[]): { state: TabState; effects: TabEffect[] } {
  const effects: TabEffect[] = []
  let now = state
  for (const input of inputs) {
    const step = stepElection(now, input, 0)
    now = step.state
    effects.push(...step.effects)
  }
  return { state: now, effects }
}

const following = (): TabState => startElection(0, 0).state
const leading = (epoch = 3, atMs = 0): TabState => run(following(), { kind: 'lock-granted' }, { kind: 'epoch-raised', epoch, askedAtMs: atMs }).state

describe('one tab', () => {
  it('[WB1] asks for the lock, raises the epoch when it gets it, and only then starts the peer', () => {
    expect(startElection(0, 0).effects).toEqual(['request-lock', 'ask-leader'])
    const granted = run(following(), { kind: 'lock-granted' })
    expect(granted.effects).toEqual(['raise-epoch'])
    expect(run(granted.state, { kind: 'epoch-raised', epoch: 1, askedAtMs: 0 }).effects).toEqual(['start-peer', 'say-alive'])
  })

  it('[WB2] stops the peer when its lock is taken, and stands in the queue again', () => {
    const { state, effects } = run(leading(), { kind: 'lock-lost' })
    expect(effects).toEqual(['stop-peer', 'request-lock'])
    expect(state.kind).toBe('following')
  })

  it('[WB2] stops the peer when storage shows another epoch, or another leader shows a greater one', () => {
    expect(run(leading(3), { kind: 'epoch-read', epoch: 4, askedAtMs: 1 }).effects).toContain('stop-peer')
    expect(run(leading(3), { kind: 'heard', epoch: 4 }).effects).toContain('stop-peer')
    expect(run(leading(3), { kind: 'heard', epoch: 2 }).effects).toEqual([])
  })

  it('[WB3] may act for the length of the lease after a confirmation, and has to look again afterwards', () => {
    const state = leading(3, 1000)
    expect(mayAct(state, 1000 + TAB_LEASE_MS - 1)).toBe('yes')
    expect(mayAct(state, 1000 + TAB_LEASE_MS)).toBe('check')
    expect(mayAct(state, 999)).toBe('check')
    expect(mayAct(following(), 0)).toBe('no')
    const confirmed = run(state, { kind: 'epoch-read', epoch: 3, askedAtMs: 9000 }).state
    expect(mayAct(confirmed, 9001)).toBe('yes')
  })

  it('[WB3] a confirmation that was asked for before the tab slept does not count as one of now', () => {
    const state = run(leading(3, 0), { kind: 'epoch-read', epoch: 3, askedAtMs: 10 }).state
    expect(mayAct(state, 60_000)).toBe('check')
  })

  it('[WB4] takes over after enough unanswered questions, and not while the leader answers', () => {
    const ticks = (count: number, from: number): TabInput[] => Array.from({ length: count }, (_, at) => ({ kind: 'tick', nowMs: from + (at + 1) * TAB_TICK_MS }))
    const silent = run(following(), ...ticks(TAB_UNANSWERED_BEFORE_TAKEOVER, 0))
    expect(silent.effects.at(-1)).toBe('steal-lock')
    const heard = ticks(40, 0).flatMap((tick): TabInput[] => [tick, { kind: 'heard', epoch: 1 }])
    expect(run(following(), ...heard).effects).not.toContain('steal-lock')
  })

  it('[WB4] a tab that slept itself starts counting anew', () => {
    const ticks: TabInput[] = Array.from({ length: 20 }, (_, at) => ({ kind: 'tick', nowMs: at * 60_000 }))
    expect(run(following(), ...ticks).effects).not.toContain('steal-lock')
  })

  it('[WB4] waits longer before it takes over than a leader may act without looking', () => {
    expect(TAB_UNANSWERED_BEFORE_TAKEOVER * TAB_TICK_MS).toBeGreaterThan(TAB_LEASE_MS)
  })

  it('[WB5] without storage it leads by the lock alone, with an epoch greater than any it heard of', () => {
    const { state, effects } = run(following(), { kind: 'heard', epoch: 7 }, { kind: 'lock-granted' }, { kind: 'epoch-failed', nowMs: 5 })
    expect(effects).toContain('start-peer')
    expect(state).toMatchObject({ kind: 'leading', epoch: 8, fenced: false })
    expect(mayAct(state, 1_000_000)).toBe('yes')
  })

  it('asks for a lock that was refused again at the next tick, and not at once', () => {
    const refused = run(following(), { kind: 'lock-lost' })
    expect(refused.effects).toEqual([])
    expect(run(refused.state, { kind: 'tick', nowMs: TAB_TICK_MS }, { kind: 'tick', nowMs: 2 * TAB_TICK_MS }).effects).toEqual(['request-lock', 'ask-leader', 'ask-leader'])
  })

  it('a closed tab gives everything back and starts nothing any more', () => {
    const { state, effects } = run(leading(), { kind: 'close' })
    expect(effects).toEqual(['stop-peer', 'release-lock'])
    expect(run(state, { kind: 'lock-granted' }, { kind: 'tick', nowMs: 1 }, { kind: 'lock-lost' }).effects).toEqual(['release-lock'])
  })
})

/** Several tabs over a model of lock, storage and channel, on one clock. */
class World {
  nowMs = 0
  epoch = 0
  epochRaisedAtMs = 0
  holder: number | undefined
  queue: number[] = []
  readonly tabs: { state: TabState; frozen: boolean; crashed: boolean; inbox: TabInput[]; peer: boolean }[]

  constructor(count: number) {
    this.tabs = Array.from({ length: count }, () => ({ state: { kind: 'closed' }, frozen: false, crashed: false, inbox: [], peer: false }))
    for (let at = 0; at < count; at++) this.apply(at, startElection(0, at / count))
  }

  apply(at: number, step: { state: TabState; effects: readonly TabEffect[] }): void {
    const tab = this.tabs[at]
    if (tab === undefined) return
    tab.state = step.state
    for (const effect of step.effects) this.perform(at, effect)
  }

  input(at: number, input: TabInput): void {
    const tab = this.tabs[at]
    if (tab === undefined || tab.crashed) return
    // What reaches a frozen tab waits until it thaws; so do its timers.
    if (tab.frozen) {
      if (input.kind !== 'tick') tab.inbox.push(input)
      return
    }
    this.apply(at, stepElection(tab.state, input, at / this.tabs.length))
  }

  perform(at: number, effect: TabEffect): void {
    const tab = this.tabs[at]
    if (tab === undefined) return
    switch (effect) {
      case 'request-lock': {
        if (this.holder === undefined) return this.grant(at)
        if (!this.queue.includes(at)) this.queue.push(at)
        return
      }
      case 'steal-lock': {
        const before = this.holder
        this.queue = this.queue.filter((one) => one !== at)
        this.holder = undefined
        if (before !== undefined && before !== at) this.input(before, { kind: 'lock-lost' })
        this.queue = this.queue.filter((one) => one !== at)
        return this.grant(at)
      }
      case 'release-lock': {
        this.queue = this.queue.filter((one) => one !== at)
        if (this.holder !== at) return
        this.holder = undefined
        const next = this.queue.shift()
        if (next !== undefined) this.grant(next)
        return
      }
      case 'raise-epoch': {
        this.epoch += 1
        this.epochRaisedAtMs = this.nowMs
        return this.input(at, { kind: 'epoch-raised', epoch: this.epoch, askedAtMs: this.nowMs })
      }
      case 'read-epoch': return this.input(at, { kind: 'epoch-read', epoch: this.epoch, askedAtMs: this.nowMs })
      case 'start-peer': { tab.peer = true; return }
      case 'stop-peer': { tab.peer = false; return }
      case 'say-alive': {
        const { state } = tab
        if (state.kind === 'leading') this.tabs.forEach((_, other) => { if (other !== at) this.input(other, { kind: 'heard', epoch: state.epoch }) })
        return
      }
      case 'ask-leader': return this.tabs.forEach((other, index) => { if (index !== at && !other.frozen && !other.crashed && mayAct(other.state, this.nowMs) === 'yes') this.perform(index, 'say-alive') })
    }
  }

  grant(at: number): void {
    this.holder = at
    this.input(at, { kind: 'lock-granted' })
  }

  /** An event of the network reaches a tab: whether it may handle it, looking into storage where it must. */
  handles(at: number): boolean {
    const tab = this.tabs[at]
    if (tab === undefined || tab.frozen || tab.crashed || !tab.peer) return false
    if (mayAct(tab.state, this.nowMs) === 'check') this.perform(at, 'read-epoch')
    return mayAct(tab.state, this.nowMs) === 'yes'
  }

  tick(): void {
    this.nowMs += TAB_TICK_MS
    this.tabs.forEach((_, at) => { this.input(at, { kind: 'tick', nowMs: this.nowMs }) })
  }

  crash(at: number): void {
    const tab = this.tabs[at]
    if (tab === undefined || tab.crashed) return
    tab.crashed = true
    tab.peer = false
    this.queue = this.queue.filter((one) => one !== at)
    if (this.holder !== at) return
    this.holder = undefined
    const next = this.queue.shift()
    if (next !== undefined) this.grant(next)
  }

  setFrozen(at: number, frozen: boolean): void {
    const tab = this.tabs[at]
    if (tab === undefined || tab.frozen === frozen) return
    tab.frozen = frozen
  }

  deliver(at: number): void {
    const tab = this.tabs[at]
    for (const input of tab?.inbox.splice(0) ?? []) this.input(at, input)
  }
}

const TABS = 4
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('ticks' as const), count: fc.integer({ min: 1, max: 14 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('freeze-leader', 'thaw-frozen') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('freeze', 'crash', 'close'), tab: fc.nat(TABS - 1) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('event' as const), tab: fc.nat(TABS - 1) }) }
)

function play(world: World, one: typeof step extends fc.Arbitrary<infer Step> ? Step : never): void {
  switch (one.kind) {
    case 'ticks': return Array.from({ length: one.count }).forEach(() => { world.tick() })
    case 'freeze-leader': return world.setFrozen(world.holder ?? 0, true)
    case 'thaw-frozen': return world.tabs.forEach((tab, at) => {
      if (!tab.frozen) return
      world.setFrozen(at, false)
      // The network's events may come before the news of the lost lock.
      checkActs(world, at)
      world.deliver(at)
      checkActs(world, at)
    })
    case 'freeze': return world.setFrozen(one.tab, true)
    case 'crash': return world.crash(one.tab)
    case 'close': return world.input(one.tab, { kind: 'close' })
    case 'event': return checkActs(world, one.tab)
  }
}

describe('several tabs', () => {
  it('[WB2] never two of them act on different epochs for longer than the lease, whatever freezes, thaws, crashes or closes', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const world = new World(TABS)
      for (const one of steps) play(world, one)
    }), { numRuns: 500 })
  })

  it('[WB4] a frozen or crashed leader is followed by another within a few seconds', () => {
    for (const harm of ['freeze', 'crash'] as const) {
      const world = new World(TABS)
      for (let at = 0; at < 4; at++) world.tick()
      const first = world.holder ?? -1
      if (harm === 'freeze') world.setFrozen(first, true)
      else world.crash(first)
      let ticks = 0
      while (!world.tabs.some((_, at) => at !== first && world.handles(at)) && ticks < 40) {
        world.tick()
        ticks++
      }
      expect(ticks * TAB_TICK_MS).toBeLessThanOrEqual(5_000)
    }
  })

  it('[WB1] a closed leader is followed at once', () => {
    const world = new World(TABS)
    world.tick()
    const first = world.holder ?? -1
    world.input(first, { kind: 'close' })
    expect(world.tabs.filter((tab) => tab.peer)).toHaveLength(1)
    expect(world.holder).not.toBe(first)
  })
})

function checkActs(world: World, at: number): void {
  const tab = world.tabs[at]
  if (tab === undefined || !world.handles(at) || tab.state.kind !== 'leading') return
  if (tab.state.epoch !== world.epoch) expect(world.nowMs - world.epochRaisedAtMs).toBeLessThan(TAB_LEASE_MS)
}
