import type { Libp2p, PeerId } from '@libp2p/interface'
import { P2pError } from '../errors.ts'
import { createEmitter } from '../events.ts'
import { GENERAL_MAX_LINE_BYTES, GENERAL_REPORT_INTERVAL_MS, GENERAL_ROLE_WAIT_MS } from '../limits.ts'
import type { Role } from '../peers/kind.ts'
import { GENERAL_PROTOCOL } from '../protocols.ts'
import { createGeneralBridge } from './general-bridge.ts'
import type { BridgeStats } from './general-bridge.ts'
import { createGeneralPeer } from './general-peer.ts'
import type { GeneralPeer } from './general-peer.ts'
import { createSeenMessages } from './general-seen.ts'
import { composeLine, createMessageId, generalProtocol, parseLine } from './general-wire.ts'
import type { Body, Line } from './general-wire.ts'
import type { GeneralChannel, GeneralEventMap } from './general.ts'
import { createPeerRoles } from './peer-roles.ts'
import type { ProtocolRegistry } from './registry.ts'

/** What the channel works with. */
export interface GeneralChannelInit {
  readonly libp2p: Libp2p
  readonly registry: ProtocolRegistry
  /** Whose word on the author of a message is taken: the relays that this peer is configured with. */
  readonly isBridge: (peer: PeerId) => boolean
  /** True: this peer forwards between Go peers that speak TLS alone, and own peers. Default: false. */
  readonly bridge?: boolean
  /** UNIX time in ms. */
  readonly now?: () => number
}

/** The running channel. */
export interface RunningGeneralChannel extends GeneralChannel {
  /** What this peer forwarded as a bridge, and what of it was dropped. */
  readonly bridgeStats: BridgeStats
  /** The Go peers that can be reached only through a bridge, as PeerIds: whoever sends should know that this hop is not end to end. */
  readonly bridgedPeers: readonly string[]
  stop(): Promise<void>
}

