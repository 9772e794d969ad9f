import { AuthzError, type Card, createCard, createVerifyBudget, parseBundle, parseCard, type Role, roleOf, verifyBundle } from '@gloflow/authz'
import { type Peer, type ProtocolStream } from '@gloflow/p2p-core'
import type { PeerId } from '@libp2p/interface'
import { didOfPeer } from './device.ts'
import { FlowsError } from './errors.ts'
import { flowHelloProtocol, type HelloMessage } from './hello-wire.ts'
import type { Device } from './replica.ts'

/** A flow that somebody let this device into, before a person took it. */
export interface FlowOffer {
  readonly flow: string
  readonly from: PeerId
  readonly role: Role
  /** The chain that proves it. */
  readonly proof: Uint8Array
}

/** What happens between two devices before one is a member. */
export interface Hello {
  /** The key card of a person who is here. Throws FlowsError PEER_UNSUITABLE, P2pError. */
  cardOf(peer: PeerId): Promise<Card>
  /** Gives somebody the proof that it is a member. False where it did not take it. */
  offer(peer: PeerId, proof: Uint8Array): Promise<boolean>
  stop(): Promise<void>
}

export interface HelloInit {
  readonly peer: Pick<Peer, 'handle' | 'open'>
  readonly device: Device
  /** Takes a verified offer, or says false. */
  readonly onOffer: (offer: FlowOffer) => Promise<boolean>
}

/** Serves and uses `/gf/flow-hello/1.0.0`. */
export async function createHello({ peer, device, onOffer }: HelloInit): Promise<Hello> {
  const { signer, hpke, verifier } = device
  const card = await createCard(signer, hpke.publicKey)
  /** Offers come from strangers: one budget for all of them. */
  const budget = createVerifyBudget(device.nowS())

  async function take(bytes: Uint8Array, from: PeerId): Promise<boolean> {
    const parsed = parseBundle(bytes)
    // judged before a signature is checked: who offers stands in the chain, and the chain ends here
    const sender = didOfPeer(from)
    if (parsed.last.aud !== signer.did || !parsed.links.some(({ iss, aud }) => iss === sender || aud === sender)) return false
    budget.refill(device.nowS())
    const { flow, level } = await verifyBundle(parsed, verifier, budget)
    return onOffer({ flow, from, role: roleOf(level), proof: bytes })
  }

  const unhandle = await peer.handle(flowHelloProtocol, async (stream) => {
    for await (const message of stream) {
      if (message.type === 'ask') await stream.send({ type: 'card', bytes: card.bytes })
      else if (message.type === 'offer') await stream.send({ type: await take(message.bytes, stream.peer).catch(ifInvalid) ? 'taken' : 'refused' })
      else throw new FlowsError('FRAME_INVALID', 'The other side answered where it was to ask; the stream was closed')
    }
  })

  async function ask(to: PeerId, message: HelloMessage): Promise<HelloMessage | undefined> {
    await using stream: ProtocolStream<HelloMessage> = await peer.open(to, flowHelloProtocol)
    await stream.send(message)
    for await (const answer of stream) return answer
    return undefined
  }

  return {
    async cardOf(to) {
      const answer = await ask(to, { type: 'ask' })
      if (answer?.type !== 'card') throw unsuitable(to, 'it did not give its key card')
      const theirs = parseCard(answer.bytes)
      if (theirs.iss !== didOfPeer(to) || theirs.by !== undefined) throw unsuitable(to, 'its key card is of another device')
      await verifier.check(theirs)
      return theirs
    },
    async offer(to, proof) {
      return (await ask(to, { type: 'offer', bytes: proof }))?.type === 'taken'
    },
    stop: unhandle
  }
}

/** A bundle that does not hold is refused; anything else is a fault of ours. */
function ifInvalid(error: unknown): boolean {
  if (error instanceof AuthzError) return false
  throw error
}

function unsuitable(peer: PeerId, why: string): FlowsError {
  return new FlowsError('PEER_UNSUITABLE', `${peer.toString()} cannot be added: ${why}. It needs a current version of this program`)
}
