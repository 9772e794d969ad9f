import { concatBytes, sha256, utf8 } from '../src/bytes.ts'
import { createSigner, type CryptoPort, type Signer } from '../src/crypto.ts'
import { createNodeCrypto } from './node-crypto.ts'

/** Bytes that look random and are the same at every run: SHA-256 of label and counter. For tests and vectors only. */
export function createDeterministicRandom(label: string): (bytes: number) => Uint8Array {
  let counter = 0
  return (bytes) => {
    const blocks: Uint8Array[] = []
    for (let have = 0; have < bytes; have += 32) blocks.push(sha256(utf8(`${label}/${counter++}`)))
    return concatBytes(...blocks).slice(0, bytes)
  }
}

/** Real cryptography with a deterministic source of randomness. */
export function createDeterministicCrypto(label: string): CryptoPort {
  return createNodeCrypto({ random: createDeterministicRandom(label) })
}

/** The seed that a name stands for in tests and vectors. */
export function seedOf(name: string): Uint8Array {
  return sha256(utf8(`gloflow authz test key ${name}`))
}

/** The signer that a name stands for in tests and vectors. */
export function signerOf(crypto: CryptoPort, name: string): Promise<Signer> {
  return createSigner(crypto, seedOf(name))
}
