import { hmac } from '@noble/hashes/hmac.js'
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import { type EarlierKey, idBytes, type Wrap } from './actions.ts'
import { type Author, append } from './authoring.ts'
import { compareText, concatBytes, equalBytes, sha256, toHex, utf8 } from './bytes.ts'
import type { CryptoPort, HpkeKeyPair } from './crypto.ts'
import { type Did, keyOfDid } from './did.ts'
import { AuthzError } from './errors.ts'
import type { Operation } from './operation.ts'
import type { FlowState } from './state/state.ts'

/** Epoch keys that a device holds, by epoch id. 32 bytes each. */
export type EpochKeys = ReadonlyMap<string, Uint8Array>

const KEY_BYTES = 32
const NONCE_BYTES = 12

/** What an epoch says of its key before anyone can read it, so that its maker cannot hand out different ones (WIRE, Keys). */
export function commitmentOf(flow: string, key: Uint8Array): Uint8Array {
  return sha256(concatBytes(utf8('gf-epoch-commit-v1'), idBytes(flow), key))
}

/** Wraps an epoch's key for one X25519 key; the recipient, the epoch and the flow are bound to it. */
export async function wrapKey(crypto: CryptoPort, flow: string, key: Uint8Array, recipient: { readonly did: Did; readonly x: Uint8Array }): Promise<Wrap> {
  const { enc, ciphertext } = await crypto.hpke.seal(recipient.x, wrapInfo(flow), wrapAad(commitmentOf(flow, key), recipient.did), key)
  return { did: recipient.did, enc, ciphertext }
}

/**
 * Opens a wrap and holds it against the commitment.
 * @throws AuthzError DECRYPT_FAILED, EPOCH_KEY_MISMATCH
 */
export async function unwrapKey(crypto: CryptoPort, flow: string, commit: Uint8Array, wrap: Wrap, keys: HpkeKeyPair): Promise<Uint8Array> {
  let key: Uint8Array
  try {
    key = await crypto.hpke.open(keys, wrap.enc, wrapInfo(flow), wrapAad(commit, wrap.did), wrap.ciphertext)
  } catch (cause) {
    throw new AuthzError('DECRYPT_FAILED', 'This key was wrapped for another device, epoch or flow', { cause })
  }
  if (!equalBytes(commitmentOf(flow, key), commit)) throw new AuthzError('EPOCH_KEY_MISMATCH', 'The epoch hands out another key than it commits to; rotate')
  return key
}

function wrapInfo(flow: string): Uint8Array {
  return concatBytes(utf8('gf-epoch-wrap-v1'), idBytes(flow))
}

function wrapAad(commit: Uint8Array, did: Did): Uint8Array {
  return concatBytes(commit, keyOfDid(did))
}

/**
 * Makes a new epoch for everybody who may read now, with the keys of the earlier epochs that the author holds under the new one. `expired` links, by
 * the author's clock, are left out.
 */
export async function rotateEpoch(author: Author, known: EpochKeys, recipients: readonly Recipient[] = recipientsOf(author.state)): Promise<{ readonly operation: Operation; readonly key: Uint8Array }> {
  const { crypto, state } = author
  const key = crypto.random(KEY_BYTES)
  const commit = commitmentOf(state.flow, key)
  const wraps: Wrap[] = []
  for (const recipient of [...recipients].sort((a, b) => compareText(a.did, b.did))) wraps.push(await wrapKey(crypto, state.flow, key, recipient))
  const prev: EarlierKey[] = []
  for (const { id } of state.epochs.filter(({ latest }) => latest).sort((a, b) => compareText(a.id, b.id))) {
    const earlier = known.get(id)
    if (earlier !== undefined) prev.push({ epoch: id, box: await sealEarlier(crypto, state.flow, id, commit, key, earlier) })
  }
  return { operation: await append(author, { t: 'epoch', commit, wraps, prev }), key }
}

/** Gives the key of an epoch to readers who came after it. */
export async function shareEpoch(author: Author, epoch: string, key: Uint8Array, recipients: readonly Recipient[]): Promise<Operation> {
  const wraps: Wrap[] = []
  for (const recipient of [...recipients].sort((a, b) => compareText(a.did, b.did))) wraps.push(await wrapKey(author.crypto, author.state.flow, key, recipient))
  return append(author, { t: 'share', epoch, wraps })
}

/** Someone whom a key is wrapped for: a device or a live link, with its X25519 key. */
export interface Recipient {
  readonly did: Did
  readonly x: Uint8Array
}

/** Everybody who may read now; `now` (UNIX seconds) leaves out links whose time is over. */
export function recipientsOf(state: FlowState, now?: number): readonly Recipient[] {
  return [...state.readers].flatMap((did) => {
    const invite = state.invites.get(did)
    if (invite?.live === true && now !== undefined && now > invite.exp) return []
    const x = state.history.cardOf(did)?.x
    return x === undefined ? [] : [{ did, x }]
  })
}