/** Starts the general channel on a node. Throws OPTION_INVALID where its protocol is served already. */
export async function createGeneralChannel(init: GeneralChannelInit): Promise<RunningGeneralChannel> {
  const { libp2p, registry, now = Date.now } = init
  const events = createEmitter<GeneralEventMap>()
  const roles = createPeerRoles(libp2p)
  const seen = createSeenMessages(now)
  const peers = new Map<string, { readonly id: PeerId; readonly line: GeneralPeer }>()
  /** By bridge: the Go peers that it says it can reach. */
  const bridged = new Map<string, readonly string[]>()
  const self = libp2p.peerId.toString()
  const lost = createLossReport(count => { events.emit('dropped', { count }) })
  const bridge = init.bridge === true ? createGeneralBridge({ libp2p, roles, sendTo, onDropped: lost.add }) : undefined

  function peerOf(id: PeerId): GeneralPeer {
    const key = id.toString()
    const known = peers.get(key)
    if (known !== undefined) return known.line
    const line = createGeneralPeer({
      peer: id,
      registry,
      onLine: (object, stream) => { onLine(id, parseLine(object), stream.connection.encryption) },
      onDropped: lost.add,
      keepsStreams: () => roles.of(id) === 'go' || roles.of(id) === undefined
    })
    peers.set(key, { id, line })
    return line
  }

  function sendTo(id: PeerId, body: Body, messageId: string | undefined, note?: Parameters<typeof composeLine>[2]): Promise<void> {
    return peerOf(id).send(composeLine(body, messageId, note))
  }

  function onLine(from: PeerId, line: Line, encryption: string | undefined): void {
    if (init.isBridge(from)) return onBridgeLine(from, line)
    switch (roles.of(from)) {
      case undefined: return onGoLine(from, line)
      case 'go':
        if (encryption === '/tls/1.0.0' && Object.keys(line.body).length > 0) bridge?.forwardFromGo(from, line.body)
        return onGoLine(from, line)
      case 'relay': return lost.add(1)
      default: return onPersonLine(from, line)
    }
  }

  function onBridgeLine(from: PeerId, { note, body }: Line): void {
    const via = from.toString()
    if (note?.here !== undefined) bridged.set(via, note.here.filter(peer => peer !== self))
    else if (note?.from === undefined || isKnownOtherwise(note.from)) lost.add(1)
    else showWithoutId(note.from, via, body)
  }

  // A bridge vouches for Go peers; about peers that speak for themselves its word counts nothing.
  function isKnownOtherwise(author: string): boolean {
    if (author === self) return true
    const direct = libp2p.getPeers().find(peer => peer.toString() === author)
    return direct !== undefined && roles.of(direct) !== 'go'
  }

  function onGoLine(from: PeerId, { body }: Line): void {
    showWithoutId(from.toString(), undefined, body)
  }

  function onPersonLine(from: PeerId, { id = createMessageId(), note, body }: Line): void {
    const author = from.toString()
    if (note?.to !== undefined) {
      if (bridge === undefined) lost.add(1)
      else if (seen.isNewId(author, id)) bridge.forwardToGo(from, note.to, body, id)
    } else if (Object.keys(body).length > 0 && seen.isNewId(author, id)) {
      events.emit('message', { from: author, via: undefined, id, body, receivedAtMs: now() })
    }
  }

  function showWithoutId(author: string, via: string | undefined, body: Body): void {
    if (Object.keys(body).length === 0 || !seen.isNewContent(author, JSON.stringify(body), via ?? author)) return
    events.emit('message', { from: author, via, id: createMessageId(), body, receivedAtMs: now() })
  }

  /** Who is here and can be spoken to: relays are nobody. */
  function present(): PeerId[] {
    const isPerson = (role: Role | undefined): boolean => role === 'browser' || role === 'node' || role === 'go'
    return libp2p.getPeers().filter(peer => isPerson(roles.of(peer)) && !init.isBridge(peer) && roles.supports(peer, GENERAL_PROTOCOL))
  }

  /** By bridge: the Go peers for whom a message has to take that way, each by one bridge. */
  function detours(): Map<PeerId, string[]> {
    const reached = new Set(libp2p.getPeers().map(peer => peer.toString()))
    const ways = new Map<PeerId, string[]>()
    for (const bridgeId of libp2p.getPeers()) {
      const here = (bridged.get(bridgeId.toString()) ?? []).filter(peer => !reached.has(peer))
      for (const peer of here) reached.add(peer)
      if (here.length > 0) ways.set(bridgeId, here)
    }
    return ways
  }

  async function say(body: Body): Promise<{ readonly sentTo: number; readonly id: string }> {
    const id = createMessageId()
    const bytes = generalProtocol.codec.encode(composeLine(body, id, { to: [...detours().values()].flat() })).byteLength
    if (bytes > GENERAL_MAX_LINE_BYTES) {
      throw new P2pError('FRAME_TOO_LARGE', `A message of ${bytes} bytes is over the limit of ${GENERAL_MAX_LINE_BYTES}; send it as a file`)
    }
    const direct = present().map(peer => sendTo(peer, body, id).then(() => 1))
    const indirect = [...detours()].map(([via, to]) => sendTo(via, body, id, { to }).then(() => to.length))
    const outcomes = await Promise.allSettled([...direct, ...indirect])
    const sentTo = outcomes.reduce((sum, outcome) => sum + (outcome.status === 'fulfilled' ? outcome.value : 0), 0)
    return { sentTo, id }
  }

  const onDisconnect = ({ detail }: CustomEvent<PeerId>): void => {
    peers.delete(detail.toString())
    bridged.delete(detail.toString())
  }
  libp2p.addEventListener('peer:disconnect', onDisconnect)
  const unhandle = await registry.handle(generalProtocol, async stream => {
    await roles.whenKnown(stream.peer, GENERAL_ROLE_WAIT_MS)
    await peerOf(stream.peer).read(stream).finally(() => {
      // It may have gone before identify had answered.
      if (libp2p.getConnections(stream.peer).length === 0) peers.delete(stream.peer.toString())
    })
  })

  return {
    events,
    say,
    get bridgeStats() { return bridge?.stats ?? { messages: 0, dropped: 0 } },
    get bridgedPeers() { return [...detours().values()].flat() },
    async stop() {
      libp2p.removeEventListener('peer:disconnect', onDisconnect)
      bridge?.stop()
      lost.stop()
      roles.stop()
      await unhandle()
      peers.clear()
    }
  }
}

/** Collects losses and reports them at most once a second, so that a flood is no flood of events. */
function createLossReport(report: (count: number) => void): { add(count: number): void; stop(): void } {
  let count = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  return {
    add(more) {
      count += more
      timer ??= setTimeout(() => {
        timer = undefined
        const total = count
        count = 0
        report(total)
      }, GENERAL_REPORT_INTERVAL_MS)
    },
    stop() { clearTimeout(timer) }
  }
}
