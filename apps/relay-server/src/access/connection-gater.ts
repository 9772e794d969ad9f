import type { ConnectionGater, MultiaddrConnection } from '@libp2p/interface'
import { CONNECTIONS_PER_CLIENT_PER_S, CONNECTION_BURST_PER_CLIENT, MAX_CONNECTIONS_PER_CLIENT, MAX_REMEMBERED_CLIENTS } from '../limits.ts'
import { clientKeyOf } from './client-key.ts'
import type { RelayAccess } from './relay-access.ts'
import { createTokenBuckets } from './token-buckets.ts'

/** Why a connection is refused. */
export type ConnectionRefusal = 'CLIENT_CONNECTIONS_FULL' | 'CLIENT_CONNECTION_RATE' | 'PEER_DENIED'

/** What the gater is made of. */
export interface GaterInit {
  /** The peer's own gater; it is asked first. */
  readonly base: ConnectionGater
  readonly access: RelayAccess
  readonly refused: (code: ConnectionRefusal) => void
  readonly now: () => number
}

/** Adds to a gater: limits for each client address, and peers that may not come at all. */
export function createRelayGater(init: GaterInit): ConnectionGater {
  const { base, access, refused } = init
  const open = new Map<string, number>()
  const rate = createTokenBuckets({ perSecond: CONNECTIONS_PER_CLIENT_PER_S, burst: CONNECTION_BURST_PER_CLIENT, maxKeys: MAX_REMEMBERED_CLIENTS })

  const admit = (connection: MultiaddrConnection): ConnectionRefusal | undefined => {
    const client = clientKeyOf(connection.remoteAddr)
    if (client === undefined) return undefined
    if (!rate.take(client, init.now())) return 'CLIENT_CONNECTION_RATE'
    const count = open.get(client) ?? 0
    if (count >= MAX_CONNECTIONS_PER_CLIENT) return 'CLIENT_CONNECTIONS_FULL'
    open.set(client, count + 1)
    connection.addEventListener('close', () => {
      const left = (open.get(client) ?? 1) - 1
      if (left <= 0) open.delete(client)
      else open.set(client, left)
    }, { once: true })
    return undefined
  }

  return {
    ...base,
    denyInboundConnection: async (connection) => {
      const refusal = admit(connection)
      if (refusal !== undefined) refused(refusal)
      return refusal !== undefined || (await base.denyInboundConnection?.(connection)) === true
    },
    // The relay dials as well: neighbours, peers of the DHT, and those who ask AutoNAT.
    denyDialPeer: async (peer) => !access.mayStay(peer) || (await base.denyDialPeer?.(peer)) === true,
    denyOutboundEncryptedConnection: async (peer, connection) => !access.mayStay(peer) || (await base.denyOutboundEncryptedConnection?.(peer, connection)) === true,
    denyInboundEncryptedConnection: async (peer, connection) => {
      if (access.mayStay(peer)) return (await base.denyInboundEncryptedConnection?.(peer, connection)) === true
      refused('PEER_DENIED')
      return true
    }
  }
}
