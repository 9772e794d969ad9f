import { createDeterministicCrypto, createScene, type Scene } from '../testing/index.ts'
import { type Author, authorize, chainOf, encodeBundle, type FlowState, grantMember, type Operation, removePerson, type Role, verifyBundle, type VerifiedOperation } from '../src/index.ts'
import { addContent } from '../src/index.ts'
import { rotateEpoch } from '../src/index.ts'

/** A flow of `owner` with people in it, all of whom know everything. */
export async function flowWith(people: Readonly<Record<string, Exclude<Role, 'owner'>>> = {}): Promise<Scene> {
  const scene = await createScene(createDeterministicCrypto('tests'))
  await rotate(scene, 'owner')
  for (const [name, role] of Object.entries(people)) await grant(scene, 'owner', name, role)
  await scene.meet()
  return scene
}

export async function grant(scene: Scene, by: string, name: string, role: Exclude<Role, 'owner'>): Promise<VerifiedOperation> {
  const { card } = await scene.actor(name)
  return scene.write(by, (author) => grantMember(author, card, role))
}

export async function remove(scene: Scene, by: string, name: string, options: Parameters<typeof removePerson>[2] = {}): Promise<VerifiedOperation> {
  const { did } = await scene.actor(name)
  return scene.write(by, (author) => removePerson(author, did, options))
}

/** Content under the first epoch: what it says does not matter here. */
export async function edit(scene: Scene, by: string, need: 'tag' | 'edit' | 'flow' = 'edit', knowing?: Iterable<VerifiedOperation>): Promise<VerifiedOperation> {
  return scene.write(by, (author) => addContent(author, need, firstEpoch(author.state), author.crypto.random(8)), knowing)
}

function firstEpoch(state: FlowState): string {
  return state.epochs[0]?.id ?? state.flow
}

export async function rotate(scene: Scene, by: string): Promise<VerifiedOperation> {
  return scene.write(by, async (author: Author): Promise<Operation> => (await rotateEpoch(author, new Map())).operation)
}

export async function roleOf(scene: Scene, at: string, name: string): Promise<Role | undefined> {
  const { did } = await scene.actor(name)
  const state = await scene.state(at)
  for (const member of state.members.values()) {
    const role = member.devices.get(did)
    if (role !== undefined) return role
  }
  return undefined
}

/** Whether an operation holds in what `at` knows: undefined where it does, else the code. */
export async function codeOf(scene: Scene, at: string, op: { readonly id: string }): Promise<string | undefined> {
  const state = await scene.state(at)
  return state.voidOperations.get(op.id) ?? state.refused.get(op.id)
}

/** What `at` answers to `name`, who presents the chain that `knows` (another state) gives it. */
export async function ask(scene: Scene, at: string, name: string, operation: string, knows: FlowState, now = 1_800_000_000): Promise<string> {
  const { did } = await scene.actor(name)
  const chain = chainOf(knows, did)
  const bundle = chain === undefined ? undefined : await verifyBundle(encodeBundle(chain), scene.verifier)
  const decision = authorize({ flows: [scene.flow], operation, remote: did }, bundle, await scene.state(at), now)
  return decision.allowed ? 'allowed' : decision.code
}
