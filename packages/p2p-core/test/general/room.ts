import type { Libp2p, Stream } from '@libp2p/interface'
import { openAccess } from '../../src/access/open-access.ts'
import { createGeneralChannel } from '../../src/protocol/general-channel.ts'
import type { RunningGeneralChannel } from '../../src/protocol/general-channel.ts'
import type { GeneralMessage } from '../../src/protocol/general.ts'
import { createProtocolRegistry } from '../../src/protocol/registry.ts'
import type { ProtocolRegistry } from '../../src/protocol/registry.ts'
import { GENERAL_PROTOCOL } from '../../src/protocols.ts'
import { startNode } from '../protocol/nodes.ts'
import type { TestNodeOptions } from '../protocol/nodes.ts'

/** A peer with the general channel, and what it was shown. */
export interface Member {
  readonly node: Libp2p
  readonly registry: ProtocolRegistry
  readonly channel: RunningGeneralChannel
  readonly messages: GeneralMessage[]
  dropped: number
  stop(): Promise<void>
}

export interface MemberOptions extends TestNodeOptions {
  readonly bridge?: boolean
  readonly bridges?: readonly Libp2p[]
  readonly now?: () => number
}

export async function startMember(options: MemberOptions = {}): Promise<Member> {
  const node = await startNode({ ...options, userAgent: options.userAgent ?? 'gloflow-peers/0.1.0 node' })
  const registry = createProtocolRegistry({ libp2p: node, access: openAccess() })
  const channel = await createGeneralChannel({
    libp2p: node,
    registry,
    isBridge: peer => (options.bridges ?? []).some(bridge => bridge.peerId.equals(peer)),
    bridge: options.bridge ?? false,
    ...(options.now === undefined ? {} : { now: options.now })
  })
  const messages: GeneralMessage[] = []
  channel.events.on('message', message => messages.push(message))
  const member: Member = {
    node,
    registry,
    channel,
    messages,
    dropped: 0,
    async stop() {
      await channel.stop()
      await registry.stop()
      await node.stop()
    }
  }
  channel.events.on('dropped', ({ count }) => { member.dropped += count })
  return member
}

/** A program of GloFlow's kind: TLS alone, the general protocol alone, and raw bytes on its streams. */
export interface GoLike {
  readonly node: Libp2p
  readonly received: string[]
  /** How its streams ended; a real one ends its process then. */
  readonly ends: string[]
  /** Opens the stream, as GloFlow's peer does on discovery. */
  talk(to: Libp2p): Promise<Stream>
}

export async function startGoLike(options: TestNodeOptions = {}): Promise<GoLike> {
  const node = await startNode({ security: 'tls', userAgent: 'github.com/gloflow/gloflow/go/gf_p2p', ...options })
  const received: string[] = []
  const ends: string[] = []
  const read = (stream: Stream): void => {
    let text = ''
    stream.addEventListener('message', event => {
      text += new TextDecoder().decode(event.data.subarray())
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      received.push(...lines)
    })
    stream.addEventListener('remoteCloseWrite', () => { ends.push('half-closed') })
    stream.addEventListener('close', event => { ends.push(event.error === undefined ? 'closed' : 'reset') })
  }
  await node.handle(GENERAL_PROTOCOL, read)
  return {
    node,
    received,
    ends,
    async talk(to) {
      const [connection] = node.getConnections(to.peerId)
      if (connection === undefined) throw new TypeError('not connected')
      const stream = await connection.newStream([GENERAL_PROTOCOL])
      read(stream)
      return stream
    }
  }
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Waits until `from` can say something to `to`: identify has told that it has the channel. */
export async function knows(from: Libp2p, to: Libp2p): Promise<boolean> {
  return (await from.peerStore.get(to.peerId).catch(() => undefined))?.protocols.includes(GENERAL_PROTOCOL) === true
}
