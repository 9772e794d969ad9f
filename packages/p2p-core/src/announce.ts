import { CODE_P2P_CIRCUIT, type Multiaddr } from '@multiformats/multiaddr'
import { MAX_ANNOUNCED_BYTES } from './limits.ts'

/**
 * Which of its addresses a peer tells others. Identify carries each twice in a message of at most 8 KiB, and with a few relays of a few
 * interfaces each there are more than fit: then the message is refused as a whole, and nobody knows anything about this peer. So within
 * the bound each kind of address gets its turn: own ones, and for each relay one for each transport that leads to it.
 */
export function boundAnnounced(addresses: readonly Multiaddr[]): Multiaddr[] {
  const groups = Map.groupBy(addresses, groupOf)
  const chosen = new Set<Multiaddr>()
  let room = MAX_ANNOUNCED_BYTES
  for (let turn = 0; [...groups.values()].some((group) => turn < group.length); turn += 1) {
    for (const group of groups.values()) {
      const address = group[turn]
      if (address === undefined || address.bytes.byteLength > room) continue
      room -= address.bytes.byteLength
      chosen.add(address)
    }
  }
  return addresses.filter((address) => chosen.has(address))
}

/** Addresses of one group lead to the same place in the same way: own ones, or one relay by one transport, with WebRTC behind it or not. */
function groupOf(address: Multiaddr): string {
  const components = address.getComponents()
  const circuit = components.findIndex(({ code }) => code === CODE_P2P_CIRCUIT)
  const way = components.filter(({ name }) => ['tcp', 'udp', 'ws', 'wss', 'tls', 'webrtc', 'webrtc-direct'].includes(name)).map(({ name }) => name).join(' ')
  const relay = components.slice(0, Math.max(circuit, 0)).findLast(({ name }) => name === 'p2p')?.value ?? 'own'
  return `${relay} ${way}`
}
