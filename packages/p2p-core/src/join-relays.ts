import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { P2pError } from './errors.ts'
import type { ResolvedPeerOptions } from './options.ts'
import type { RelayStatus } from './peer.ts'
import { fetchRelayInfo } from './relays/fetch-info.ts'
import { dialError } from './dial-error.ts'

/** Dials each relay once. */
export function joinRelays(libp2p: Libp2p, options: ResolvedPeerOptions, onChange: () => void): { readonly statuses: () => RelayStatus[]; readonly stun: () => string[]; stop(): void } {
  const stopped = new AbortController()
  const stun = new Set<string>()
  const statuses = new Map<string, RelayStatus>()
  const set = (source: string, status: Partial<RelayStatus>): void => {
    const before = statuses.get(source) ?? { source, peerId: undefined, state: 'idle', retryInMs: undefined, rttMs: undefined, error: undefined }
    statuses.set(source, { ...before, ...status })
    onChange()
  }
  const join = async (source: string): Promise<void> => {
    set(source, { state: 'dialing' })
    try {
      const addresses = source.startsWith('/') ? [source] : await addressesOf(source)
      const connection = await libp2p.dial(addresses.map((one) => multiaddr(one)), { signal: stopped.signal })
      set(source, { state: 'connected', peerId: connection.remotePeer.toString() })
    } catch (error) {
      const { code, message } = error instanceof P2pError ? error : dialError(error, source)
      set(source, { state: 'waiting', error: { code, message } })
    }
  }
  const addressesOf = async (url: string): Promise<readonly string[]> => {
    const info = await fetchRelayInfo(url, { network: options.network, nowMs: options.now(), pin: undefined, signal: stopped.signal, fetch: globalThis.fetch.bind(globalThis) })
    info.stun.forEach((one) => stun.add(one))
    return info.multiaddrs
  }
  const onSelf = (): void => {
    const circuits = libp2p.getMultiaddrs().map(String).filter((one) => one.includes('/p2p-circuit'))
    for (const status of statuses.values()) {
      const reserved = status.peerId !== undefined && circuits.some((one) => one.includes(status.peerId ?? ''))
      if (reserved && status.state === 'connected') set(status.source, { state: 'reserved' })
    }
  }
  libp2p.addEventListener('self:peer:update', onSelf)
  for (const source of options.relays) void join(source)
  return {
    statuses: () => [...statuses.values()],
    stun: () => [...stun],
    stop() {
      libp2p.removeEventListener('self:peer:update', onSelf)
      stopped.abort()
    }
  }
}
