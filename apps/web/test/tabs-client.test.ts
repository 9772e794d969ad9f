import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { INITIAL_SNAPSHOT } from '../src/lib/peer/client.ts'
import { createTabsClient, type HostFactory, type TabsClient } from '../src/lib/tabs/tabs-client.ts'
import { createMemoryChannels, createMemoryEpochs, createMemoryLocks } from './support/memory-ports.ts'
import type { CallName, PeerCalls, PeerClient, Snapshot } from '../src/lib/peer/client.ts'

/** A host that counts what it did, and may only act while its tab leads. */
class CountingHost implements PeerClient {
  closed = false
  readonly said: string[] = []
  snapshot: Snapshot
  readonly mayAct: () => Promise<boolean>
  #listener: ((snapshot: Snapshot) => void) | undefined

  constructor({ seed, mayAct }: Parameters<HostFactory>[0], name: string) {
    this.mayAct = mayAct
    this.snapshot = { ...INITIAL_SNAPSHOT, phase: 'running', self: name, messages: seed.messages }
  }

  subscribe(listener: (snapshot: Snapshot) => void): () => void {
    this.#listener = listener
    return () => { this.#listener = undefined }
  }

  show(change: Partial<Snapshot>): void {
    this.snapshot = { ...this.snapshot, ...change }
    this.#listener?.(this.snapshot)
  }

  async call<Name extends CallName>(name: Name, args: PeerCalls[Name]['args']): Promise<PeerCalls[Name]['result']> {
    if (name !== 'say' || !('text' in args)) throw new RangeError('not here')
    this.said.push(args.text)
    if (args.text === 'no answer') return new Promise(() => { /* never */ })
    return { sentTo: this.said.length } as PeerCalls[Name]['result']
  }

  async close(): Promise<void> { this.closed = true }
}

/** What a tab gets from outside waits while it is frozen. */
class Freezer {
  #thawed: PromiseWithResolvers<void> | undefined

