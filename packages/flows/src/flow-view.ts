import { type Did, type FlowState, type Operation, type Role, stateHash, type VerifiedOperation } from '@gloflow/authz'
import type { FlowText } from './flow-text.ts'

/** A person in a flow. */
export interface FlowMember {
  /** The DID of the device that the person came in with. */
  readonly person: Did
  readonly role: Role
  readonly devices: readonly Did[]
  readonly isSelf: boolean
}

/** A flow as it is shown: plain data, made anew at each change. */
export interface FlowView {
  readonly flow: string
  /** Undefined until the first name was decrypted. */
  readonly name: string | undefined
  readonly tags: readonly string[]
  readonly members: readonly FlowMember[]
  /** What this device may do; undefined where it is no member, as far as it knows. */
  readonly role: Role | undefined
  /** Equal on every device that has the same operations. */
  readonly stateHash: string
  readonly operations: number
  /** Content that counts, and that this device has no key for. */
  readonly unreadable: number
  /** Content that a removal set aside; an editor can adopt it. */
  readonly quarantined: number
  readonly voidOperations: number
  /** True where this device's storage lost operations that it signed; it writes nothing until a member brings them back. */
  readonly damaged: boolean
}

/** What a view is made of. */
interface ViewInit {
  readonly self: Did
  readonly state: FlowState
  readonly operations: readonly VerifiedOperation[]
  readonly read: (operation: Operation) => Promise<FlowText | undefined>
  readonly damaged: boolean
}

/** Decrypts what counts, in the order that all devices share; of two texts about one thing the later counts. */
export async function viewOf({ self, state, operations, read, damaged }: ViewInit): Promise<FlowView> {
  const byId = new Map(operations.map((operation) => [operation.id, operation]))
  const tags = new Set<string>()
  let name: string | undefined
  let unreadable = 0
  for (const id of state.content.keys()) {
    const operation = byId.get(id)
    const text = operation === undefined ? undefined : await read(operation)
    if (text === undefined) unreadable += 1
    else if (text.t === 'name') name = operation?.act.t === 'content' && operation.act.need === 'flow' ? text.name : name
    else if (text.on) tags.add(text.tag)
    else tags.delete(text.tag)
  }
  const members = [...state.members.values()].map(({ person, role, devices }) => ({ person, role, devices: [...devices.keys()], isSelf: devices.has(self) }))
  return {
    flow: state.flow,
    name,
    tags: [...tags].sort(),
    members,
    role: members.find(({ isSelf }) => isSelf)?.role,
    stateHash: stateHash(state),
    operations: operations.length,
    unreadable,
    quarantined: state.quarantine.size,
    voidOperations: state.voidOperations.size,
    damaged
  }
}
