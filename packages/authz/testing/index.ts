export { createDeterministicCrypto, createDeterministicRandom, seedOf, signerOf } from './deterministic.ts'
export { createNodeCrypto } from './node-crypto.ts'
