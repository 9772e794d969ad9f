import type { FlowState } from '@gloflow/authz'
import { chainOf, createVerifier, encodeBundle, grantMember, removePerson, setPublic } from '@gloflow/authz'
import { createNodeCrypto, createScene, seedOf } from '@gloflow/authz/testing'
import type { Scene } from '@gloflow/authz/testing'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { Libp2p } from '@libp2p/interface'
import { afterEach, describe, expect, it } from 'vitest'
import { createFlowAccess } from '../../src/access/flow-access.ts'
import type { FlowAccess } from '../../src/access/flow-access.ts'
import { openAccess } from '../../src/access/open-access.ts'
import { defineProtocol } from '../../src/protocol/define-protocol.ts'
import type { Denial } from '../../src/protocol/denials.ts'
import { encodeVarint } from '../../src/protocol/framing.ts'
import { jsonObjectCodec } from '../../src/protocol/json-codec.ts'
import type { JsonObject } from '../../src/protocol/json-codec.ts'
import type { AccessPolicy, Protocol } from '../../src/protocol/protocol.ts'
import { createProtocolRegistry } from '../../src/protocol/registry.ts'
import type { ProtocolRegistry } from '../../src/protocol/registry.ts'
import { AUTH_PROTOCOL } from '../../src/protocols.ts'
import { connect, startNode, until } from '../protocol/nodes.ts'

const crypto = createNodeCrypto()
const stops: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop()
})

interface Device {
  readonly node: Libp2p
  readonly registry: ProtocolRegistry
  readonly access: FlowAccess
  readonly denials: Denial[]
  readonly verified: { count: number }
  state: FlowState
  /** Proofs by flow that it presents. */
  readonly proofs: Map<string, Uint8Array>
}

const reading: Protocol<JsonObject> = defineProtocol({ id: '/test/read/1.0.0', codec: jsonObjectCodec, operation: 'flow_get' })
const adding: Protocol<JsonObject> = defineProtocol({ id: '/test/add/1.0.0', codec: jsonObjectCodec, operation: 'flow_add_img' })
const talking: Protocol<JsonObject> = defineProtocol({ id: '/test/talk/1.0.0', codec: jsonObjectCodec })

/** A device of the scene as a peer: its libp2p key is its key in the flow. */
async function device(scene: Scene, name: string, presence: AccessPolicy = openAccess()): Promise<Device> {
  const node = await startNode({ privateKey: await generateKeyPairFromSeed('Ed25519', seedOf(name)) })
  const { did } = await scene.actor(name)
  const proofs = new Map<string, Uint8Array>()
  const verified = { count: 0 }
  const verifier = createVerifier({
    async verify(...args) {
      verified.count += 1
      return crypto.verify(...args)
    }
  })
  const one: { state: FlowState } = { state: await scene.state(name) }
  const access = createFlowAccess({
    presence, verifier,
    viewOf: flow => (flow === scene.flow ? one.state : undefined),
    async proofOf(flow) {
      const chain = chainOf(one.state, did)
      return proofs.get(flow) ?? (flow === scene.flow && chain !== undefined ? encodeBundle(chain) : undefined)
    },
    nowS: () => Math.floor(Date.now() / 1000)
  })
  const denials: Denial[] = []
  const registry = createProtocolRegistry({ libp2p: node, access, beforeOpen: access.beforeOpen, onDenied: denial => denials.push(denial) })
  await access.serve(registry)
  stops.push(async () => {
    await access.stop()
    await registry.stop()
    await node.stop()
  })
  return Object.assign(one, { node, registry, access, denials, verified, proofs })
}

async function serveEcho(registry: ProtocolRegistry, seen: string[] = []): Promise<void> {
  for (const protocol of [reading, adding, talking]) {
    await registry.handle(protocol, async stream => {
      seen.push(`${protocol.id} ${stream.resources.join()}`)
      for await (const message of stream) await stream.send(message)
    })
  }
}

/** An owner who serves a flow, and a viewer, connected. */
async function ownerAndViewer(): Promise<{ scene: Scene; owner: Device; viewer: Device; seen: string[] }> {
  const scene = await createScene(crypto)
  const { card } = await scene.actor('viewer')
  await scene.write('owner', author => grantMember(author, card, 'viewer'))
  await scene.meet()
  const [owner, viewer] = [await device(scene, 'owner'), await device(scene, 'viewer')]
  const seen: string[] = []
  await serveEcho(owner.registry, seen)
  await connect(viewer.node, owner.node)
  return { scene, owner, viewer, seen }
}