  freeze(): void { this.#thawed = Promise.withResolvers() }

  thaw(): void {
    this.#thawed?.resolve()
    this.#thawed = undefined
  }

  async pass<Value>(value: Value): Promise<Value> {
    await this.#thawed?.promise
    return value
  }
}

interface OpenTab { readonly client: TabsClient; readonly hosts: CountingHost[]; readonly freeze: () => void; readonly thaw: () => void }

function createWorld(): { open: () => OpenTab; clients: TabsClient[] } {
  const locks = createMemoryLocks()
  const epochs = createMemoryEpochs()
  const channels = createMemoryChannels()
  const clients: TabsClient[] = []
  return {
    clients,
    open() {
      const hosts: CountingHost[] = []
      const channel = channels()
      const lock = locks()
      const freezer = new Freezer()
      const later = (run: () => void): void => { void freezer.pass(undefined).then(run) }
      const client = createTabsClient({
        lock: {
          request: ({ steal, onGranted, onLost }) => { lock.request({ steal, onGranted: () => { later(onGranted) }, onLost: () => { later(onLost) } }) },
          release: () => { lock.release() }
        },
        epochs: { raise: () => epochs.raise().then((epoch) => freezer.pass(epoch)), read: () => freezer.pass(undefined).then(() => epochs.read()) },
        channel,
        now: () => Date.now(), random: () => 0,
        createHost: (context) => {
          const host = new CountingHost(context, `tab-${clients.length}`)
          hosts.push(host)
          return host
        }
      })
      clients.push(client)
      return {
        client,
        hosts,
        freeze() {
          channel.frozen = true
          freezer.freeze()
        },
        thaw() {
          channel.frozen = false
          freezer.thaw()
        }
      }
    }
  }
}

describe('several tabs and one peer', () => {
  let world = createWorld()
  beforeEach(() => {
    vi.useFakeTimers()
    world = createWorld()
  })
  afterEach(async () => {
    await Promise.all(world.clients.map((client) => client.close()))
    vi.useRealTimers()
  })

  it('[WB1] five tabs host one peer, and all show the same', async () => {
    const tabs = Array.from({ length: 5 }, () => world.open())
    await vi.advanceTimersByTimeAsync(1000)
    expect(tabs.flatMap((tab) => tab.hosts)).toHaveLength(1)
    expect(new Set(tabs.map((tab) => tab.client.snapshot.self)).size).toBe(1)
    expect(tabs.filter((tab) => tab.client.role === 'leading')).toHaveLength(1)
    tabs[0]?.hosts[0]?.show({ multiaddrs: ['/ip4/127.0.0.1/tcp/1'] })
    await vi.advanceTimersByTimeAsync(200)
    for (const tab of tabs) expect(tab.client.snapshot.multiaddrs).toEqual(['/ip4/127.0.0.1/tcp/1'])
  })

  it('[WB6] a call from a tab that follows reaches the peer once, and its answer and its errors come back', async () => {
    const [leader, follower] = [world.open(), world.open()]
    await vi.advanceTimersByTimeAsync(1000)
    await expect(follower.client.call('say', { text: 'hello' })).resolves.toEqual({ sentTo: 1 })
    expect(leader.hosts[0]?.said).toEqual(['hello'])
    await expect(follower.client.call('retry-now', {})).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  it('[WB6] a call that is made while nobody leads waits for the next leader', async () => {
    const [leader, follower] = [world.open(), world.open()]
    await vi.advanceTimersByTimeAsync(1000)
    await leader.client.close()
    const call = follower.client.call('say', { text: 'still here' })
    await vi.advanceTimersByTimeAsync(500)
    await expect(call).resolves.toEqual({ sentTo: 1 })
    expect(follower.hosts[0]?.said).toEqual(['still here'])
  })

  it('[WB1] the next tab leads within a second of the leader’s closing, and goes on with what was shown', async () => {
    const [leader, follower] = [world.open(), world.open()]
    await vi.advanceTimersByTimeAsync(1000)
    leader.hosts[0]?.show({ messages: [{ id: 'a', from: 'x', via: undefined, text: 'kept', atMs: 1, own: false, sentTo: undefined }] })
    await vi.advanceTimersByTimeAsync(200)
    await leader.client.close()
    await vi.advanceTimersByTimeAsync(100)
    expect(leader.hosts[0]?.closed).toBe(true)
    expect(follower.client.role).toBe('leading')
    expect(follower.hosts[0]?.snapshot.messages.map((line) => line.text)).toEqual(['kept'])
  })

  it('[WB4] a leader that is frozen is taken over; [WB3] when it thaws, it handles nothing and stops', async () => {
    const [leader, follower] = [world.open(), world.open()]
    await vi.advanceTimersByTimeAsync(1000)
    leader.freeze()
    await vi.advanceTimersByTimeAsync(5000)
    expect(follower.client.role).toBe('leading')
    expect(leader.hosts[0]?.closed).toBe(false)
    const mayAct = leader.hosts[0]?.mayAct()
    leader.thaw()
    expect(await mayAct).toBe(false)
    await vi.advanceTimersByTimeAsync(1000)
    expect(leader.hosts[0]?.closed).toBe(true)
    expect(leader.client.role).toBe('following')
    expect(leader.client.snapshot.self).toBe(follower.client.snapshot.self)
    expect(await follower.hosts[0]?.mayAct()).toBe(true)
  })

  it('[WB6] a call that is never answered ends with a reason', async () => {
    const [, follower] = [world.open(), world.open()]
    await vi.advanceTimersByTimeAsync(1000)
    const outcome = expect(follower.client.call('say', { text: 'no answer' })).rejects.toMatchObject({ code: 'CALL_TIMEOUT', retryable: true })
    await vi.advanceTimersByTimeAsync(31_000)
    await outcome
  })

  it('[WB6] a call whose leader goes before it answers ends at once, and is not made twice', async () => {
    const [leader, follower] = [world.open(), world.open()]
    await vi.advanceTimersByTimeAsync(1000)
    const outcome = expect(follower.client.call('say', { text: 'no answer' })).rejects.toMatchObject({ code: 'NO_LEADER', retryable: true })
    await vi.advanceTimersByTimeAsync(100)
    await leader.client.close()
    await outcome
    await vi.advanceTimersByTimeAsync(1000)
    expect(follower.hosts[0]?.said).toEqual([])
  })

  it('[WB6] a call whose leader freezes before it answers ends when this tab takes over, and is not made twice', async () => {
    const [leader, follower] = [world.open(), world.open()]
    await vi.advanceTimersByTimeAsync(1000)
    const outcome = expect(follower.client.call('say', { text: 'no answer' })).rejects.toMatchObject({ code: 'NO_LEADER', retryable: true })
    await vi.advanceTimersByTimeAsync(100)
    leader.freeze()
    await vi.advanceTimersByTimeAsync(5000)
    expect(follower.client.role).toBe('leading')
    await outcome
    expect(follower.hosts[0]?.said).toEqual([])
    leader.thaw()
  })
})
