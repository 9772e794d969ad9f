import { createSocket } from 'node:dgram'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { Dependence } from '../kinds.ts'
import { PROBE_PORTS, parseReply, sameEndpoint, type Endpoint, type ProbeReply, type ProbeRequest, type ServerEndpoint } from './wire.ts'

/** Time for an answer; requests are repeated meanwhile, since the first one may meet a neighbour that is not resolved yet. */
const ANSWER_TIMEOUT_MS = 3_000
const REPEAT_MS = 300

/** After a later packet over the same path has arrived, this long for an earlier one that is still on its way. */
const STRAGGLER_MS = 150

const PRIMARY: ServerEndpoint = { address: 0, port: 0 }
const OTHER_PORT: ServerEndpoint = { address: 0, port: 1 }
const OTHER_ADDRESS: ServerEndpoint = { address: 1, port: 0 }
const OTHER_BOTH: ServerEndpoint = { address: 1, port: 1 }

/** A socket of the probe's client. */
export interface ProbeSocket extends Disposable {
  /** Where the server's endpoint sees this socket; `undefined` where no answer comes. */
  where(endpoint: ServerEndpoint): Promise<Endpoint | undefined>
  /** Asks the primary endpoint to have `from` send to us; resolves whether it arrived. */
  isReachedFrom(from: ServerEndpoint, afterMs: number): Promise<boolean>
  /** Sends a packet to an endpoint without waiting. */
  poke(to: Endpoint, token: string): void
  /** Tokens that arrived from anywhere. */
  readonly arrived: ReadonlySet<string>
}

/** Opens a UDP socket on a port of its own. */
export async function openUdp(servers: readonly [string, string]): Promise<ProbeSocket> {
  const socket = createSocket('udp4')
  const arrived = new Set<string>()
  const waiting = new Map<string, (reply: ProbeReply) => void>()
  socket.on('message', (message) => {
    const reply = parseReply(message.toString('utf8'))
    arrived.add(reply.token)
    waiting.get(reply.token)?.(reply)
  })
  socket.bind(0)
  await once(socket, 'listening')
  const send = (request: ProbeRequest, { address, port }: ServerEndpoint): void => { socket.send(JSON.stringify(request), PROBE_PORTS[port], servers[address]) }
  const where = (endpoint: ServerEndpoint): Promise<Endpoint | undefined> => new Promise((resolve) => {
    const token = randomUUID()
    const ask = (): void => send({ op: 'where', token }, endpoint)
    const repeat = setInterval(ask, REPEAT_MS)
    const done = (seen: Endpoint | undefined): void => {
      clearInterval(repeat)
      clearTimeout(timer)
      resolve(seen)
    }
    const timer = setTimeout(() => done(undefined), ANSWER_TIMEOUT_MS)
    waiting.set(token, ({ seen }) => done(seen))
    ask()
  })
  return {
    where,
    arrived,
    async isReachedFrom(from, afterMs) {
      const token = randomUUID()
      send({ op: 'send', token, from, afterMs }, PRIMARY)
      if (afterMs > 0) await new Promise((resolve) => { setTimeout(resolve, afterMs + STRAGGLER_MS) })
      else await where(PRIMARY) // comes after it on the same path
      if (!arrived.has(token)) await new Promise((resolve) => { setTimeout(resolve, STRAGGLER_MS) })
      return arrived.has(token)
    },
    poke: (to, token) => { socket.send(JSON.stringify({ token }), to.port, to.address) },
    [Symbol.dispose]: () => { socket.close() }
  }
}

/** RFC 5780, 4.3: one socket seen by three endpoints. `undefined` where UDP does not get through. */
export async function udpMapping(servers: readonly [string, string]): Promise<Dependence | undefined> {
  using socket = await openUdp(servers)
  const primary = await socket.where(PRIMARY)
  if (primary === undefined) return undefined
  const otherPort = await socket.where(OTHER_PORT)
  const otherAddress = await socket.where(OTHER_ADDRESS)
  if (otherPort === undefined || otherAddress === undefined) return undefined
  if (!sameEndpoint(primary, otherPort)) return 'address-and-port-dependent'
  return sameEndpoint(primary, otherAddress) ? 'endpoint-independent' : 'address-dependent'
}

/** RFC 5780, 4.4: who may answer a socket that wrote to the primary endpoint alone. */
export async function udpFiltering(servers: readonly [string, string]): Promise<Dependence | undefined> {
  using socket = await openUdp(servers)
  if ((await socket.where(PRIMARY)) === undefined) return undefined
  if (await socket.isReachedFrom(OTHER_BOTH, 0)) return 'endpoint-independent'
  return (await socket.isReachedFrom(OTHER_PORT, 0)) ? 'address-dependent' : 'address-and-port-dependent'
}

/** RFC 5780, 4.6: two sockets of one host, by their external endpoints. Both write first, so that filtering is no obstacle. */
export async function udpHairpin(servers: readonly [string, string]): Promise<boolean> {
  using first = await openUdp(servers)
  using second = await openUdp(servers)
  const firstSeen = await first.where(PRIMARY)
  const secondSeen = await second.where(PRIMARY)
  if (firstSeen === undefined || secondSeen === undefined) return false
  const token = randomUUID()
  for (let round = 0; round < 3; round++) {
    second.poke(firstSeen, token)
    first.poke(secondSeen, token)
    await new Promise((resolve) => { setTimeout(resolve, STRAGGLER_MS) })
  }
  return first.arrived.has(token) || second.arrived.has(token)
}

/** What is left of a mapping after a silence. */
export interface AfterSilence {
  /** It still carries an answer. */
  readonly survived: boolean
  /** When the inside writes again, it is seen under the endpoint that it had before. */
  readonly sameEndpoint: boolean
}

/** What a mapping is like after that long a silence. */
export async function udpAfterSilence(servers: readonly [string, string], silenceMs: number): Promise<AfterSilence> {
  using socket = await openUdp(servers)
  const before = await socket.where(PRIMARY)
  if (before === undefined) return { survived: false, sameEndpoint: false }
  const survived = await socket.isReachedFrom(PRIMARY, silenceMs)
  const after = await socket.where(PRIMARY)
  return { survived, sameEndpoint: after !== undefined && sameEndpoint(before, after) }
}
