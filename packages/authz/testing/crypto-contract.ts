import { createSigner, type CryptoPort, isSignatureBy } from '../src/index.ts'

/** One thing that every backend of the crypto port must do. */
export interface ContractCase {
  readonly name: string
  holds(crypto: CryptoPort): Promise<boolean>
}

const hex = (text: string): Uint8Array => Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i])
const fails = async (attempt: Promise<unknown>): Promise<boolean> => attempt.then(() => false, () => true)

/** RFC 8032, 7.1, test 2. */
const SEED = hex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb')
const KEY = hex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c')
const MESSAGE = hex('72')
const SIGNATURE = hex('92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00')

/** What a backend must do, run by whoever provides one; signature edge cases are in `vectors/` besides. Each says whether it holds. */
export const cryptoContract: readonly ContractCase[] = [
  { name: 'derives the public key of a seed', holds: async (crypto) => same(await crypto.publicKey(SEED), KEY) },
  { name: 'signs as RFC 8032 says', holds: async (crypto) => same(await crypto.sign(SEED, MESSAGE), SIGNATURE) },
  { name: 'verifies what is signed', holds: (crypto) => isSignatureBy(crypto, KEY, MESSAGE, SIGNATURE) },
  { name: 'refuses another message', holds: async (crypto) => !(await isSignatureBy(crypto, KEY, hex('73'), SIGNATURE)) },
  { name: 'refuses another key', holds: async (crypto) => !(await isSignatureBy(crypto, (await crypto.publicKey(MESSAGE_SEED)).slice(), MESSAGE, SIGNATURE)) },
  { name: 'answers false, not an error, for a key that is no point', holds: async (crypto) => !(await isSignatureBy(crypto, Uint8Array.of(2, ...new Uint8Array(31)), MESSAGE, SIGNATURE)) },
  { name: 'gives randomness of the length asked for, and not twice the same', holds: async (crypto) => crypto.random(33).length === 33 && !same(crypto.random(32), crypto.random(32)) },
  { name: 'signs for a signer', holds: async (crypto) => same(await (await createSigner(crypto, SEED)).sign(MESSAGE), SIGNATURE) },
  {
    name: 'derives X25519 keys as RFC 9180 says (A.1.1, recipient)',
    async holds(crypto) {
      const { publicKey } = await crypto.hpke.deriveKeyPair(hex('6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037'))
      return same(publicKey, hex('3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d'))
    }
  },
  {
    name: 'opens what was sealed to a key, with its info and its AAD only',
    async holds({ hpke }) {
      const [mine, other] = [await hpke.deriveKeyPair(SEED), await hpke.deriveKeyPair(KEY)]
      const { enc, ciphertext } = await hpke.seal(mine.publicKey, MESSAGE, KEY, SEED)
      const opened = same(await hpke.open(mine, enc, MESSAGE, KEY, ciphertext), SEED)
      const sizes = enc.length === 32 && ciphertext.length === SEED.length + 16
      const refused = await Promise.all([
        fails(hpke.open(other, enc, MESSAGE, KEY, ciphertext)),
        fails(hpke.open(mine, enc, KEY, KEY, ciphertext)),
        fails(hpke.open(mine, enc, MESSAGE, MESSAGE, ciphertext)),
        fails(hpke.open(mine, enc, MESSAGE, KEY, ciphertext.map((byte, i) => (i === 3 ? byte ^ 1 : byte))))
      ])
      return opened && sizes && refused.every(Boolean)
    }
  },
  {
    name: 'is AES-256-GCM (NIST case 16)',
    async holds({ aead }) {
      const key = hex('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308')
      const nonce = hex('cafebabefacedbaddecaf888')
      const aad = hex('feedfacedeadbeeffeedfacedeadbeefabaddad2')
      const plain = hex('d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39')
      const sealed = hex('522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b')
      const refused = await fails(aead.open(key, nonce, aad.slice(1), sealed))
      return same(await aead.seal(key, nonce, aad, plain), sealed) && same(await aead.open(key, nonce, aad, sealed), plain) && refused
    }
  },
  {
    name: 'is PBKDF2-HMAC-SHA-256 (RFC 7914, 11)',
    holds: async (crypto) => same(await crypto.pbkdf2('passwd', new TextEncoder().encode('salt'), 1), hex('55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc'))
  }
]

const MESSAGE_SEED = hex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60')
