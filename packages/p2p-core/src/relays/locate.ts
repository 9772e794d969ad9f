import { CODE_P2P, CODE_P2P_CIRCUIT, multiaddr } from '@multiformats/multiaddr'
import { P2pError } from '../errors.ts'
import { fetchRelayInfo } from './fetch-info.ts'
import type { RelayInfo } from './info.ts'
import type { RelayPins } from './pins.ts'

/** Where a relay is to be found, and by which key it is known. */
export interface RelayTarget {
  readonly peerId: string
  readonly multiaddrs: readonly string[]
  /** The verified info document; `undefined` where the relay was configured as a multiaddr. */
  readonly info: RelayInfo | undefined
}

/** What finding a relay needs. */
export interface LocateOptions {
  readonly network: string
  readonly pins: RelayPins
  readonly fetch: typeof globalThis.fetch
  readonly now: () => number
  /** See FetchRelayInfoOptions. */
  readonly followRedirects: boolean
}

/** Whether a relay is configured as the URL that people open, and so has an info document. */
export function hasInfoDocument(source: string): boolean {
  return !source.startsWith('/')
}

/** Finds a relay by how it was configured, and pins its key at first use. Throws what `fetchRelayInfo` throws, and ADDRESS_INVALID. */
export async function locateRelay(source: string, options: LocateOptions, signal: AbortSignal): Promise<RelayTarget> {
  if (!hasInfoDocument(source)) return targetOfMultiaddr(source)
  const { network, pins, fetch, now, followRedirects } = options
  const pin = await pins.get(source)
  const info = await fetchRelayInfo(source, { network, nowMs: now(), pin, signal, fetch, followRedirects })
  if (pin?.peerId !== info.peerId || pin.seq !== info.seq) await pins.set(source, { peerId: info.peerId, seq: info.seq })
  return { peerId: info.peerId, multiaddrs: info.multiaddrs, info }
}

function targetOfMultiaddr(source: string): RelayTarget {
  let peerId: string | undefined
  try {
    const components = multiaddr(source).getComponents()
    const last = components.at(-1)
    peerId = last?.code === CODE_P2P && !components.some(({ code }) => code === CODE_P2P_CIRCUIT) ? last.value : undefined
  } catch (cause) {
    throw new P2pError('ADDRESS_INVALID', `"${source}" is not a multiaddr. A relay's looks like /dns4/relay.example/tcp/443/tls/ws/p2p/12D3Koo….`, { cause })
  }
  if (peerId === undefined) throw new P2pError('ADDRESS_INVALID', `${source} does not lead straight to a relay and end in its /p2p/<PeerId>. Take the whole address from the relay's output.`)
  return { peerId, multiaddrs: [source], info: undefined }
}
