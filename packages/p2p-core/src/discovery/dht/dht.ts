import { Record, kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import type { KadDHT } from '@libp2p/kad-dht'
import type { Libp2pOptions } from 'libp2p'
import { Key } from 'interface-datastore'
import { base32 } from 'multiformats/bases/base32'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { sha256 } from 'multiformats/hashes/sha2'
import { DHT_FIRST_PROVIDE_MS, DHT_PROVIDE_INTERVAL_MS, DHT_PROVIDE_TIMEOUT_MS, DHT_RECORD_TTL_MS, MAX_DHT_KEY_BYTES, MAX_DHT_STREAMS, MAX_DHT_VALUE_BYTES } from '../../limits.ts'
import { limitInbound } from './inbound-limit.ts'
import { RecordRefusedError, RecordStore } from './record-store.ts'

/** The DHT that GloFlow's peers use: go-libp2p's default prefix. */
const PROTOCOL = '/ipfs/kad/1.0.0'

type ServiceFactory = NonNullable<Libp2pOptions['services']>[string]

/** The DHT of one node. */
export interface DhtPart {
  /** To be put among the node's services. */
  readonly service: ServiceFactory
  /** Undefined until the node is made. */
  readonly dht: () => KadDHT | undefined
  readonly records: RecordStore
}

/**
 * kad-dht in server mode. Private addresses are kept, or the providers of a local network would be found without any; queries run with an
 * empty table, or they would hang while only clients are connected. Source of GloFlow's validator and selector: its namespace /gf/ takes
 * any value, and the first of several wins.
 */
export function createDht(now: () => number): DhtPart {
  const records = new RecordStore(now)
  let dht: KadDHT | undefined
  const make = kadDHT({
    protocol: PROTOCOL,
    clientMode: false,
    allowQueryWithZeroPeers: true,
    peerInfoMapper: passthroughMapper,
    maxInboundStreams: MAX_DHT_STREAMS,
    reprovide: { validity: DHT_RECORD_TTL_MS },
    validators: { gf: validateGloflowRecord },
    selectors: { gf: () => 0 }
  })
  return {
    records,
    dht: () => dht,
    service: (components) => {
      // The components as they are, but for the datastore (theirs is the disk's, and others write these records) and a limit on what comes in.
      const made = make(Object.create(components, { datastore: { value: records }, registrar: { value: limitInbound(components.registrar, now) } }))
      if (isKadDht(made)) dht = made
      return made
    }
  }
}

/** Takes what is small. Throws where it is not. */
export function validateGloflowRecord(key: Uint8Array, value: Uint8Array): void {
  if (key.byteLength > MAX_DHT_KEY_BYTES || value.byteLength > MAX_DHT_VALUE_BYTES) throw new RecordRefusedError('a record of /gf/ is larger than what is kept here')
}

/** The CID by which a network is found. Source: go-libp2p, routing discovery: CID v1, raw, sha2-256 of the name. */
export async function networkCid(network: string): Promise<CID> {
  return CID.createV1(raw.code, await sha256.digest(new TextEncoder().encode(network)))
}

/** What is stored here under a key of the DHT, as text; undefined where nothing is. */
export async function storedValue(records: RecordStore, key: string): Promise<string | undefined> {
  const name = new Key(`/dht/record/${base32.encode(new TextEncoder().encode(key)).slice(1)}`, false)
  if (!(await records.has(name))) return undefined
  return new TextDecoder().decode(Record.deserialize(await records.get(name)).value)
}

/** Announces that this node is in the network, again and again. Returns the function that stops it. */
export function announceInDht(dht: KadDHT, network: string): () => void {
  const stopped = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const again = (afterMs: number): void => {
    if (!stopped.signal.aborted) timer = setTimeout(() => void announce(), afterMs)
  }
  const announce = async (): Promise<void> => {
    try {
      const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(DHT_PROVIDE_TIMEOUT_MS)])
      for await (const event of dht.provide(await networkCid(network), { signal })) void event
    } catch {
      // Nobody was there to tell, or this node stops; the next round tells those who came.
    }
    again(DHT_PROVIDE_INTERVAL_MS)
  }
  again(DHT_FIRST_PROVIDE_MS)
  return () => {
    stopped.abort()
    clearTimeout(timer)
  }
}

function isKadDht(value: unknown): value is KadDHT {
  return typeof value === 'object' && value !== null && 'provide' in value && 'getMode' in value
}
