import { addContent, applyOperations, createSigner, openEpochs, type Operation, splitOperations, type VerifiedOperation, verifyOperation } from '@gloflow/authz'
import { until } from '@gloflow/p2p-core/testing'
import { Key } from 'interface-datastore'
import { sealText } from '../src/flow-text.ts'
import { flowSyncProtocol } from '../src/sync-wire.ts'
import { crypto, type Person } from './people.ts'

/** The verified operations that a person has of a flow. */
async function operationsOf(person: Person, flow: string): Promise<readonly VerifiedOperation[]> {
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

/** Sends one operation in a hand-made frame, on a stream opened with this person's own proof; resolves when the other one has told that it is refused. */
export async function sendUntilRefused(from: Person, to: Person, flow: string, operation: Operation): Promise<void> {
  await using stream = await from.peer.open(to.peer.id, flowSyncProtocol, { resources: [flow] })
  await stream.send({ type: 'heads', tips: [] })
  await stream.send({ type: 'operations', operations: [operation.bytes] })
  await until(() => to.told.refused.length > 0)
}

/** What somebody who was never let in signs on top of a flow that it got hold of. */
export async function strangerTag(stranger: Person, member: Person, flow: string): Promise<Operation> {
  const state = applyOperations({ flow, operations: await operationsOf(member, flow) })
  return addContent({ signer: await createSigner(crypto, stranger.seed), crypto, state }, 'tag', state.writeEpoch?.id ?? '', new Uint8Array(40))
}
