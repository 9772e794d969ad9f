import { EMBED_PROTOCOL, isReady, parseFromFrame } from '../lib/embed/protocol.ts'
import type { EmbeddedPerson, EmbedHello, FromFrame, ToFrame } from '../lib/embed/protocol.ts'

const STYLE = `
  :host { display: block; contain: content; min-height: 220px; color-scheme: normal; }
  :host([hidden]) { display: none; }
  iframe { display: block; width: 100%; height: 100%; min-height: inherit; border: 0; border-radius: 16px; background: transparent; color-scheme: normal; }
  p { margin: 0; padding: 12px; font: 14px/1.4 system-ui, sans-serif; }
`

/** What a page's own listeners on the document would take for themselves: GloFlow's opens its upload dialog for any pasted picture. */
const KEPT_EVENTS = ['paste', 'copy', 'cut', 'keydown', 'keyup', 'keypress', 'drop', 'dragover'] as const

/**
 * `<gf-peer relay="https://relay.example/">`: a peer in a frame of the relay's origin. The page's scripts get the events below and
 * nothing else; key and connections are the frame's. Attributes: `relay` (origin of the relay), `theme` (light, dark, auto),
 * `label` (what screen readers call the frame).
 * Events, which bubble: `gf-peer-state`, `gf-peer-connect`, `gf-peer-path`, `gf-peer-disconnect`, `gf-peer-error`.
 */
export class GfPeerElement extends HTMLElement {
  static readonly observedAttributes = ['relay', 'theme', 'label']

  #frame: HTMLIFrameElement | undefined
  #port: MessagePort | undefined
  #listening: AbortController | undefined
  #state: (FromFrame & { type: 'state' }) | undefined
  #people = new Map<string, EmbeddedPerson>()

  constructor() {
    super()
    const root = this.attachShadow({ mode: 'closed' })
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(STYLE)
    root.adoptedStyleSheets = [sheet]
    this.#root = root
    for (const name of KEPT_EVENTS) this.addEventListener(name, (event) => { event.stopPropagation() })
  }

  readonly #root: ShadowRoot

  /** offline, connecting, online or degraded. */
  get state(): string { return this.#state?.state ?? 'offline' }

  /** The PeerId of this site's peer in this browser; undefined until it is known. */
  get self(): string | undefined { return this.#state?.self }

  /** Who is connected now. */
  get people(): readonly EmbeddedPerson[] { return [...this.#people.values()] }

  connectedCallback(): void { this.#open() }

  disconnectedCallback(): void { this.#close() }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now || !this.isConnected) return
    if (name === 'relay') {
      this.#close()
      this.#open()
    } else if (name === 'theme') this.#post({ type: 'theme', theme: this.#theme() })
    else if (this.#frame !== undefined) this.#frame.title = this.#title()
  }

  /** Suggests a name for the person, as the page knows them; the person decides. */
  suggestName(name: string): void { this.#post({ type: 'suggest-name', name }) }

  #open(): void {
    if (this.#frame !== undefined) return
    const relay = relayOrigin(this.getAttribute('relay'))
    if (relay === undefined) return this.#fail('RELAY_INVALID', 'The attribute relay has to be the address of a relay, such as https://relay.example/.')
    if (relay.startsWith('http:') && !isLocal(relay)) return this.#fail('RELAY_INSECURE', `${relay} is plain http: browsers run no peer there. Use the relay's https address.`)
    const frame = document.createElement('iframe')
    frame.src = new URL('/embed', relay).href
    frame.title = this.#title()
    frame.referrerPolicy = 'origin'
    frame.allow = 'clipboard-write; storage-access'
    this.#frame = frame
    this.#listening = new AbortController()
    window.addEventListener('message', (event: MessageEvent<unknown>) => {
      if (event.source === frame.contentWindow && event.origin === relay && isReady(event.data)) this.#greet(frame, relay)
    }, { signal: this.#listening.signal })
    this.#root.replaceChildren(frame)
  }

  #greet(frame: HTMLIFrameElement, relay: string): void {
    const { port1, port2 } = new MessageChannel()
    this.#port?.close()
    this.#port = port1
    port1.addEventListener('message', (event: MessageEvent<unknown>) => {
      const message = parseFromFrame(event.data)
      if (message !== undefined) this.#take(message)
    })
    port1.start()
    const hello: EmbedHello = { protocol: EMBED_PROTOCOL, type: 'hello', theme: this.#theme() }
    // Delivered only if the frame still shows the relay's origin.
    frame.contentWindow?.postMessage(hello, relay, [port2])
  }

  #take(message: FromFrame): void {
    switch (message.type) {
      case 'state': {
        this.#state = message
        this.setAttribute('state', message.state)
        return this.#tell('gf-peer-state', { state: message.state, self: message.self, label: message.label, people: message.people })
      }
      case 'connect': {
        this.#people.set(message.person.id, message.person)
        return this.#tell('gf-peer-connect', message.person)
      }
      case 'path': {
        this.#people.set(message.person.id, message.person)
        return this.#tell('gf-peer-path', message.person)
      }
      case 'disconnect': {
        this.#people.delete(message.id)
        return this.#tell('gf-peer-disconnect', { id: message.id })
      }
      case 'height': if (this.#frame !== undefined) this.#frame.style.height = `${Math.max(220, message.height)}px`
    }
  }

  #close(): void {
    this.#listening?.abort()
    this.#port?.close()
    this.#port = undefined
    this.#frame?.remove()
    this.#frame = undefined
    this.#state = undefined
    this.#people.clear()
  }

  #fail(code: string, message: string): void {
    const note = document.createElement('p')
    note.setAttribute('role', 'alert')
    note.textContent = message
    this.#root.replaceChildren(note)
    this.#tell('gf-peer-error', { code, message })
  }

  #tell(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }))
  }

  #post(message: ToFrame): void { this.#port?.postMessage(message) }

  #title(): string { return this.getAttribute('label') ?? 'GloFlow peer' }

  #theme(): EmbedHello['theme'] {
    const theme = this.getAttribute('theme')
    return theme === 'light' || theme === 'dark' ? theme : 'auto'
  }
}

function relayOrigin(text: string | null): string | undefined {
  const url = URL.parse(text ?? '')
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') ? url.origin : undefined
}

function isLocal(origin: string): boolean {
  const { hostname } = new URL(origin)
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '127.0.0.1' || hostname === '[::1]'
}

// A second copy of this script in a page changes nothing.
if (customElements.get('gf-peer') === undefined) customElements.define('gf-peer', GfPeerElement)
