import { countPeople } from './format.ts'
import type { Snapshot } from '../peer/client.ts'

/** The status pill: a short text, a sentence that explains it, and its tone. */
export interface StatusWords {
  readonly label: string
  readonly detail: string
  readonly tone: 'good' | 'busy' | 'warn' | 'bad'
}

/**
 * The state in words. `waitedMs`: time since the snapshot came, so that "in 3 s" counts down. `browserOnline`: what the browser
 * says about its network.
 */
export function statusWords(snapshot: Snapshot, waitedMs: number, browserOnline: boolean): StatusWords {
  if (snapshot.phase === 'failed') return { label: 'Cannot start', detail: snapshot.failure?.message ?? 'The peer could not start.', tone: 'bad' }
  if (snapshot.status.relays.some((relay) => relay.error?.code === 'RELAY_KEY_CHANGED')) {
    return { label: 'Stopped: the relay changed', detail: 'The relay shows another key than before. Nothing is sent to it until you decide.', tone: 'bad' }
  }
  if (refusingRelay(snapshot) !== undefined) return { label: 'The relay does not let you in', detail: 'It takes only people who were invited or are on its list. Ask whoever runs it.', tone: 'warn' }
  switch (snapshot.status.state) {
    case 'online': return { label: `Online · ${peopleWords(snapshot)}`, detail: 'Connected, and others can reach you.', tone: 'good' }
    case 'degraded': return degraded(snapshot, waitedMs, browserOnline)
    case 'connecting': return connecting(snapshot, waitedMs, browserOnline)
    case 'offline': return offline(snapshot, waitedMs, browserOnline)
  }
}

/** The relay that refuses this peer, where no other one takes it. */
export function refusingRelay({ status: { relays } }: Snapshot): Snapshot['status']['relays'][number] | undefined {
  if (relays.some((relay) => relay.state === 'reserved')) return undefined
  return relays.find((relay) => relay.error?.code === 'ACCESS_DENIED')
}

function peopleWords(snapshot: Snapshot): string {
  const count = snapshot.people.length
  if (count === 0) return 'nobody else here'
  const direct = snapshot.people.filter((person) => person.path !== 'relayed').length
  if (direct === 0) return `${countPeople(count)}, through relay`
  return direct === count ? `${countPeople(count)}, ${count === 1 ? 'direct' : 'all direct'}` : `${countPeople(count)}, ${direct} direct`
}

function degraded(snapshot: Snapshot, waitedMs: number, browserOnline: boolean): StatusWords {
  const connected = snapshot.status.relays.some((relay) => relay.state === 'connected' || relay.state === 'reserved')
  if (!connected && !browserOnline) return NO_NETWORK
  const retry = connected ? undefined : retryWords(snapshot, waitedMs)
  if (retry !== undefined) return { ...retry, label: `${retry.label} · ${peopleWords(snapshot)}` }
  const reserved = snapshot.status.relays.some((relay) => relay.state === 'reserved')
  return reserved
    ? { label: `Online · ${peopleWords(snapshot)}`, detail: 'Connected. Not every relay of this network answers; the ones that do are enough.', tone: 'good' }
    : { label: `Partly connected · ${peopleWords(snapshot)}`, detail: 'Connected, but newcomers cannot reach you yet: no relay keeps a place for you.', tone: 'warn' }
}

function connecting(snapshot: Snapshot, waitedMs: number, browserOnline: boolean): StatusWords {
  if (!browserOnline) return NO_NETWORK
  const retry = retryWords(snapshot, waitedMs)
  if (retry !== undefined) return retry
  return { label: snapshot.self === undefined ? 'Starting…' : 'Connecting…', detail: 'Looking for the relay.', tone: 'busy' }
}

function offline(snapshot: Snapshot, waitedMs: number, browserOnline: boolean): StatusWords {
  if (!browserOnline) return NO_NETWORK
  const retry = retryWords(snapshot, waitedMs)
  if (retry !== undefined) return retry
  return { label: 'Offline', detail: snapshot.status.lastError?.message ?? 'Not connected to anybody. This page keeps trying by itself.', tone: 'warn' }
}

const NO_NETWORK: StatusWords = { label: 'Offline: no network', detail: 'This device has no network. The page connects by itself when it is back.', tone: 'warn' }

function retryWords(snapshot: Snapshot, waitedMs: number): StatusWords | undefined {
  const waits = snapshot.status.relays.flatMap((relay) => (relay.state === 'waiting' && relay.retryInMs !== undefined ? [relay.retryInMs] : []))
  if (waits.length === 0) return undefined
  const seconds = Math.ceil((Math.min(...waits) - waitedMs) / 1000)
  const why = snapshot.status.relays.find((relay) => relay.error !== undefined)?.error?.message ?? 'The relay does not answer.'
  const detail = snapshot.people.some((person) => person.path !== 'relayed') ? `${why} Direct connections go on.` : why
  return { label: seconds <= 0 ? 'Reconnecting…' : `Reconnecting in ${seconds} s`, detail, tone: 'warn' }
}