async function echo(from: Device, to: Device, protocol: Protocol<JsonObject>, resources: readonly string[]): Promise<JsonObject | undefined> {
  const stream = await from.registry.open(to.node.peerId, protocol, { resources })
  await stream.send({ hello: 1 })
  for await (const message of stream) {
    await stream.close()
    return message
  }
  return undefined
}

describe('the gates of a flow', () => {
  it('[AC1] a member does what its role allows, and is told why where it does not; the handler is called only then', async () => {
    const { scene, owner, viewer, seen } = await ownerAndViewer()
    expect(await echo(viewer, owner, reading, [scene.flow])).toEqual({ hello: 1 })
    await expect(echo(viewer, owner, adding, [scene.flow])).rejects.toMatchObject({ code: 'ACCESS_DENIED', message: expect.stringContaining('ROLE_TOO_LOW') as string })
    expect(seen).toEqual([`/test/read/1.0.0 ${scene.flow}`])
    expect(owner.denials).toMatchObject([{ protocol: '/test/add/1.0.0', code: 'ROLE_TOO_LOW' }])
    expect(owner.registry.denials).toEqual({ ROLE_TOO_LOW: 1 })
  })

  it('[AC2] no flow, a flow that is not here, and one of two without a proof are refused; what needs no operation is not asked', async () => {
    const { scene, owner, viewer } = await ownerAndViewer()
    for (const [resources, code] of [[[], 'NO_RESOURCE'], [['0'.repeat(64)], 'NO_PROOF'], [[scene.flow, 'f'.repeat(64)], 'NO_PROOF']] as const) {
      await expect(echo(viewer, owner, reading, resources)).rejects.toMatchObject({ code: 'ACCESS_DENIED', message: expect.stringContaining(code) as string })
    }
    const stranger = await device(await createScene(crypto), 'stranger')
    await connect(stranger.node, owner.node)
    await expect(echo(stranger, owner, reading, [scene.flow])).rejects.toMatchObject({ code: 'ACCESS_DENIED', message: expect.stringContaining('NO_PROOF') as string })
    expect(await echo(stranger, owner, talking, [])).toEqual({ hello: 1 })
  })

  it('[AC2] a public flow is read without a proof, and nothing more', async () => {
    const { scene, owner } = await ownerAndViewer()
    const stranger = await device(await createScene(crypto), 'stranger')
    await connect(stranger.node, owner.node)
    await scene.write('owner', author => setPublic(author, new Uint8Array(32).fill(7)))
    owner.state = await scene.state('owner')
    expect(await echo(stranger, owner, reading, [scene.flow])).toEqual({ hello: 1 })
    await expect(echo(stranger, owner, adding, [scene.flow])).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
  })

  it('[AC3] a chain that was stolen proves nothing on another connection', async () => {
    const { scene, owner, viewer } = await ownerAndViewer()
    const thief = await device(await createScene(crypto), 'thief')
    const chain = chainOf(viewer.state, (await scene.actor('viewer')).did)
    thief.proofs.set(scene.flow, encodeBundle(chain ?? []))
    await connect(thief.node, owner.node)
    await expect(echo(thief, owner, reading, [scene.flow])).rejects.toMatchObject({ code: 'ACCESS_DENIED', message: expect.stringContaining('WRONG_AUDIENCE') as string })
    expect(owner.registry.denials).toEqual({})
  })

  it('[AC4] proofs are presented once a connection, and again on the next', async () => {
    const { scene, owner, viewer } = await ownerAndViewer()
    await Promise.all(Array.from({ length: 10 }, () => echo(viewer, owner, reading, [scene.flow])))
    const once = owner.verified.count
    expect(once).toBeGreaterThan(0)
    await echo(viewer, owner, reading, [scene.flow])
    expect(owner.verified.count).toBe(once)
    await viewer.node.hangUp(owner.node.peerId)
    await connect(viewer.node, owner.node)
    await echo(viewer, owner, reading, [scene.flow])
    expect(owner.verified.count).toBe(2 * once)
  })

  it('[AC5] a revocation closes what it forbids within a second of arriving, and nothing else', async () => {
    const { scene, owner, viewer } = await ownerAndViewer()
    const stream = await viewer.registry.open(owner.node.peerId, reading, { resources: [scene.flow] })
    const talk = await viewer.registry.open(owner.node.peerId, talking)
    const replies = stream[Symbol.asyncIterator]()
    await stream.send({ n: 1 })
    expect(await replies.next()).toMatchObject({ value: { n: 1 } })
    await scene.write('owner', async author => removePerson(author, (await scene.actor('viewer')).did))
    const arrivedMs = performance.now()
    owner.state = await scene.state('owner')
    await owner.access.changed(scene.flow)
    await expect(replies.next()).rejects.toMatchObject({ code: 'STREAM_CLOSED' })
    expect(performance.now() - arrivedMs).toBeLessThan(1000)
    await talk.send({ still: 'here' })
    expect(await talk[Symbol.asyncIterator]().next()).toMatchObject({ value: { still: 'here' } })
    await expect(echo(viewer, owner, reading, [scene.flow])).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
    expect(owner.denials.length).toBeGreaterThan(0)
  })

  it('[AC6] who is not let in at all is not let in by a proof either', async () => {
    const scene = await createScene(crypto)
    const owner = await device(scene, 'owner', { decide: () => ({ allowed: false, code: 'NOT_ON_LIST', reason: 'not on the list' }) })
    const viewer = await device(scene, 'viewer')
    await serveEcho(owner.registry)
    await connect(viewer.node, owner.node)
    await expect(echo(viewer, owner, talking, [])).rejects.toMatchObject({ message: expect.stringContaining('NOT_ON_LIST') as string })
    await expect(echo(viewer, owner, reading, [scene.flow])).rejects.toMatchObject({ message: expect.stringContaining('NOT_ON_LIST') as string })
  })

  it('[AC7] proofs without end cost a bounded number of signature checks, and nonsense costs none', async () => {
    const { scene, owner, viewer } = await ownerAndViewer()
    const chain = chainOf(viewer.state, (await scene.actor('viewer')).did)
    const bundle = encodeBundle(chain ?? [])
    const raw = await viewer.node.getConnections(owner.node.peerId)[0]?.newStream([AUTH_PROTOCOL])
    const nonsense = Uint8Array.from({ length: 5000 }, (_, n) => n % 256)
    for (let n = 0; n < 40; n += 1) {
      for (const content of [nonsense, bundle]) {
        raw?.send(encodeVarint(content.byteLength + 1))
        raw?.send(Uint8Array.of(1, ...content))
      }
    }
    let answers = ''
    raw?.addEventListener('message', event => { answers += new TextDecoder().decode(event.data.subarray()) })
    await until(() => answers.split('{').length === 81)
    expect(answers.split('LIMIT_REACHED')).toHaveLength(17)
    expect(answers.split('CBOR').length).toBeGreaterThan(30)
    expect(owner.verified.count).toBeLessThanOrEqual(64)
    expect(owner.node.getConnections(viewer.node.peerId)[0]?.status).toBe('open')
  })

  it('[AC8] refusals without end are counted all and told a few', async () => {
    const { owner, viewer } = await ownerAndViewer()
    for (let n = 0; n < 60; n += 1) await echo(viewer, owner, reading, []).catch(() => undefined)
    expect(owner.registry.denials).toEqual({ NO_RESOURCE: 60 })
    expect(owner.denials.length).toBeGreaterThanOrEqual(10)
    expect(owner.denials.length).toBeLessThan(30)
  })

  it('[AC9] an opener who says it byte by byte gains no time', async () => {
    const { owner, viewer, seen } = await ownerAndViewer()
    const slow = defineProtocol<JsonObject>({ id: '/test/slow/1.0.0', codec: jsonObjectCodec, operation: 'flow_get', limits: { openTimeoutMs: 300 } })
    await owner.registry.handle(slow, async () => { seen.push('slow') })
    const raw = await viewer.node.getConnections(owner.node.peerId)[0]?.newStream([slow.id])
    raw?.send(encodeVarint(100))
    const started = performance.now()
    const timer = setInterval(() => { if (raw?.writeStatus === 'writable') raw.send(Uint8Array.of(0x20)) }, 50)
    await until(() => raw?.status === 'reset')
    clearInterval(timer)
    expect(performance.now() - started).toBeLessThan(2000)
    expect(seen).toEqual([])
  })

  it('[AC9] an opener who names what it is about in no known way, or too much, is refused before the handler', async () => {
    const { owner, viewer, seen } = await ownerAndViewer()
    const frames = ['[]', '{}', '{"resources":"x"}', '{"resources":[1]}', `{"resources":${JSON.stringify(Array.from({ length: 17 }, String))}}`, `{"resources":["${'x'.repeat(129)}"]}`, 'x'.repeat(5000)]
    for (const frame of frames) {
      const raw = await viewer.node.getConnections(owner.node.peerId)[0]?.newStream([reading.id])
      raw?.send(encodeVarint(frame.length))
      raw?.send(new TextEncoder().encode(frame))
      await until(() => raw?.status === 'reset')
    }
    expect(seen).toEqual([])
    expect(owner.registry.denials).toEqual({})
  })
})
