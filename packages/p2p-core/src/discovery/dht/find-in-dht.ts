import type { Connection, Libp2p, PeerId, PeerInfo } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import type { CID } from 'multiformats/cid'
import { CIRCUIT_FIRST_MS, CONNECTION_BUDGET, DHT_FIND_INTERVAL_MS, DHT_FIRST_FIND_MS, DHT_PROVIDE_TIMEOUT_MS, DISCOVERY_DIAL_MS, MAX_DHT_PROVIDERS, MAX_PEER_RECORD_ADDRESSES } from '../../limits.ts'
import { networkCid } from './dht.ts'

/** What looking for others in the DHT needs. */
export interface FindInDhtOptions {
  readonly libp2p: Libp2p
  readonly dht: Pick<KadDHT, 'findProviders'>
  readonly network: string
  readonly isRelay: (peer: PeerId) => boolean
}

/**
 * Looks for those who announce themselves in the DHT under the name of the network, as GloFlow's peers do, and connects to them up to the
 * budget of connections. Goes on until the returned function is called.
 */
export function findInDht({ libp2p, dht, network, isRelay }: FindInDhtOptions): () => void {
  const stopped = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined

  const people = (): PeerId[] => libp2p.getPeers().filter((peer) => !isRelay(peer))
  const isWanted = ({ id }: PeerInfo): boolean => !id.equals(libp2p.peerId) && libp2p.getConnections(id).length === 0

  async function look(): Promise<void> {
    const cid = await networkCid(network)
    const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(DHT_PROVIDE_TIMEOUT_MS)])
    for (const provider of await providersOf(dht, cid, signal)) {
      if (stopped.signal.aborted || people().length >= CONNECTION_BUDGET) return
      if (isWanted(provider)) await dial(provider)
    }
  }

  /** Dials what the record says, which the address policy judges like any other word of a stranger. */
  async function dial({ id, multiaddrs }: PeerInfo): Promise<Connection | undefined> {
    const whom = `/p2p/${id.toString()}`
    const addresses = multiaddrs.slice(0, MAX_PEER_RECORD_ADDRESSES).map((address) => address.toString().endsWith(whom) ? address : address.encapsulate(whom))
    const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(DISCOVERY_DIAL_MS)])
    // circuits first: of the others each that does not answer costs a time-out, and libp2p would dial them before
    const circuits = addresses.filter((address) => address.toString().includes('/p2p-circuit/'))
    const relayed = circuits.length === 0 ? undefined : await libp2p.dial(circuits, { signal: AbortSignal.any([signal, AbortSignal.timeout(CIRCUIT_FIRST_MS)]) }).catch(() => undefined)
    if (relayed !== undefined || signal.aborted) return relayed
    const others = addresses.filter((address) => !circuits.includes(address))
    if (others.length === 0 && circuits.length > 0) return undefined
    return libp2p.dial(others.length > 0 ? others : id, { signal }).catch(() => undefined)
  }

  function again(afterMs: number): void {
    if (stopped.signal.aborted) return
    timer = setTimeout(() => { void look().catch(() => { /* nobody was there to ask; the next look asks those who came */ }).finally(() => { again(DHT_FIND_INTERVAL_MS) }) }, afterMs)
  }

  again(DHT_FIRST_FIND_MS)
  return () => {
    stopped.abort()
    clearTimeout(timer)
  }
}

async function providersOf(dht: FindInDhtOptions['dht'], cid: CID, signal: AbortSignal): Promise<PeerInfo[]> {
  const found = new Map<string, PeerInfo>()
  for await (const event of dht.findProviders(cid, { signal })) {
    if (event.name !== 'PROVIDER' && event.name !== 'PEER_RESPONSE') continue
    for (const provider of event.providers) if (found.size < MAX_DHT_PROVIDERS) found.set(provider.id.toString(), provider)
  }
  return [...found.values()]
}
