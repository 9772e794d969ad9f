/** The addresses in the order in which they are worth giving to somebody: those that a browser can dial first, secure ones before. */
export function sortAddresses(addresses: readonly string[]): readonly string[] {
  return [...addresses].toSorted((one, other) => rank(one) - rank(other))
}

function rank(address: string): number {
  const byWebSocket = /\/wss?(\/|$)|\/tls\/ws/.test(address)
  const secure = /\/wss(\/|$)|\/tls\//.test(address)
  const named = address.startsWith('/dns')
  const thisMachineOnly = /^\/ip4\/127\.|^\/ip6\/::1\//.test(address)
  const ipv6 = address.startsWith('/ip6/')
  return (byWebSocket ? 0 : 32) + (secure ? 0 : 16) + (named ? 0 : 8) + (address.includes('/webrtc') ? 4 : 0) + (ipv6 ? 2 : 0) + (thisMachineOnly ? 1 : 0)
}
