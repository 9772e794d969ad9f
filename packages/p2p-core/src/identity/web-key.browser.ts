import { generateKeyPairFromSeed, publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey, Ed25519PublicKey, PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { createStore, get, update } from 'idb-keyval'
import { P2pError } from '../errors.ts'
import { createEphemeralIdentity } from './ephemeral.ts'
import type { Identity } from './identity.ts'

const SEED_BYTES = 32
const RECORD_KEY = 'identity'

/** What is kept in IndexedDB: a key that can be used but not read, or a seed where WebCrypto lacks Ed25519. */
type KeyRecord =
  | { readonly version: 1; readonly kind: 'sealed'; readonly publicKey: Uint8Array<ArrayBuffer>; readonly privateKey: CryptoKey }
  | { readonly version: 1; readonly kind: 'seed'; readonly seed: Uint8Array<ArrayBuffer> }

const NOT_SEALED = 'This browser has no Ed25519 in WebCrypto, so the key is kept as bytes that scripts of this origin can read.'

/**
 * Loads this origin's key, or makes it: a WebCrypto Ed25519 key that is not extractable. Where IndexedDB is refused, a key that ends with
 * the tab. Throws P2pError IDENTITY_CORRUPT where something is there that is not a key; it is left as it is.
 */
export async function loadBrowserIdentity(name: string): Promise<Identity> {
  let record: unknown
  const fresh = await createRecord()
  try {
    const store = createStore(`${name}-identity`, 'keys')
    // one transaction: of two tabs that start at once, one makes the key and the other gets it
    await update(RECORD_KEY, (existing: unknown) => existing ?? fresh, store)
    record = await get(RECORD_KEY, store)
  } catch (error) {
    return createEphemeralIdentity(`This browser refuses storage (${error instanceof Error ? error.message : String(error)}): the identity ends with this tab.`)
  }
  return identityOf(record)
}

async function createRecord(): Promise<KeyRecord> {
  try {
    const pair = await crypto.subtle.generateKey({ name: 'Ed25519' }, false, ['sign', 'verify'])
    if (!('privateKey' in pair)) throw new P2pError('IDENTITY_UNSUPPORTED', 'WebCrypto made no key pair for Ed25519.')
    const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))
    return { version: 1, kind: 'sealed', publicKey, privateKey: pair.privateKey }
  } catch {
    return { version: 1, kind: 'seed', seed: crypto.getRandomValues(new Uint8Array(SEED_BYTES)) }
  }
}

async function identityOf(record: unknown): Promise<Identity> {
  if (!isKeyRecord(record)) {
    throw new P2pError('IDENTITY_CORRUPT', 'What this browser kept as the identity is not a key. It was left as it is; clearing the site data starts with a new identity.')
  }
  const privateKey = record.kind === 'sealed' ? sealedKey(record.publicKey, record.privateKey) : await generateKeyPairFromSeed('Ed25519', record.seed)
  await selfTest(privateKey)
  const sealed = record.kind === 'sealed'
  return { peerId: peerIdFromPrivateKey(privateKey), privateKey, storage: 'indexeddb', sealed, reason: sealed ? undefined : NOT_SEALED }
}

function isKeyRecord(record: unknown): record is KeyRecord {
  if (typeof record !== 'object' || record === null || !('version' in record) || record.version !== 1 || !('kind' in record)) return false
  if (record.kind === 'seed') return 'seed' in record && record.seed instanceof Uint8Array && record.seed.length === SEED_BYTES
  return record.kind === 'sealed' && 'publicKey' in record && record.publicKey instanceof Uint8Array && record.publicKey.length === SEED_BYTES &&
    'privateKey' in record && record.privateKey instanceof CryptoKey && !record.privateKey.extractable && record.privateKey.algorithm.name === 'Ed25519'
}

async function selfTest(privateKey: PrivateKey): Promise<void> {
  const probe = new TextEncoder().encode('gloflow identity self-test')
  if (!await privateKey.publicKey.verify(probe, await privateKey.sign(probe))) {
    throw new P2pError('IDENTITY_CORRUPT', 'The two halves of the key that this browser kept do not belong together. It was left as it is; clearing the site data starts with a new identity.')
  }
}

/** libp2p's private key over one that WebCrypto does not give out. There are no raw bytes: asking for them is an error. */
function sealedKey(publicKeyBytes: Uint8Array<ArrayBuffer>, key: CryptoKey): Ed25519PrivateKey {
  const publicKey: Ed25519PublicKey = asEd25519(publicKeyFromRaw(publicKeyBytes))
  return {
    type: 'Ed25519',
    publicKey,
    get raw(): Uint8Array {
      throw new P2pError('IDENTITY_UNSUPPORTED', 'This key is sealed in the browser: it signs, but its bytes cannot be read or exported.')
    },
    equals: (other: unknown) => typeof other === 'object' && other !== null && 'publicKey' in other && publicKey.equals(other.publicKey),
    async sign(message, options) {
      options?.signal?.throwIfAborted()
      const signature = await crypto.subtle.sign({ name: 'Ed25519' }, key, new Uint8Array(message.subarray()))
      options?.signal?.throwIfAborted()
      return new Uint8Array(signature)
    }
  }
}

function asEd25519(key: ReturnType<typeof publicKeyFromRaw>): Ed25519PublicKey {
  if (key.type !== 'Ed25519') throw new P2pError('IDENTITY_CORRUPT', `The public half of the key that this browser kept is of type ${key.type}, not Ed25519.`)
  return key
}
