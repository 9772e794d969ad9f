import type { Listener, Transport } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { LISTEN_ADDRESS_CACHE_MS } from '../limits.ts'

/**
 * Lets a transport's listeners look at the machine's interfaces at most every LISTEN_ADDRESS_CACHE_MS. libp2p asks each of them several
 * times for every peer that connects, and each time is a system call for each.
 */
export function withCachedAddresses<Kind extends Transport>(transport: Kind, now: () => number): Kind {
  const createListener = transport.createListener.bind(transport)
  transport.createListener = (options) => cached(createListener(options), now)
  return transport
}

function cached(listener: Listener, now: () => number): Listener {
  const getAddrs = listener.getAddrs.bind(listener)
  let addresses: Multiaddr[] | undefined
  let untilMs = 0
  const forget = (): void => { addresses = undefined }
  listener.addEventListener('listening', forget)
  listener.addEventListener('close', forget)
  listener.getAddrs = () => {
    if (addresses === undefined || addresses.length === 0 || now() >= untilMs) {
      addresses = getAddrs()
      untilMs = now() + LISTEN_ADDRESS_CACHE_MS
    }
    return [...addresses]
  }
  return listener
}
