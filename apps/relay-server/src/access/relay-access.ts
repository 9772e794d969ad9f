import type { PeerId } from '@libp2p/interface'

/** Who may use the relay. There is no default: the relay's composition chooses one. */
export interface RelayAccess {
  /** May this peer keep a connection at all? */
  readonly mayStay: (peer: PeerId) => boolean
  /** May this peer hold a reservation? */
  readonly mayReserve: (peer: PeerId) => boolean
  /** May `source` reach `destination` through this relay? */
  readonly mayConnect: (source: PeerId, destination: PeerId) => boolean
}

/** What the operator said. */
export interface RelayAccessRules {
  readonly mode: 'open' | 'allow' | 'invite'
  readonly allow: readonly string[]
  readonly deny: readonly string[]
  /** Whether a peer has shown an invitation that holds now; asked in mode `invite` only. */
  readonly isInvited: (peer: PeerId) => boolean
}

/**
 * The rules of --access, --allow and --deny. `deny` wins over everything. In mode `open` all others may; in mode `allow` those that are
 * named; in mode `invite` those that are named or invited. Whoever may reserve may be reached by, and reach, those who may as well.
 */
export function createRelayAccess(rules: RelayAccessRules): RelayAccess {
  const allowed = new Set(rules.allow)
  const denied = new Set(rules.deny)
  const may = (peer: PeerId): boolean => {
    const id = peer.toString()
    if (denied.has(id)) return false
    return rules.mode === 'open' || allowed.has(id) || (rules.mode === 'invite' && rules.isInvited(peer))
  }
  return {
    mayStay: (peer) => !denied.has(peer.toString()),
    mayReserve: may,
    mayConnect: (source, destination) => may(source) && may(destination)
  }
}
