import type { RelayStatus } from '@gloflow/p2p-core'

/** The state of one relay in words. */
export function relayStateWords(relay: RelayStatus): string {
  const rtt = relay.rttMs === undefined ? '' : ` · ${Math.max(1, Math.round(relay.rttMs))} ms`
  switch (relay.state) {
    case 'idle': return 'not tried yet'
    case 'dialing': return 'being called'
    case 'connected': return `connected, no place kept yet${rtt}`
    case 'reserved': return `connected, keeps a place for you${rtt}`
    case 'waiting': return relay.retryInMs === undefined ? 'waits for the next try' : `next try in ${Math.max(1, Math.ceil(relay.retryInMs / 1000))} s`
    case 'stopped': return 'stopped'
  }
}
