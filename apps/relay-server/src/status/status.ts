/** What /status.json shows everyone: numbers, no peer and no address. schema/status.schema.json says the same. */
export interface PublicStatus {
  readonly uptimeMs: number
  readonly version: string
  readonly peers: number
  readonly reservations: number
  readonly circuits: number
  readonly bytesRelayed: number
  readonly refused: Readonly<Record<string, number>>
  readonly reachability: 'unknown' | 'public' | 'private'
  readonly dht: { readonly mode: 'off' | 'client' | 'server'; readonly peers: number }
  readonly bridge: { readonly messages: number; readonly dropped: number }
}

/** Where the numbers come from. */
export interface StatusSources {
  readonly startedAtMs: number
  readonly version: string
  readonly now: () => number
  readonly refused: () => PublicStatus['refused']
  readonly bytesRelayed: () => number
  readonly peers: () => number
  readonly reservations: () => number
  readonly circuits: () => number
  readonly reachability: () => PublicStatus['reachability']
  readonly dht: () => PublicStatus['dht']
  readonly bridge: () => PublicStatus['bridge']
}

/** Reads the status now. */
export function readStatus(sources: StatusSources): PublicStatus {
  return {
    uptimeMs: sources.now() - sources.startedAtMs,
    version: sources.version,
    peers: sources.peers(),
    reservations: sources.reservations(),
    circuits: sources.circuits(),
    bytesRelayed: sources.bytesRelayed(),
    refused: sources.refused(),
    reachability: sources.reachability(),
    dht: sources.dht(),
    bridge: sources.bridge()
  }
}
