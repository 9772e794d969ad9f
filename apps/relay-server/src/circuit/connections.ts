import type { Connection } from '@libp2p/interface'

const CIRCUIT = 'p2p-circuit'

/** True where a connection goes through another relay. */
export function isCircuit(connection: Pick<Connection, 'remoteAddr'>): boolean {
  return connection.remoteAddr.getComponents().some((component) => component.name === CIRCUIT)
}

/** The newest open connection to a peer that goes through no other relay. */
export function newestDirect(connections: readonly Connection[]): Connection | undefined {
  const usable = connections.filter((connection) => connection.status === 'open' && !isCircuit(connection))
  return usable.toSorted((a, b) => b.timeline.open - a.timeline.open)[0]
}
