import { INITIAL_SNAPSHOT } from './peer/client.ts'
import { WebError } from './errors.ts'
import { createHost } from './peer/host.ts'
import { createOutbox } from './peer/outbox.ts'
import { fetchRelayFacts } from './peer/relay-facts.ts'
import { loadPrefs } from './store/prefs.ts'
import { createEpochStore, createTabChannel, createWebLock } from './tabs/browser-ports.ts'
import { createTabsClient } from './tabs/tabs-client.ts'
import type { Failure } from './errors.ts'
import type { PeerModule } from './peer/host.ts'
import type { PeerClient } from './peer/client.ts'
import type { HostFactory, TabRole } from './tabs/tabs-client.ts'

const loadModule = (): Promise<PeerModule> => import('./peer/peer-module.ts')

/** The peer of this page: joins through the relay that served it. Where the browser cannot, a client that only says why. */
export function createPageClient(): PeerClient & { readonly role?: TabRole } {
  const failure = environmentFailure()
  if (failure !== undefined) return failedClient(failure)
  const client = createTabsClient({
    lock: createWebLock(navigator.locks),
    epochs: createEpochStore(() => indexedDB),
    channel: createTabChannel(),
    createHost: hostOfThisOrigin,
    now: () => performance.now(),
    random: () => Math.random()
  })
  // A tab that follows fetches the code now, so that a hand-over does not wait for it.
  void loadModule().catch(() => { /* the host says so when it needs the code */ })
  leaveWithThePage(client)
  return client
}

const hostOfThisOrigin: HostFactory = ({ seed, mayAct }) => {
  const { name, blocked, directPolicy } = loadPrefs()
  return createHost({
    loadModule,
    loadFacts: (signal) => fetchRelayFacts(location.origin, signal),
    peerOptions: (facts) => ({ relays: [`${location.origin}/`], ...(facts === undefined ? {} : { network: facts.network }) }),
    name,
    blocked,
    directPolicy,
    outbox: createOutbox(),
    seed,
    mayAct
  })
}

/** A page that goes, also into the browser's cache of pages, leaves the lead at once; one that comes back from there starts again. */
function leaveWithThePage(client: PeerClient): void {
  addEventListener('pagehide', () => { void client.close() }, { once: true })
  addEventListener('pageshow', (event) => { if (event.persisted) location.reload() })
}

function environmentFailure(): Failure | undefined {
  if (!isSecureContext || globalThis.crypto?.subtle === undefined) {
    return {
      code: 'INSECURE_ORIGIN',
      message: `${location.origin} is plain http on another machine. Browsers switch off the cryptography that a peer needs on such addresses, so this page cannot join. Nothing is lost.`,
      retryable: false
    }
  }
  if (navigator.locks === undefined || globalThis.WebSocket === undefined) {
    return { code: 'INTERNAL', message: 'This browser is too old for this page: it has no Web Locks or no WebSockets. Update it.', retryable: false }
  }
  return undefined
}

function failedClient(failure: Failure): PeerClient {
  return {
    snapshot: { ...INITIAL_SNAPSHOT, phase: 'failed', failure, status: { ...INITIAL_SNAPSHOT.status, state: 'offline' } },
    subscribe: () => () => { /* nothing ever changes */ },
    call: () => Promise.reject(new WebError(failure)),
    close: async () => { /* nothing runs */ }
  }
}
