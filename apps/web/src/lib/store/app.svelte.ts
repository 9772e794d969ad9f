import { getContext, setContext } from 'svelte'
import { INITIAL_SNAPSHOT } from '../peer/client.ts'
import { WebError, toFailure } from '../errors.ts'
import { fallbackName } from '../words/names.ts'
import { statusWords } from '../words/status.ts'
import { Invitation } from './invitation.svelte.ts'
import { DEFAULT_PREFS, loadPrefs, parsePrefs, PREFS_KEY, savePrefs } from './prefs.ts'
import type { CallName, PeerCalls, PeerClient, Snapshot } from '../peer/client.ts'

import type { StatusWords } from '../words/status.ts'
import type { Prefs } from './prefs.ts'
import type { TabRole } from '../tabs/tabs-client.ts'

const CONTEXT = Symbol('app')

/** How the page gets its peer. Undefined role: the browser has no way to share one between tabs. */
export type ClientFactory = () => PeerClient & { readonly role?: TabRole }

/** What all of the interface shares: the newest snapshot, the person's preferences, and the calls. */
export class App {
  snapshot = $state.raw<Snapshot>(INITIAL_SNAPSHOT)
  prefs = $state.raw<Prefs>(DEFAULT_PREFS)
  browserOnline = $state(true)
  role = $state<TabRole>('following')
  /** A short notice for sighted people and screen readers. */
  announcement = $state('')
  readonly invitation = new Invitation((token) => this.call('use-invitation', { token }))
  #nowMs = $state(0)
  #snapshotAtMs = 0
  #client: ReturnType<ClientFactory> | undefined

  readonly status: StatusWords = $derived(statusWords(this.snapshot, Math.max(0, this.#nowMs - this.#snapshotAtMs), this.browserOnline))
  /** The people who are not blocked. */
  readonly people = $derived(this.snapshot.people.filter((person) => !this.prefs.blocked.includes(person.id)))

  /** UNIX time in ms, a new value each second. */
  get nowMs(): number { return this.#nowMs }

  /** Starts the peer; the returned function stops it. */
  start(createClient: ClientFactory): () => void {
    this.prefs = loadPrefs()
    this.browserOnline = navigator.onLine
    this.#nowMs = Date.now()
    const client = createClient()
    this.#client = client
    this.#take(client.snapshot)
    const off = client.subscribe((snapshot) => { this.#take(snapshot) })
    const clock = setInterval(() => { this.#nowMs = Date.now() }, 1000)
    const listening = new AbortController()
    const { signal } = listening
    addEventListener('online', () => { this.browserOnline = true }, { signal })
    addEventListener('offline', () => { this.browserOnline = false }, { signal })
    addEventListener('hashchange', () => { void this.invitation.take() }, { signal })
    void this.invitation.take()
    addEventListener('storage', (event) => { if (event.key === PREFS_KEY) this.prefs = parsePrefs(event.newValue) }, { signal })
    return () => {
      off()
      clearInterval(clock)
      listening.abort()
      this.#client = undefined
      void client.close()
    }
  }

  /** Asks the peer. Throws WebError. */
  async call<Name extends CallName>(name: Name, args: PeerCalls[Name]['args']): Promise<PeerCalls[Name]['result']> {
    if (this.#client === undefined) throw new WebError({ code: 'PEER_NOT_READY', message: 'The page is still starting. Try again in a moment.', retryable: true })
    return this.#client.call(name, args)
  }

  /** Asks the peer where nobody waits for the answer; a failure is announced. */
  tell<Name extends CallName>(name: Name, args: PeerCalls[Name]['args']): void {
    this.call(name, args).catch((error: unknown) => { this.announcement = toFailure(error).message })
  }

  /** How a peer is called here: the name given locally, the name it chose, or one made from its PeerId. */
  nameOf(id: string): string {
    return this.prefs.renamed[id] ?? this.snapshot.people.find((person) => person.id === id)?.name ?? fallbackName(id)
  }

  /** Own name. */
  get ownName(): string {
    if (this.prefs.name !== '') return this.prefs.name
    return this.snapshot.self === undefined ? '' : fallbackName(this.snapshot.self)
  }

  changePrefs(change: Partial<Prefs>): void {
    this.prefs = { ...this.prefs, ...change }
    savePrefs(this.prefs)
    if (change.name !== undefined) this.tell('set-name', { name: change.name })
    if (change.directPolicy !== undefined) this.tell('set-direct-policy', { policy: change.directPolicy })
    if (change.blocked !== undefined) this.tell('set-blocked', { ids: change.blocked })
  }

  rename(id: string, name: string | undefined): void {
    const { [id]: _, ...others } = this.prefs.renamed
    this.changePrefs({ renamed: name === undefined ? others : { ...others, [id]: name } })
  }

  #take(snapshot: Snapshot): void {
    this.snapshot = snapshot
    this.#snapshotAtMs = Date.now()
    this.role = this.#client?.role ?? 'leading'
  }
}

/** Puts the app where the components below find it. */
export function provideApp(app: App): App {
  return setContext(CONTEXT, app)
}

export function useApp(): App {
  return getContext<App>(CONTEXT)
}


