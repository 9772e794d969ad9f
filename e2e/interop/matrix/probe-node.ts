// What a Node peer of this project does with each of theirs.
import type { Peer } from '@gloflow/p2p-core'
import { peerIdFromString } from '@libp2p/peer-id'
import { circuitAddress, directAddress, startNodePeer } from '../node-peer.ts'
import { startRelayProcess } from '../relay-process.ts'
import { type Security, echoMatches, until } from '../stock-node.ts'
import type { Theirs, Way } from './cell.ts'
import { type Counterpart, expectSecurity, startCounterpart } from './counterpart.ts'

const ECHO_BYTES = 256 << 10
const NETWORK = 'gloflow_testnet'
/** Above the half minute between two looks of a Node peer. */
const FIND_TIMEOUT_MS = 45_000

/** Tries one way; says what was seen. */
export function probeNode(theirs: Theirs, way: Way): () => Promise<string> {
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
    case 'general':
      return () => byGeneral(theirs)
    case 'dht':
      return () => byDht(theirs)
  }
}

async function echoFrom(node: Peer, them: Counterpart): Promise<string | undefined> {
  const [connection] = node.libp2p.getConnections(peerIdFromString(them.peerId))
  if (connection === undefined || !(await echoMatches(connection, ECHO_BYTES))) throw new Error('the echo to them differs')
  return connection.encryption
}

async function byTcp(theirs: Theirs, security: Security): Promise<string> {
  await using them = await startCounterpart(theirs, { security: [security], listen: ['tcp'] })
  await using node = await startNodePeer()
  await node.connect(them.address('tcp'))
  expectSecurity(await echoFrom(node, them), security)
  await using dialling = await startCounterpart(theirs, { security: [security], listen: [] })
  expectSecurity((await dialling.dial(directAddress(node))).security, security)
  await dialling.echo(node.id.toString(), ECHO_BYTES)
  return 'dialled and dialling'
}

async function byWebSocket(theirs: Theirs): Promise<string> {
  await using them = await startCounterpart(theirs, { security: ['noise'], listen: ['ws'] })
  await using node = await startNodePeer({ listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
  await node.connect(them.address('ws'))
  await echoFrom(node, them)
  await using dialling = await startCounterpart(theirs, { security: ['noise'], listen: [] })
  const own = node.multiaddrs.map(String).find((addr) => addr.includes('/ws/p2p/'))
  if (own === undefined) throw new Error('the Node peer does not listen on WebSocket')
  await dialling.dial(own)
  await dialling.echo(node.id.toString(), ECHO_BYTES)
  return 'dialled and dialling'
}

async function byWebrtcDirect(theirs: Theirs): Promise<string> {
  await using them = await startCounterpart(theirs, { security: ['noise'], listen: ['webrtc-direct'] })
  await using node = await startNodePeer({ webrtcDirect: true, listen: ['/ip4/127.0.0.1/udp/0/webrtc-direct'] })
  await node.connect(them.address('webrtc-direct'))
  await echoFrom(node, them)
  await using dialling = await startCounterpart(theirs, { security: ['noise'], listen: [] })
  const own = node.multiaddrs.map(String).find((addr) => addr.includes('/webrtc-direct/'))
  if (own === undefined) throw new Error('the Node peer does not listen on WebRTC Direct')
  await dialling.dial(own)
  await dialling.echo(node.id.toString(), ECHO_BYTES)
  return 'dialled and dialling (v1)'
}

async function byCircuit(theirs: Theirs): Promise<string> {
  await using relay = await startRelayProcess()
  await using node = await startNodePeer({ relays: [relay.address('tcp')], listen: ['/p2p-circuit'] })
  await using them = await startCounterpart(theirs, { security: ['tls'], listen: [], relay: relay.address('tcp') })
  await node.connect(await them.circuit())
  await echoFrom(node, them)
  await using dialling = await startCounterpart(theirs, { security: ['tls'], listen: [] })
  await dialling.dial(await circuitAddress(node, relay.peerId))
  await dialling.echo(node.id.toString(), ECHO_BYTES)
  return 'dialled and dialling, secured end to end'
}

async function byDht(theirs: Theirs): Promise<string> {
  await using relay = await startRelayProcess()
  await using them = await startCounterpart(theirs, { security: ['tls'], listen: ['tcp'], dht: [relay.address('tcp')] })
  await until('they can advertise', () => them.advertise(NETWORK).then(() => true, () => false))
  await using node = await startNodePeer({ dht: true, bootstrap: [relay.address('tcp')] })
  await until('they find the Node peer', async () => (await them.find(NETWORK)).has(node.id.toString()), FIND_TIMEOUT_MS)
  await until('the Node peer finds them and connects', () => node.peers.some((peer) => peer.id.toString() === them.peerId), FIND_TIMEOUT_MS)
  return 'each finds the other, knowing the relay alone'
}

async function byGeneral(theirs: Theirs): Promise<string> {
  await using them = await startCounterpart(theirs, { security: ['tls'], listen: ['tcp'] })
  await using node = await startNodePeer()
  const heard: unknown[] = []
  node.general.events.on('message', (message) => heard.push([message.from, message.body['text']].join(' ')))
  await node.connect(them.address('tcp'))
  await node.general.say({ text: 'from node' })
  await until('they hear the Node peer', () => them.heard(node.id.toString(), 'from node'))
  await them.say(node.id.toString(), 'from them')
  await until('the Node peer hears them', () => heard.includes(`${them.peerId} from them`))
  return 'both ways'
}
