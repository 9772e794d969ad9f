import type { Peer } from '@gloflow/p2p-core'
import type { Person } from './client.ts'

export interface ReunionOptions {
  readonly peer: Pick<Peer, 'events' | 'peers'>
  /** Whom the tab before was connected to. */
  readonly wanted: readonly Person[]
  readonly maxMs: number
  readonly signal: AbortSignal
}

/** Resolves when all of them are connected again, or the time is over. Those whom only a bridge reaches have no connection to wait for. */
export function reunion({ peer, wanted, maxMs, signal }: ReunionOptions): Promise<void> {
  const missing = new Set(wanted.filter((person) => person.transport !== 'bridge').map((person) => person.id))
  for (const person of peer.peers) missing.delete(person.id.toString())
  if (missing.size === 0) return Promise.resolve()
  return new Promise((resolve) => {
    const ended = AbortSignal.any([signal, AbortSignal.timeout(maxMs)])
    ended.addEventListener('abort', () => { resolve() }, { once: true })
    peer.events.on('peer:connect', (person) => {
      missing.delete(person.id.toString())
      if (missing.size === 0) resolve()
    }, { signal: ended })
  })
}
