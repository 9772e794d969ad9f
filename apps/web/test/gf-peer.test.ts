import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EMBED_PROTOCOL, EMBED_READY } from '../src/lib/embed/protocol.ts'

const ID = '12D3KooWMSKW7a83WGMvguXatBQWdZScQXvbfeHdj7kH8YHLRnbZ'
const RELAY = 'https://relay.example'

/** As much of a page as the element uses; in a real page it is tested by e2e. */
class FakeElement extends EventTarget {
  readonly attributes = new Map<string, string>()
  readonly style: Record<string, string> = {}
  isConnected = true
  textContent = ''
  contentWindow = { postMessage: vi.fn() }
  children: FakeElement[] = []
  attachShadow(): { adoptedStyleSheets: unknown[]; replaceChildren: (...children: FakeElement[]) => void } {
    return { adoptedStyleSheets: [], replaceChildren: (...children) => { this.children = children } }
  }
  getAttribute(name: string): string | null { return this.attributes.get(name) ?? null }
  setAttribute(name: string, value: string): void { this.attributes.set(name, value) }
  remove(): void { this.children = [] }
}

interface Page {
  readonly element: FakeElement & { connectedCallback: () => void; disconnectedCallback: () => void; readonly self: string | undefined; readonly people: readonly unknown[] }
  readonly window: EventTarget
}

async function createPage(relay: string): Promise<Page> {
  const window = new EventTarget()
  vi.stubGlobal('HTMLElement', FakeElement)
  vi.stubGlobal('window', window)
  vi.stubGlobal('CSSStyleSheet', class { replaceSync(): void { /* nothing to style */ } })
  vi.stubGlobal('document', { createElement: () => new FakeElement() })
  vi.stubGlobal('customElements', { get: () => undefined, define: vi.fn() })
  vi.resetModules()
  const { GfPeerElement } = await import('../src/element/gf-peer.ts')
  const element = new GfPeerElement() as unknown as Page['element']
  element.setAttribute('relay', relay)
  element.connectedCallback()
  return { element, window }
}

function say(window: EventTarget, data: unknown, origin: string, source: unknown): void {
  window.dispatchEvent(Object.assign(new Event('message'), { data, origin, source }))
}

describe('<gf-peer>', () => {
  let page: Page
  beforeEach(async () => { page = await createPage(`${RELAY}/somewhere`) })
  afterEach(() => {
    page.element.disconnectedCallback()
    vi.unstubAllGlobals()
  })

  it('[WB17] keeps pastes, keys and drops from the page’s own listeners', () => {
    for (const name of ['paste', 'keydown', 'keyup', 'drop', 'dragover']) {
      const event = new Event(name, { bubbles: true })
      page.element.dispatchEvent(event)
      expect(event.cancelBubble).toBe(true)
    }
    const click = new Event('click', { bubbles: true })
    page.element.dispatchEvent(click)
    expect(click.cancelBubble).toBe(false)
  })

  it('[WB15] greets its own frame and no other window or origin, at the relay’s origin only', () => {
    const [frame] = page.element.children
    expect(Object.assign({}, frame)).toMatchObject({ src: `${RELAY}/embed` })
    say(page.window, EMBED_READY, 'https://other.example', frame?.contentWindow)
    say(page.window, EMBED_READY, RELAY, {})
    say(page.window, { type: 'ready' }, RELAY, frame?.contentWindow)
    expect(frame?.contentWindow.postMessage).not.toHaveBeenCalled()
    say(page.window, EMBED_READY, RELAY, frame?.contentWindow)
    expect(frame?.contentWindow.postMessage).toHaveBeenCalledWith({ protocol: EMBED_PROTOCOL, type: 'hello', theme: 'auto' }, RELAY, [expect.any(MessagePort)])
  })

  it('tells the page by events, and [WB15] drops what is not understood', async () => {
    const events: [string, unknown][] = []
    for (const name of ['gf-peer-state', 'gf-peer-connect', 'gf-peer-path', 'gf-peer-disconnect']) {
      page.element.addEventListener(name, (event) => { events.push([name, (event as CustomEvent).detail]) })
    }
    const [frame] = page.element.children
    say(page.window, EMBED_READY, RELAY, frame?.contentWindow)
    const port = (frame?.contentWindow.postMessage.mock.calls[0]?.[2] as MessagePort[] | undefined)?.[0]
    port?.postMessage({ type: 'connect', person: { id: '<b>', kind: 'browser', path: 'direct' } })
    port?.postMessage({ type: 'state', state: 'online', self: ID, label: 'Online', people: 1 })
    port?.postMessage({ type: 'connect', person: { id: ID, kind: 'browser', path: 'relayed' } })
    port?.postMessage({ type: 'disconnect', id: ID })
    await vi.waitFor(() => { expect(events).toHaveLength(3) })
    expect(events.map(([name]) => name)).toEqual(['gf-peer-state', 'gf-peer-connect', 'gf-peer-disconnect'])
    expect(page.element.self).toBe(ID)
    expect(page.element.people).toEqual([])
    port?.close()
  })

  it('says what is wrong with an attribute that is no relay, or one without https', async () => {
    for (const [relay, code] of [['javascript:alert(1)', 'RELAY_INVALID'], ['', 'RELAY_INVALID'], ['http://relay.example/', 'RELAY_INSECURE']] as const) {
      const errors: unknown[] = []
      page.element.disconnectedCallback()
      page = await createPage('https://unused.example')
      page.element.disconnectedCallback()
      page.element.addEventListener('gf-peer-error', (event) => { errors.push((event as CustomEvent<{ code: string }>).detail.code) })
      page.element.setAttribute('relay', relay)
      page.element.connectedCallback()
      expect(errors).toEqual([code])
    }
  })
})
