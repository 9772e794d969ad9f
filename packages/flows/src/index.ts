export { FlowsError, type FlowsErrorCode, type FlowsErrorInit } from './errors.ts'
