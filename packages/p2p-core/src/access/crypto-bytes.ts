/** DER around a raw Ed25519 key: PKCS #8 around a seed, SubjectPublicKeyInfo around a public key. Source: RFC 8410, sections 4 and 7. */
const PKCS8 = Uint8Array.of(0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20)
const SPKI = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00)

/** A seed as both platforms import a private key. */
export function pkcs8OfSeed(seed: Uint8Array): Uint8Array<ArrayBuffer> {
  return joined(PKCS8, seed)
}

/** A public key as node:crypto imports it. */
export function spkiOfKey(publicKey: Uint8Array): Uint8Array<ArrayBuffer> {
  return joined(SPKI, publicKey)
}

/** One after the other, in memory of its own, as WebCrypto asks for. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.byteLength
  }
  return whole
}