/** True where the next writer must rotate first: no epoch is fit to write under, or a link that it is wrapped for has run out. */
export function isRotationDue(state: FlowState, now: number): boolean {
  const { writeEpoch } = state
  if (writeEpoch === undefined) return true
  return [...writeEpoch.recipients].some((did) => now > (state.invites.get(did)?.exp ?? Number.POSITIVE_INFINITY))
}

/** Readers whom an epoch is not yet wrapped for. */
export function missingRecipients(state: FlowState, epoch: string): readonly Recipient[] {
  const record = state.epochs.find(({ id }) => id === epoch)
  return recipientsOf(state).filter(({ did }) => record !== undefined && !record.recipients.has(did))
}

/**
 * All epoch keys that the holder of `keys` can reach: its own wraps, and from each the earlier keys inside. A wrap that fails is left out: its
 * maker lied, and the next writer rotates.
 */
export async function openEpochs(crypto: CryptoPort, flow: string, operations: Iterable<Operation>, did: Did, keys: HpkeKeyPair): Promise<EpochKeys> {
  const all = [...operations]
  const epochs = new Map(all.flatMap((op) => (op.act.t === 'epoch' ? [[op.id, op.act] as const] : [])))
  const opened = new Map<string, Uint8Array>()
  for (const op of all) {
    if (op.act.t !== 'epoch' && op.act.t !== 'share') continue
    const id = op.act.t === 'epoch' ? op.id : op.act.epoch
    const commit = epochs.get(id)?.commit
    const wrap = op.act.wraps.find((candidate) => candidate.did === did)
    if (commit === undefined || wrap === undefined || opened.has(id)) continue
    const key = await unwrapKey(crypto, flow, commit, wrap, keys).catch(() => undefined)
    if (key !== undefined) opened.set(id, key)
  }
  const queue = [...opened.keys()]
  for (const id of queue) {
    const [epoch, key] = [epochs.get(id), opened.get(id)]
    if (epoch === undefined || key === undefined) continue
    for (const earlier of epoch.prev) {
      const target = epochs.get(earlier.epoch)
      if (target === undefined || opened.has(earlier.epoch)) continue
      const inner = await openEarlier(crypto, flow, earlier, epoch.commit, key).catch(() => undefined)
      if (inner === undefined || !equalBytes(commitmentOf(flow, inner), target.commit)) continue
      opened.set(earlier.epoch, inner)
      queue.push(earlier.epoch)
    }
  }
  return opened
}

async function sealEarlier(crypto: CryptoPort, flow: string, epoch: string, commit: Uint8Array, key: Uint8Array, earlier: Uint8Array): Promise<Uint8Array> {
  const nonce = crypto.random(NONCE_BYTES)
  return concatBytes(nonce, await crypto.aead.seal(key, nonce, earlierAad(flow, epoch, commit), earlier))
}

function openEarlier(crypto: CryptoPort, flow: string, { epoch, box }: EarlierKey, commit: Uint8Array, key: Uint8Array): Promise<Uint8Array> {
  return crypto.aead.open(key, box.subarray(0, NONCE_BYTES), earlierAad(flow, epoch, commit), box.subarray(NONCE_BYTES))
}

function earlierAad(flow: string, epoch: string, commit: Uint8Array): Uint8Array {
  return concatBytes(utf8('gf-epoch-prev-v1'), idBytes(flow), idBytes(epoch), commit)
}

/** Seals an image's key, or any small secret, under an epoch: nonce ‖ ciphertext. `digest` is the SHA-256 digest of the image's CID. */
export async function sealUnderEpoch(crypto: CryptoPort, place: { readonly flow: string; readonly epoch: string; readonly digest: Uint8Array }, key: Uint8Array, secret: Uint8Array): Promise<Uint8Array> {
  const nonce = crypto.random(NONCE_BYTES)
  return concatBytes(nonce, await crypto.aead.seal(key, nonce, imageAad(place), secret))
}

/** @throws AuthzError DECRYPT_FAILED */
export async function openUnderEpoch(crypto: CryptoPort, place: { readonly flow: string; readonly epoch: string; readonly digest: Uint8Array }, key: Uint8Array, box: Uint8Array): Promise<Uint8Array> {
  try {
    return await crypto.aead.open(key, box.subarray(0, NONCE_BYTES), imageAad(place), box.subarray(NONCE_BYTES))
  } catch (cause) {
    throw new AuthzError('DECRYPT_FAILED', 'This was sealed under another epoch, image or flow', { cause })
  }
}

function imageAad({ flow, epoch, digest }: { readonly flow: string; readonly epoch: string; readonly digest: Uint8Array }): Uint8Array {
  return concatBytes(utf8('gf-image-key-v1'), idBytes(flow), idBytes(epoch), digest)
}

/** Where a flow's members meet: a namespace that says nothing of the flow to a relay, and changes with its epoch. Hex. */
export function rendezvousNamespace(flow: string, epochKey: Uint8Array): string {
  return toHex(hmac(nobleSha256, epochKey, concatBytes(utf8('gf-rendezvous-v1'), idBytes(flow))))
}
