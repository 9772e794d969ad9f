import { MAX_INFO_BYTES, SELF_TEST_STEP_MS } from '../limits.ts'
import type { Snapshot } from '../peer/client.ts'

/** `warning`: works, but not fully. `skipped`: could not be checked, since an earlier step failed or there is nothing to check. */
export type Outcome = 'ok' | 'warning' | 'failed' | 'skipped'

/** What one step found, in words. */
export interface StepResult {
  readonly id: string
  readonly title: string
  readonly outcome: Outcome
  readonly finding: string
  readonly advice: string | undefined
}

/** What a step found, without its name. */
export type Finding = Omit<StepResult, 'id' | 'title'>

/** What earlier steps found out for later ones. */
export interface TestBench {
  readonly snapshot: () => Snapshot
  readonly origin: string
  info: { readonly multiaddrs: readonly string[]; readonly stun: readonly string[] } | undefined
}

export interface Step {
  readonly id: string
  readonly title: string
  run(bench: TestBench, signal: AbortSignal): Promise<Finding>
}

const ok = (finding: string): Finding => ({ outcome: 'ok', finding, advice: undefined })
const failed = (finding: string, advice: string): Finding => ({ outcome: 'failed', finding, advice })
const warning = (finding: string, advice: string): Finding => ({ outcome: 'warning', finding, advice })
const skipped = (finding: string): Finding => ({ outcome: 'skipped', finding, advice: undefined })

const secureContext: Step = {
  id: 'secure-context',
  title: 'The page is on a secure address',
  async run() {
    if (isSecureContext) return ok('Yes: https, or this machine itself.')
    return failed(
      `${location.origin} is plain http on another machine: browsers then switch off cryptography and storage for the page.`,
      'Open it as https://…, or as http://localhost on the machine where the relay runs. Whoever runs the relay can start it with --tls-cert and --tls-key.'
    )
  }
}

const cryptography: Step = {
  id: 'crypto',
  title: 'Keys can be made and used',
  async run() {
    if (globalThis.crypto?.subtle === undefined) return skipped('There is no cryptography on an insecure address.')
    try {
      const pair = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])
      const text = crypto.getRandomValues(new Uint8Array(32))
      const valid = 'privateKey' in pair && await crypto.subtle.verify('Ed25519', pair.publicKey, await crypto.subtle.sign('Ed25519', pair.privateKey, text), text)
      return valid ? ok('An Ed25519 key was made, sealed in the browser, and its signature was verified.') : failed('A signature could not be verified.', 'Update the browser.')
    } catch {
      return warning('This browser has no sealed Ed25519 keys; the page keeps its key in another way.', 'Update the browser: the key is safer where no script can read it.')
    }
  }
}

const storage: Step = {
  id: 'storage',
  title: 'This browser keeps what it is given',
  async run() {
    try {
      await writeAndDelete()
    } catch {
      return warning('The browser refuses storage to this page.', 'The page works, but your identity ends with the tab. Leave private browsing or allow site data for this page to keep it.')
    }
    const kept = await navigator.storage?.persisted?.().catch(() => false)
    return kept === true ? ok('Written, read and deleted; the browser promises to keep it.') : ok('Written, read and deleted. The browser may clear it when space runs out or the page is unused for long.')
  }
}

const relayInfo: Step = {
  id: 'relay-info',
  title: 'The relay says how to reach it',
  async run(bench, signal) {
    const url = new URL('/.well-known/gloflow-relay.json', bench.origin)
    let text: string
    try {
      const response = await fetch(url, { signal, cache: 'no-store', credentials: 'omit' })
      if (!response.ok) return failed(`${url.href} answered ${response.status}.`, 'Check that the relay runs at this address, and that a proxy in front of it passes this path on.')
      text = await response.text()
    } catch {
      return failed(`${url.href} does not answer.`, 'Check your network. If other pages work, the relay is down: ask whoever runs it. The page keeps trying by itself.')
    }
    const info = text.length > MAX_INFO_BYTES ? undefined : readInfo(text)
    if (info === undefined) return failed('What the relay answers is not its description.', 'A proxy or a login page of this network may stand in between. Open the address once in a new tab.')
    bench.info = info
    const trouble = bench.snapshot().status.relays.find((relay) => relay.error?.code.startsWith('RELAY_INFO') || relay.error?.code === 'RELAY_KEY_CHANGED')
    if (trouble?.error !== undefined) return failed(trouble.error.message, 'Do not go on before you know why: ask whoever runs the relay.')
    return ok(`Yes, with ${info.multiaddrs.length} ${info.multiaddrs.length === 1 ? 'address' : 'addresses'}; its signature was checked when joining.`)
  }
}

