import { concatBytes, sha256, utf8 } from './bytes.ts'
import { type Card, createCard } from './card.ts'
import { createSigner, type CryptoPort, type HpkeKeyPair, type Signer } from './crypto.ts'
import { createDelegation, type Delegation } from './delegation.ts'
import type { Did } from './did.ts'
import { AuthzError } from './errors.ts'
import { MIN_NONCE_BYTES } from './limits.ts'
import { COMMANDS } from './roles.ts'

/** The keys of an invitation link. Only the public halves are ever in a flow's history; the seed is in the link's fragment alone. */
export interface LinkKeys {
  readonly signer: Signer
  readonly hpke: HpkeKeyPair
  readonly card: Card
}

/** The keys of a link's 32-byte seed (WIRE, Keys). @throws AuthzError FIELD_TYPE */
export async function linkKeys(crypto: CryptoPort, seed: Uint8Array): Promise<LinkKeys> {
  if (seed.length !== 32) throw new AuthzError('FIELD_TYPE', `A link's seed has 32 bytes, not ${seed.length}`)
  const signer = await createSigner(crypto, sha256(concatBytes(utf8('gf-link-sign-v1'), seed)))
  const hpke = await crypto.hpke.deriveKeyPair(sha256(concatBytes(utf8('gf-link-hpke-v1'), seed)))
  return { signer, hpke, card: await createCard(signer, hpke.publicKey) }
}

/**
 * What a device that opened the link presents: the link lets it view. With its key card, it is the request to be admitted, too. `exp` in UNIX seconds.
 */
export function openLink(crypto: CryptoPort, link: LinkKeys, invite: Delegation, device: Did, exp: number): Promise<Delegation> {
  return createDelegation(link.signer, { aud: device, sub: invite.sub, cmd: COMMANDS.viewer, kind: 'guest', nonce: crypto.random(MIN_NONCE_BYTES), exp })
}
