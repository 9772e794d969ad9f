import type { CryptoPort } from '@gloflow/authz'
import { platform } from '#platform'

/** The cryptography of this platform, as authz asks for it. */
export type PlatformCrypto = CryptoPort

/** Loads it: node:crypto in Node, WebCrypto in browsers; HPKE comes with it, so a page without flows never calls this. */
export function createPlatformCrypto(): Promise<PlatformCrypto> {
  return platform.createCrypto()
}
