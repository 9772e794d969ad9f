import { MAX_EMBED_MESSAGES_PER_SECOND } from '../limits.ts'
import { diffPeople } from './people-diff.ts'
import { EMBED_READY, parseHello, parseToFrame } from './protocol.ts'
import type { Snapshot } from '../peer/client.ts'
import type { EmbeddedPerson, EmbedHello, FromFrame, ToFrame } from './protocol.ts'

/** The frame's end of the conversation with the page around it. */
export interface FrameSide {
  /** Tells the page what is new. */
  show(snapshot: Snapshot, label: string): void
  showHeight(height: number): void
  stop(): void
}

export interface FrameSideOptions {
  /** The frame's own window. */
  readonly self: Window
  readonly onTheme: (theme: EmbedHello['theme']) => void
  readonly onMessage: (message: ToFrame) => void
  readonly now: () => number
}

/**
 * Waits for the greeting of the window around: only of that one, and only from one origin (the relay's `frame-ancestors` says which
 * pages may be that one). A later greeting of the same origin replaces the port, as when the page starts the element again.
 */
export function createFrameSide(options: FrameSideOptions): FrameSide {
  const { self } = options
  const listening = new AbortController()
  let origin: string | undefined
  let port: MessagePort | undefined
  let told = new Map<string, EmbeddedPerson>()
  let newest: { snapshot: Snapshot; label: string } | undefined
  let lastState = ''
  let height = 0

  const post = (message: FromFrame): void => { port?.postMessage(message) }

  function tell(): void {
    if (newest === undefined || port === undefined) return
    const { snapshot, label } = newest
    const people = new Map(snapshot.people.map(({ id, kind, path }) => [id, { id, kind, path }]))
    const state: FromFrame = { type: 'state', state: snapshot.status.state, self: snapshot.self, label, people: people.size }
    const text = JSON.stringify(state)
    if (text !== lastState) post(state)
    lastState = text
    for (const message of diffPeople(told, people)) post(message)
    told = people
  }

  self.addEventListener('message', (event: MessageEvent<unknown>) => {
    if (event.source !== self.parent || self.parent === self) return
    if (origin !== undefined && event.origin !== origin) return
    const hello = parseHello(event.data)
    const [given] = event.ports
    if (hello === undefined || given === undefined) return
    origin = event.origin
    port?.close()
    port = given
    port.addEventListener('message', limited(options, (message) => {
      if (message.type === 'theme') options.onTheme(message.theme)
      else options.onMessage(message)
    }))
    port.start()
    told = new Map()
    lastState = ''
    options.onTheme(hello.theme)
    tell()
    if (height > 0) post({ type: 'height', height })
  }, { signal: listening.signal })

  if (self.parent !== self) self.parent.postMessage(EMBED_READY, '*')
  return {
    show(snapshot, label) {
      newest = { snapshot, label }
      tell()
    },
    showHeight(next) {
      if (next === height) return
      height = next
      post({ type: 'height', height })
    },
    stop() {
      listening.abort()
      port?.close()
    }
  }
}

/** Takes no more than the allowed number of messages a second; the rest is dropped. */
function limited({ now }: FrameSideOptions, handle: (message: ToFrame) => void): (event: MessageEvent<unknown>) => void {
  let secondStartedMs = now()
  let taken = 0
  return (event) => {
    if (now() - secondStartedMs >= 1000) {
      secondStartedMs = now()
      taken = 0
    }
    if (++taken > MAX_EMBED_MESSAGES_PER_SECOND) return
    const message = parseToFrame(event.data)
    if (message !== undefined) handle(message)
  }
}
