import { addContent, applyOperations, createSigner, openEpochs, type Operation, splitOperations, type VerifiedOperation, verifyOperation } from '@gloflow/authz'
import type { ProtocolStream } from '@gloflow/p2p-core'
import { Key } from 'interface-datastore'
import { sealText } from '../src/flow-text.ts'
import { flowSyncProtocol, type SyncMessage } from '../src/sync-wire.ts'
import { crypto, type Person } from './people.ts'

/** The verified operations that a person has of a flow. */
export async function operationsOf(person: Person, flow: string): Promise<readonly VerifiedOperation[]> {
  return Promise.all(splitOperations(person.flows.exported(flow).operations).map((bytes) => verifyOperation(bytes, flow, person.gate.verifier)))
}

/** A tag that a person signs past its own program, which would refuse it. */
export async function forgeTag(person: Person, flow: string, tag: string): Promise<Operation> {
  const operations = await operationsOf(person, flow)
  const state = applyOperations({ flow, operations })
  const signer = await createSigner(crypto, person.seed)
  const deviceSeed = await person.store.get(new Key('/gf/flows/1/device'))
  const keys = await openEpochs(crypto, flow, operations, signer.did, await crypto.hpke.deriveKeyPair(deviceSeed))
  const epoch = state.writeEpoch?.id ?? ''
  const key = keys.get(epoch) ?? new Uint8Array(32)
  return addContent({ signer, crypto, state }, 'tag', epoch, await sealText(crypto, { flow, epoch, author: signer.did }, key, { t: 'tag', tag, on: true }))
}

/** What somebody who was never let in signs on top of a flow that it got hold of. */
export async function strangerTag(stranger: Person, member: Person, flow: string): Promise<Operation> {
  const state = applyOperations({ flow, operations: await operationsOf(member, flow) })
  return addContent({ signer: await createSigner(crypto, stranger.seed), crypto, state }, 'tag', state.writeEpoch?.id ?? '', new Uint8Array(40))
}

/** Takes a person's own program off the flow, and opens a stream of flow-sync with its proof, to be used by hand. */
export async function byHand(from: Person, to: Person, flow: string): Promise<ProtocolStream<SyncMessage>> {
  const { proof } = from.flows.exported(flow)
  await from.flows.stop()
  from.gate.bind({ viewOf: () => undefined, proofOf: async () => proof })
  return from.peer.open(to.peer.id, flowSyncProtocol, { resources: [flow] })
}

/** Reads until a frame of this type, that frame included. */
export async function readTo(stream: ProtocolStream<SyncMessage>, type: SyncMessage['type']): Promise<SyncMessage[]> {
  const frames: SyncMessage[] = []
  for await (const frame of stream) {
    frames.push(frame)
    if (frame.type === type) break
  }
  return frames
}
