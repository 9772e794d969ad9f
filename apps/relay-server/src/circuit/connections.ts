import type { Connection } from '@libp2p/interface'

const CIRCUIT = 'p2p-circuit'

/** True where a connection goes through another relay. */
export function isCircuit(connection: Pick<Connection, 'remoteAddr'>): boolean {
  return connection.remoteAddr.getComponents().some((component) => component.name === CIRCUIT)
}

/**
 * The connection over which a peer is asked to take a circuit: the one that reserved last, else the newest open one. Another one may be
 * there for a moment only, as those are that AutoNAT dials. None goes through another relay.
 */
export function connectionToAsk(connections: readonly Connection[], reserved: string | undefined): Connection | undefined {
  const usable = connections.filter((connection) => connection.status === 'open' && !isCircuit(connection))
  return usable.find(({ id }) => id === reserved) ?? usable.toSorted((a, b) => b.timeline.open - a.timeline.open)[0]
}
