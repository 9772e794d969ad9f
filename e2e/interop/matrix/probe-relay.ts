// What the relay does with each of theirs.
import { startNodePeer } from '../node-peer.ts'
import { startRelayProcess } from '../relay-process.ts'
import { type Security, until } from '../stock-node.ts'
import type { Theirs, Way } from './cell.ts'
import { expectSecurity, startCounterpart } from './counterpart.ts'

const ECHO_BYTES = 256 << 10
const NETWORK = 'gloflow_testnet'

/** Tries one way; says what was seen. */
export function probeRelay(theirs: Theirs, way: Way): () => Promise<string> {
  switch (way) {
    case 'tcp-tls':
      return () => byTcp(theirs, 'tls')
    case 'tcp-noise':
      return () => byTcp(theirs, 'noise')
    case 'ws':
      return () => byWebSocket(theirs)
    case 'webrtc-direct':
      return () => byWebrtcDirect(theirs)
    case 'circuit':
      return () => byCircuit(theirs)
    case 'dht':
      return () => byDht(theirs)
    case 'general':
      return () => byBridge(theirs)
  }
}

async function byTcp(theirs: Theirs, security: Security): Promise<string> {
  await using relay = await startRelayProcess()
  await using them = await startCounterpart(theirs, { security: [security], listen: [] })
  expectSecurity((await them.dial(relay.address('tcp'))).security, security)
  await using named = await startCounterpart(theirs, { security: [security], listen: ['tcp'] })
  await using dialling = await startRelayProcess(['--bootstrap', named.address('tcp')])
  const status = async (): Promise<unknown> => (await fetch(`${dialling.url}/status.json`)).json()
  await until('the relay dials the peer that its operator named', async () => JSON.stringify(await status()).includes('"peers":1'))
  return 'dialled and dialling'
}

async function byWebSocket(theirs: Theirs): Promise<string> {
  await using relay = await startRelayProcess()
  await using them = await startCounterpart(theirs, { security: ['noise'], listen: [] })
  await them.dial(relay.address('ws'))
  return 'dialled'
}

async function byWebrtcDirect(theirs: Theirs): Promise<string> {
  await using relay = await startRelayProcess(['--webrtc-direct-port', '0'])
  await using them = await startCounterpart(theirs, { security: ['noise'], listen: [] })
  const own = relay.multiaddrs.find((addr) => addr.startsWith('/ip4/127.0.0.1/udp/') && addr.includes('/webrtc-direct/'))
  if (own === undefined) throw new Error(`the relay does not listen on WebRTC Direct: ${relay.multiaddrs.join(' ')}`)
  await them.dial(own)
  return 'dialled (v1)'
}

async function byCircuit(theirs: Theirs): Promise<string> {
  await using relay = await startRelayProcess()
  await using behind = await startCounterpart(theirs, { security: ['tls'], listen: [], relay: relay.address('tcp') })
  await using caller = await startCounterpart(theirs, { security: ['tls'], listen: [] })
  await caller.dial(await behind.circuit())
  await caller.echo(behind.peerId, ECHO_BYTES)
  return 'reserved, and relayed between two of them'
}

async function byDht(theirs: Theirs): Promise<string> {
  await using relay = await startRelayProcess()
  const dht = [relay.address('tcp')]
  await using first = await startCounterpart(theirs, { security: ['tls'], listen: ['tcp'], dht })
  await until('the first can advertise', () => first.advertise(NETWORK).then(() => true, () => false))
  await using second = await startCounterpart(theirs, { security: ['tls'], listen: ['tcp'], dht })
  await until('the second finds the first and the relay', async () => {
    await first.advertise(NETWORK)
    const found = await second.find(NETWORK)
    return found.has(first.peerId) && found.has(relay.peerId)
  }, 30_000)
  return 'two of them meet by it, and find it'
}

async function byBridge(theirs: Theirs): Promise<string> {
  await using relay = await startRelayProcess()
  await using node = await startNodePeer({ relays: [relay.address('tcp')], listen: ['/p2p-circuit'] })
  await using them = await startCounterpart(theirs, { security: ['tls'], listen: [] })
  const heard: string[] = []
  node.general.events.on('message', (message) => heard.push(`${message.from} ${message.via ?? ''} ${String(message.body['text'])}`))
  await them.dial(relay.address('tcp'))
  await until('they are heard through the bridge', async () => {
    await them.say(relay.peerId, 'from them')
    return heard.includes(`${them.peerId} ${relay.peerId} from them`)
  })
  await until('they hear through the bridge', async () => {
    await node.general.say({ text: 'from node' })
    return them.heard(relay.peerId, 'from node')
  }, 30_000)
  return 'bridged both ways between them and a Node peer'
}
