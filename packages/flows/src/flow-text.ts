import { type CryptoPort, type Did, type EpochKeys, openUnderEpoch, type Operation, sealUnderEpoch } from '@gloflow/authz'
import { sha256 } from '@noble/hashes/sha2.js'
import { FlowsError } from './errors.ts'
import { MAX_NAME_CHARACTERS, MAX_TAG_CHARACTERS } from './limits.ts'

/** What a content operation says once it is decrypted. */
export type FlowText = { readonly t: 'name'; readonly name: string } | { readonly t: 'tag'; readonly tag: string; readonly on: boolean }

/** A text's place: bound to it by the encryption, so that nobody can pass a text of another author, epoch or flow off as its own. */
interface Place {
  readonly flow: string
  readonly epoch: string
  readonly author: Did
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/** A name or tag as it is kept: NFC, no outer blanks, nothing unseen. Throws FlowsError TEXT_INVALID. */
export function cleanText(text: string, kind: 'name' | 'tag'): string {
  const max = kind === 'name' ? MAX_NAME_CHARACTERS : MAX_TAG_CHARACTERS
  const clean = text.length > 4 * max ? '' : text.normalize('NFC').trim()
  if (clean.length === 0 || clean.length > max || UNSEEN.test(clean)) {
    throw new FlowsError('TEXT_INVALID', `A ${kind} has 1 to ${max} characters that can be seen; shorten or retype it`)
  }
  return clean
}

/** Encrypts a text under an epoch: the body of a content operation. */
export function sealText(crypto: CryptoPort, place: Place, key: Uint8Array, text: FlowText): Promise<Uint8Array> {
  return sealUnderEpoch(crypto, bound(place), key, encoder.encode(JSON.stringify(text)))
}

/** Reads what content operations say, each once. */
export interface TextReader {
  /** The text of a content operation; undefined where its epoch cannot be opened here, or it is no text of this version. */
  read(operation: Operation, keys: EpochKeys): Promise<FlowText | undefined>
}

/** A reader that remembers what it opened. What could not be opened is tried again: its key may have come since. */
export function createTextReader(crypto: CryptoPort): TextReader {
  const opened = new Map<string, FlowText>()
  return {
    async read({ id, flow, iss, act }, keys) {
      const known = opened.get(id)
      if (known !== undefined || act.t !== 'content') return known
      const key = keys.get(act.epoch)
      if (key === undefined) return undefined
      const text = await openUnderEpoch(crypto, bound({ flow, epoch: act.epoch, author: iss }), key, act.body).then(parseText, () => undefined)
      if (text !== undefined) opened.set(id, text)
      return text
    }
  }
}

function bound({ flow, epoch, author }: Place): { readonly flow: string; readonly epoch: string; readonly digest: Uint8Array } {
  return { flow, epoch, digest: sha256(encoder.encode(`gf-flow-text-v1 ${author}`)) }
}

/** A member wrote it, which does not make it well-formed. */
function parseText(bytes: Uint8Array): FlowText | undefined {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes))
    if (typeof value !== 'object' || value === null || !('t' in value)) return undefined
    if (value.t === 'name' && 'name' in value && typeof value.name === 'string') return { t: 'name', name: cleanText(value.name, 'name') }
    if (value.t === 'tag' && 'tag' in value && typeof value.tag === 'string' && 'on' in value && typeof value.on === 'boolean') {
      return { t: 'tag', tag: cleanText(value.tag, 'tag'), on: value.on }
    }
    return undefined
  } catch {
    return undefined
  }
}
