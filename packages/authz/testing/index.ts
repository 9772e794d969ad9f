export { createDeterministicCrypto, createDeterministicRandom, seedOf, signerOf } from './deterministic.ts'
export { createNodeCrypto } from './node-crypto.ts'
export { type Actor, createScene, createUnsignedCrypto, type Scene } from './scene.ts'
export { judgeVector, parseVector, summaryOfState, type VectorCase, type Verdict } from './vector.ts'
