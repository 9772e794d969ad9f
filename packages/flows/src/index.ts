// The public names of this package. Withheld on purpose: replicas, sessions and the store, which createFlows puts together.
export { createFlows, type Flows, type FlowsEventMap, type FlowsInit, type MemberRole, type RefusedOperation } from './flows.ts'
export { createFlowGate, type FlowGate, type FlowGateInit, type FlowSource } from './flow-gate.ts'
export { FlowsError, type FlowsErrorCode, type FlowsErrorInit } from './errors.ts'
export type { FlowMember, FlowView } from './flow-view.ts'
export type { FlowOffer } from './hello.ts'
export type { SyncDenied } from './sync-supervisor.ts'
export { didOfPeer } from './device.ts'
