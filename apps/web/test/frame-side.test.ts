import { afterEach, describe, expect, it, vi } from 'vitest'
import { MAX_EMBED_MESSAGES_PER_SECOND } from '../src/lib/limits.ts'
import { createFrameSide, type FrameSide } from '../src/lib/embed/frame-side.ts'
import { EMBED_PROTOCOL } from '../src/lib/embed/protocol.ts'
import { INITIAL_SNAPSHOT } from '../src/lib/peer/client.ts'
import type { Snapshot } from '../src/lib/peer/client.ts'

const ID = '12D3KooWMSKW7a83WGMvguXatBQWdZScQXvbfeHdj7kH8YHLRnbZ'
const HOST = 'https://gloflow.example'
const HELLO = { protocol: EMBED_PROTOCOL, type: 'hello', theme: 'dark' }
const SNAPSHOT: Snapshot = {
  ...INITIAL_SNAPSHOT, phase: 'running', self: ID, multiaddrs: ['/ip4/10.0.0.7/tcp/1'],
  messages: [{ id: 'm', from: ID, via: undefined, text: 'private words', atMs: 1, own: true, sentTo: 1 }],
  people: [{ id: `${ID}x`, kind: 'browser', path: 'direct', reason: 'webrtc', transport: 'webrtc', rttMs: 1, bytesIn: 1, bytesOut: 1, sinceMs: 1, relay: undefined, name: 'Ana' }]
}

/** A window in a frame, as far as the frame's side uses it. */
function createFrameWindow(): { self: Window; parent: object; ready: ReturnType<typeof vi.fn>; send: (data: unknown, origin: string, source: unknown, ports: readonly MessagePort[]) => void } {
  const target = new EventTarget()
  const ready = vi.fn()
  const parent = { postMessage: ready }
  const self = Object.assign(target, { parent }) as unknown as Window
  return {
    self, parent, ready,
    send(data, origin, source, ports) { target.dispatchEvent(Object.assign(new Event('message'), { data, origin, source, ports })) }
  }
}

/** A port that keeps what it gets. */
function createHostPort(): { port: MessagePort; given: MessagePort; heard: unknown[] } {
  const { port1, port2 } = new MessageChannel()
  const heard: unknown[] = []
  port1.addEventListener('message', (event: MessageEvent<unknown>) => { heard.push(event.data) })
  port1.start()
  opened.push(port1)
  return { port: port1, given: port2, heard }
}

const opened: MessagePort[] = []
const sides: FrameSide[] = []
afterEach(() => {
  for (const side of sides.splice(0)) side.stop()
  for (const port of opened.splice(0)) port.close()
})

function start(self: Window, nowMs = (): number => 0): { side: FrameSide; themes: string[]; messages: unknown[] } {
  const themes: string[] = []
  const messages: unknown[] = []
  const side = createFrameSide({ self, now: nowMs, onTheme: (theme) => { themes.push(theme) }, onMessage: (message) => { messages.push(message) } })
  sides.push(side)
  return { side, themes, messages }
}

describe('the frame’s side', () => {
  it('[WB15] says that it is ready, and tells its state to the window around after the greeting', async () => {
    const frame = createFrameWindow()
    const { side, themes } = start(frame.self)
    expect(frame.ready).toHaveBeenCalledTimes(1)
    side.show(SNAPSHOT, 'Online')
    const host = createHostPort()
    frame.send(HELLO, HOST, frame.parent, [host.given])
    await vi.waitFor(() => { expect(host.heard).toHaveLength(2) })
    expect(host.heard[0]).toMatchObject({ type: 'state', self: ID, people: 1 })
    expect(host.heard[1]).toMatchObject({ type: 'connect', person: { id: `${ID}x`, path: 'direct' } })
    expect(themes).toEqual(['dark'])
  })

  it('[WB16] tells no address, name or words', async () => {
    const frame = createFrameWindow()
    const { side } = start(frame.self)
    const host = createHostPort()
    frame.send(HELLO, HOST, frame.parent, [host.given])
    side.show(SNAPSHOT, 'Online')
    await vi.waitFor(() => { expect(host.heard).toHaveLength(2) })
    for (const secret of ['10.0.0.7', 'private words', 'Ana']) expect(JSON.stringify(host.heard)).not.toContain(secret)
  })

  it('[WB15] answers no other window and no second origin', async () => {
    const frame = createFrameWindow()
    const { side, themes } = start(frame.self)
    side.show(SNAPSHOT, 'Online')
    const stranger = createHostPort()
    frame.send(HELLO, HOST, {}, [stranger.given])
    const host = createHostPort()
    frame.send(HELLO, HOST, frame.parent, [host.given])
    const second = createHostPort()
    frame.send(HELLO, 'https://other.example', frame.parent, [second.given])
    await vi.waitFor(() => { expect(host.heard.length).toBeGreaterThan(0) })
    expect(stranger.heard).toEqual([])
    expect(second.heard).toEqual([])
    expect(themes).toEqual(['dark'])
  })

  it('[WB15] takes no more than so many messages a second', async () => {
    const frame = createFrameWindow()
    let nowMs = 0
    const { messages } = start(frame.self, () => nowMs)
    const host = createHostPort()
    frame.send(HELLO, HOST, frame.parent, [host.given])
    for (let at = 0; at < MAX_EMBED_MESSAGES_PER_SECOND * 3; at++) host.port.postMessage({ type: 'suggest-name', name: `n${at}` })
    await vi.waitFor(() => { expect(messages).toHaveLength(MAX_EMBED_MESSAGES_PER_SECOND) })
    nowMs = 1001
    host.port.postMessage({ type: 'suggest-name', name: 'later' })
    await vi.waitFor(() => { expect(messages.at(-1)).toEqual({ type: 'suggest-name', name: 'later' }) })
  })
})
