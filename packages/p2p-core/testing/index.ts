// For tests of this and other packages: a relay on loopback, and waiting for a condition. Not for programs.
export { startTestRelay, type TestRelay, type TestRelayOptions } from './test-relay.ts'
export { until } from './until.ts'
