import { autoNAT } from '@libp2p/autonat'
import type { ConnectionManager } from '@libp2p/interface-internal'
import type { Libp2pOptions } from 'libp2p'

type ServiceFactory = NonNullable<Libp2pOptions['services']>[string]

/**
 * AutoNAT v1 whose verdicts are right. Its server asks for a connection to the asker's address and gets the one that the asker came by,
 * which proves nothing and is then reported as a failure; so each of its dials is made a new one. It refuses private addresses and
 * those of third parties by itself. Source: libp2p/specs, autonat/autonat-v1.md.
 */
export const freshAutoNat: ServiceFactory = (components) => {
  const { connectionManager } = components
  return autoNAT()(Object.create(components, { connectionManager: { value: withFreshDials(connectionManager) } }))
}

/** A connection manager that never answers a dial with a connection that is there already. */
export function withFreshDials(connectionManager: ConnectionManager): ConnectionManager {
  const openConnection: ConnectionManager['openConnection'] = (target, options) => connectionManager.openConnection(target, { ...options, force: true })
  return Object.create(connectionManager, { openConnection: { value: openConnection } }) as ConnectionManager
}
