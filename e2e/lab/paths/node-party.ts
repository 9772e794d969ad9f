import { startGloflowPeer, type PeerLine } from '../../support/gloflow-peer.ts'
import type { LabHost } from '../host.ts'
import type { Party } from './party.ts'
import type { LabRelay } from './lab-relay.ts'

/** A headless Node peer on a host of the laboratory. */
export async function startNodeParty(host: LabHost, relay: LabRelay): Promise<Party> {
  const peer = await startGloflowPeer({ relays: [relay.url], wrap: host.wrap, env: { NODE_EXTRA_CA_CERTS: relay.certificate } })
  return {
    id: peer.peerId,
    async pathTo(id) {
      const peers = (await peer.command('status'))['peers']
      const other = Array.isArray(peers) ? peers.filter(isLine).find((each) => each['id'] === id) : undefined
      return other === undefined ? undefined : { path: String(other['path']), reason: String(other['reason']), transport: String(other['transport']) }
    },
    async say(text) {
      await peer.command('say', { text })
    },
    timesHeard: async (text) => peer.events.filter(({ event, body }) => event === 'message' && isLine(body) && body['text'] === text).length,
    log: () => `${peer.log()}\n${peer.events.map((event) => JSON.stringify(event)).join('\n')}`,
    [Symbol.asyncDispose]: () => peer.stop()
  }
}

function isLine(value: unknown): value is PeerLine {
  return typeof value === 'object' && value !== null
}
