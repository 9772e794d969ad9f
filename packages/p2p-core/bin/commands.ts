import type { PeerId } from '@libp2p/interface'
import { P2pError, parsePeerId, type Peer } from '../src/index.ts'
import { openAny } from './open-any.ts'
import { createNodeFileSource } from '../src/protocol/send.node.ts'
import { mediaTypeOf } from './media-type.ts'
import type { OfferDesk } from './offer-desk.ts'

/** One command as it came in. */
export interface Command {
  readonly id: string | number | undefined
  readonly cmd: string
  /** A field that has to be a text. Throws P2pError OPTION_INVALID where it is not there or is none. */
  text(field: string): string
  /** A field that may be left out. */
  optionalText(field: string): string | undefined
}

/** Reads one line. Throws P2pError FRAME_INVALID where it is not a JSON object with "cmd". */
export function parseCommand(line: string): Command {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw new P2pError('FRAME_INVALID', `The line is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new P2pError('FRAME_INVALID', 'The line is JSON, but not an object like {"id":1,"cmd":"status"}.')
  const fields = new Map(Object.entries(value))
  const cmd: unknown = fields.get('cmd')
  const id = idOf(fields.get('id'))
  if (typeof cmd !== 'string') throw new CommandError(id, new P2pError('OPTION_INVALID', '"cmd" is missing. Known: status, dial, say, send, accept, decline, open, stop.'))
  const optionalText = (field: string): string | undefined => {
    const text: unknown = fields.get(field)
    if (text === undefined || typeof text === 'string') return text
    throw new P2pError('OPTION_INVALID', `"${field}" of ${cmd} has to be a text.`)
  }
  return {
    id, cmd, optionalText,
    text(field) {
      const text = optionalText(field)
      if (text === undefined || text === '') throw new P2pError('OPTION_INVALID', `${cmd} needs "${field}", a text.`)
      return text
    }
  }
}

/** An error of a line whose id could be read all the same, so that the answer can be told apart. */
export class CommandError extends Error {
  readonly id: string | number | undefined
  readonly problem: P2pError

  constructor(id: string | number | undefined, problem: P2pError) {
    super(problem.message)
    this.id = id
    this.problem = problem
  }
}

function idOf(value: unknown): string | number | undefined {
  return typeof value === 'string' || typeof value === 'number' ? value : undefined
}

/** What commands work on. */
export interface CommandContext {
  readonly peer: Peer
  readonly offers: OfferDesk
}

/** Carries out a command (all but `stop`), and returns the fields of its answer. */
export async function runCommand(command: Command, { peer, offers }: CommandContext): Promise<Record<string, unknown>> {
  switch (command.cmd) {
    case 'status': return describe(peer)
    case 'dial': {
      const info = await peer.connect(command.text('addr'))
      return { peerId: info.id.toString(), path: info.path }
    }
    case 'say': {
      const { sentTo, id } = await peer.general.say({ text: command.text('text') })
      return { sentTo, messageId: id }
    }
    case 'send': return send(peer, parsePeerId(command.text('peer')), command.text('file'))
    case 'accept': return offers.accept(command.optionalText('offer'))
    case 'decline': return offers.decline(command.text('offer'))
    case 'open': return { protocol: await openAny(peer, parsePeerId(command.text('peer')), command.text('protocol')) }
    default: throw new P2pError('OPTION_INVALID', `"${command.cmd}" is not a command. Known: status, dial, say, send, accept, decline, open, stop.`)
  }
}

async function send(peer: Peer, to: PeerId, path: string): Promise<Record<string, unknown>> {
  const source = await createNodeFileSource(path, mediaTypeOf(path))
  const startMs = performance.now()
  const done = await peer.files.send(to, source)
  return {
    sha256: done.sha256, bytes: done.totalBytes, ms: Math.round(performance.now() - startMs),
    path: peer.peers.find((info) => info.id.equals(to))?.path
  }
}

/** The status of the contract: `{peerId, state, reachability, multiaddrs, relays, peers}`, and where things are kept. */
export function describe(peer: Peer): Record<string, unknown> {
  const { state, reachability, relays, lastError, identity, storage } = peer.status
  return {
    peerId: peer.id.toString(), state, reachability, multiaddrs: peer.multiaddrs.map(String), relays, lastError, identity, storage,
    peers: peer.peers.map(describePeer)
  }
}

/** One peer as JSON. */
export function describePeer(info: Peer['peers'][number]): Record<string, unknown> {
  return { ...info, id: info.id.toString(), rttMs: info.rttMs ?? null, relay: info.relay ?? null }
}