const webSocket: Step = {
  id: 'websocket',
  title: 'A WebSocket to the relay opens',
  async run(bench, signal) {
    const url = new URL('/', bench.origin)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    const opened = await openWebSocket(url.href, signal)
    return opened
      ? ok(`${url.href} opened.`)
      : failed(`${url.href} did not open.`, 'A proxy or firewall may block WebSockets. Try another network; whoever runs the relay finds the proxy’s settings in its README.')
  }
}

const reservation: Step = {
  id: 'reservation',
  title: 'The relay keeps a place for you',
  async run(bench, signal) {
    const has = (): boolean => bench.snapshot().status.relays.some((relay) => relay.state === 'reserved')
    if (await waitFor(has, signal)) return ok('Yes: others can reach you through it.')
    const error = bench.snapshot().status.relays.find((relay) => relay.error !== undefined)?.error
    if (error?.code === 'RELAY_FULL') return failed('The relay is full.', 'Try again later, or ask its operator for more places (--max-reservations).')
    return failed(error?.message ?? 'No place was given yet.', 'The page keeps trying. If this lasts, ask whoever runs the relay.')
  }
}

const webRtc: Step = {
  id: 'webrtc',
  title: 'This browser can open direct connections',
  async run(_bench, signal) {
    if (globalThis.RTCPeerConnection === undefined) return failed('WebRTC is missing or switched off.', 'You stay connected through the relay. An extension or a setting may block WebRTC.')
    const { openLoopback } = await import('./webrtc.ts')
    return await openLoopback(signal)
      ? ok('Two connections in this tab reached each other.')
      : failed('Two connections in this tab did not reach each other.', 'You stay connected through the relay. An extension, a VPN or a policy of the browser may block WebRTC.')
  }
}

const stun: Step = {
  id: 'stun',
  title: 'The relay can tell you your public address',
  async run(bench, signal) {
    const servers = bench.info?.stun ?? []
    if (servers.length === 0) return warning('The relay offers no STUN service.', 'Direct connections work in the same network only. Whoever runs the relay can open its STUN port (--stun-port).')
    if (globalThis.RTCPeerConnection === undefined) return skipped('There is no WebRTC here.')
    const { gatherReflexive } = await import('./webrtc.ts')
    const found = await gatherReflexive(servers, signal)
    if (found === 'reflexive') return ok('Yes, by STUN.')
    if (found === 'host') return warning('No answer by STUN, or none was needed in this network.', 'Direct connections to other networks may fail; then you are connected through the relay. A firewall may block UDP.')
    return failed('No address at all was found for a direct connection.', 'You stay connected through the relay. A VPN or a policy of the browser may hide all addresses.')
  }
}

/** In the order in which they depend on each other. */
export const STEPS: readonly Step[] = [secureContext, cryptography, storage, relayInfo, webSocket, reservation, webRtc, stun]

function readInfo(text: string): TestBench['info'] {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || !('envelope' in value) || !('multiaddrs' in value)) return undefined
    const list = (field: unknown): string[] => (Array.isArray(field) ? field.filter((entry): entry is string => typeof entry === 'string').slice(0, 16) : [])
    return { multiaddrs: list(value.multiaddrs), stun: list('stun' in value ? value.stun : undefined) }
  } catch {
    return undefined
  }
}

function writeAndDelete(): Promise<void> {
  return new Promise((resolve, reject) => {
    const name = 'gloflow-selftest'
    const request = indexedDB.open(name, 1)
    request.addEventListener('upgradeneeded', () => { request.result.createObjectStore('probe').put('probe', 'probe') })
    request.addEventListener('error', () => { reject(request.error) })
    request.addEventListener('success', () => {
      request.result.close()
      const removal = indexedDB.deleteDatabase(name)
      removal.addEventListener('success', () => { resolve() })
      removal.addEventListener('error', () => { reject(removal.error) })
    })
  })
}

function openWebSocket(url: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url)
    const end = (opened: boolean): void => {
      resolve(opened)
      socket.close()
    }
    socket.addEventListener('open', () => { end(true) })
    socket.addEventListener('error', () => { end(false) })
    signal.addEventListener('abort', () => { end(false) }, { once: true })
  })
}

async function waitFor(condition: () => boolean, signal: AbortSignal): Promise<boolean> {
  const untilMs = performance.now() + SELF_TEST_STEP_MS * 0.8
  while (!condition()) {
    if (signal.aborted || performance.now() > untilMs) return false
    await new Promise((resolve) => { setTimeout(resolve, 100) })
  }
  return true
}
