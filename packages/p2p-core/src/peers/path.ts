import type { Connection } from '@libp2p/interface'

/** The transport's name by the address in use: 'tcp', 'ws', 'wss', 'webrtc', 'webrtc-direct' or 'circuit'. */
export function transportOf(connection: Connection): string {
  const names = connection.remoteAddr.getComponents().map((component) => component.name)
  if (names.includes('webrtc')) return 'webrtc'
  if (names.includes('p2p-circuit')) return 'circuit'
  if (names.includes('webrtc-direct')) return 'webrtc-direct'
  if (names.includes('wss') || (names.includes('ws') && names.includes('tls'))) return 'wss'
  if (names.includes('ws')) return 'ws'
  return names.includes('tcp') ? 'tcp' : names.at(-1) ?? 'unknown'
}

/** The PeerId of the relay that carries a relayed connection. */
export function relayOf(connection: Connection): string | undefined {
  if (connection.direct) return undefined
  const components = connection.remoteAddr.getComponents()
  const circuit = components.findIndex((component) => component.name === 'p2p-circuit')
  return circuit < 0 ? undefined : components.slice(0, circuit).findLast((component) => component.name === 'p2p')?.value
}
