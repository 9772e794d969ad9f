import { chainOf, createVerifier, encodeBundle, grantMember, removePerson } from '@gloflow/authz'
import type { FlowState } from '@gloflow/authz'
import { createNodeCrypto, createScene, seedOf } from '@gloflow/authz/testing'
import type { Scene } from '@gloflow/authz/testing'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { describe, expect, it } from 'vitest'
import { createFlowAccess, createPeer, defineProtocol, openAccess } from '../../src/index.ts'
import type { FlowAccess, Peer } from '../../src/index.ts'
import { jsonObjectCodec } from '../../src/protocol/json-codec.ts'

const reading = defineProtocol({ id: '/test/read/1.0.0', codec: jsonObjectCodec, operation: 'flow_get' })
const crypto = createNodeCrypto()

interface Member {
  readonly peer: Peer
  readonly access: FlowAccess
  state: FlowState
}

async function start(scene: Scene, name: string, listen: string[]): Promise<Member> {
  const { did } = await scene.actor(name)
  const now: { state: FlowState } = { state: await scene.state(name) }
  const access = createFlowAccess({
    presence: openAccess(),
    verifier: createVerifier(crypto),
    viewOf: flow => (flow === scene.flow ? now.state : undefined),
    async proofOf() {
      const chain = chainOf(now.state, did)
      return chain === undefined ? undefined : encodeBundle(chain)
    },
    nowS: () => Math.floor(Date.now() / 1000)
  })
  const peer = await createPeer({ access, webrtc: false, listen, privateKey: await generateKeyPairFromSeed('Ed25519', seedOf(name)) })
  return Object.assign(now, { peer, access })
}

describe('a peer with the gates of a flow', () => {
  it('[AC1] [AC5] lets a member in by its proof, and throws it out when it is removed', async () => {
    const scene = await createScene(crypto)
    const { card, did } = await scene.actor('viewer')
    await scene.write('owner', author => grantMember(author, card, 'viewer'))
    await scene.meet()
    const owner = await start(scene, 'owner', ['/ip4/127.0.0.1/tcp/0'])
    const viewer = await start(scene, 'viewer', [])
    await using ownerPeer = owner.peer
    await using viewerPeer = viewer.peer
    await ownerPeer.handle(reading, async stream => {
      for await (const message of stream) await stream.send({ ...message, flows: [...stream.resources] })
    })
    await viewerPeer.connect(ownerPeer.multiaddrs[0]?.toString() ?? '')
    const stream = await viewerPeer.open(ownerPeer.id, reading, { resources: [scene.flow] })
    const replies = stream[Symbol.asyncIterator]()
    await stream.send({ n: 1 })
    expect(await replies.next()).toMatchObject({ value: { n: 1, flows: [scene.flow] } })
    const { promise: denied, resolve } = Promise.withResolvers<unknown>()
    ownerPeer.events.on('protocol:denied', resolve)
    await scene.write('owner', author => removePerson(author, did))
    owner.state = await scene.state('owner')
    await owner.access.changed(scene.flow)
    await expect(replies.next()).rejects.toMatchObject({ code: 'STREAM_CLOSED' })
    expect(await denied).toMatchObject({ protocol: '/test/read/1.0.0', id: viewerPeer.id })
    await expect(viewerPeer.open(ownerPeer.id, reading, { resources: [scene.flow] })).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
  })
})
