import { afterEach, expect, it, vi } from 'vitest'
import type { EpochStore, LeaderLock, TabChannel } from '../src/lib/tabs/ports.ts'
import type { TabMessage } from '../src/lib/tabs/tab-message.ts'

/** What every lock has to do. `create` gives another tab's view of the same lock. */
export function lockContract(create: () => LeaderLock): void {
  const locks: LeaderLock[] = []
  const tab = (): { lock: LeaderLock; granted: ReturnType<typeof vi.fn>; lost: ReturnType<typeof vi.fn>; ask: (steal?: boolean) => void } => {
    const lock = create()
    locks.push(lock)
    const granted = vi.fn()
    const lost = vi.fn()
    return { lock, granted, lost, ask: (steal = false) => { lock.request({ steal, onGranted: () => { granted() }, onLost: () => { lost() } }) } }
  }
  afterEach(() => { for (const lock of locks.splice(0)) lock.release() })

  it('[WB1] is granted to one, and to the next when that one gives it back', async () => {
    const [one, two] = [tab(), tab()]
    one.ask()
    await vi.waitFor(() => { expect(one.granted).toHaveBeenCalledTimes(1) })
    two.ask()
    await settle()
    expect(two.granted).not.toHaveBeenCalled()
    one.lock.release()
    await vi.waitFor(() => { expect(two.granted).toHaveBeenCalledTimes(1) })
    expect(one.lost).not.toHaveBeenCalled()
  })

  it('[WB4] is taken from its holder by one who steals, and the holder hears of it', async () => {
    const [one, two] = [tab(), tab()]
    one.ask()
    await vi.waitFor(() => { expect(one.granted).toHaveBeenCalled() })
    two.ask()
    two.ask(true)
    await vi.waitFor(() => { expect(two.granted).toHaveBeenCalledTimes(1) })
    await vi.waitFor(() => { expect(one.lost).toHaveBeenCalledTimes(1) })
    expect(two.lost).not.toHaveBeenCalled()
  })

  it('calls nothing after it was given back', async () => {
    const [one, two] = [tab(), tab()]
    one.ask()
    await vi.waitFor(() => { expect(one.granted).toHaveBeenCalled() })
    two.ask()
    two.lock.release()
    one.lock.release()
    await settle()
    expect(two.granted).not.toHaveBeenCalled()
    expect(two.lost).not.toHaveBeenCalled()
  })
}

/** What every store of the epoch has to do. */
export function epochContract(create: () => EpochStore): void {
  it('[WB2] gives every raise another number, each greater than what was read before', async () => {
    const store = create()
    const before = await store.read()
    const raised = await Promise.all(Array.from({ length: 8 }, () => store.raise()))
    expect(new Set(raised).size).toBe(8)
    expect(Math.min(...raised)).toBeGreaterThan(before)
    expect(await store.read()).toBe(Math.max(...raised))
  })
}

/** What every channel between tabs has to do. `create` gives another tab's end. */
export function channelContract(create: () => TabChannel): void {
  it('reaches every other tab and not the one that speaks', async () => {
    const [one, two, three] = [create(), create(), create()]
    const heard = [one, two, three].map((channel) => {
      const messages: TabMessage[] = []
      channel.listen((message) => { messages.push(message) })
      return messages
    })
    one.post({ kind: 'alive', epoch: 3 })
    await vi.waitFor(() => { expect(heard[1]).toEqual([{ kind: 'alive', epoch: 3 }]) })
    await vi.waitFor(() => { expect(heard[2]).toEqual([{ kind: 'alive', epoch: 3 }]) })
    expect(heard[0]).toEqual([])
    for (const channel of [one, two, three]) channel.close()
  })
}

function settle(): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, 30) })
}
