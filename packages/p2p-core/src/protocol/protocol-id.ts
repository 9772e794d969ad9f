import { P2pError } from '../errors.ts'
import { MAX_PROTOCOL_ID_BYTES, MAX_SERVED_VERSIONS } from '../limits.ts'

/** A protocol ID in parts: `/gf/send/1.0.0` is name `/gf/send` and 1, 0, 0. */
export interface ProtocolId {
  readonly name: string
  readonly major: number
  readonly minor: number
  readonly patch: number
}

const PATTERN = /^((?:\/[A-Za-z0-9][A-Za-z0-9._-]*)+)\/(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})$/

/** Parses `/name/…/major.minor.patch`; `undefined` where the text is not such an ID. */
export function parseProtocolId(text: string): ProtocolId | undefined {
  if (text.length > MAX_PROTOCOL_ID_BYTES) return undefined
  const match = PATTERN.exec(text)
  if (match === null) return undefined
  const [, name, major, minor, patch] = match
  if (name === undefined) return undefined
  return { name, major: Number(major), minor: Number(minor), patch: Number(patch) }
}

/** As `parseProtocolId`, but throws OPTION_INVALID. */
export function requireProtocolId(text: string): ProtocolId {
  const id = parseProtocolId(text)
  if (id === undefined) {
    throw new P2pError('OPTION_INVALID', `"${text.slice(0, 80)}" is not a protocol ID; write it as /name/1.0.0`)
  }
  return id
}

/**
 * True where a handler of version `served` serves a request for version `requested`: the same name and, by semantic versioning, nothing
 * in the request that the handler lacks. From 1.0.0 on that is the same major and a minor that is not newer; below, where each minor
 * may break, the same minor; below 0.1.0, where each patch may, the same version.
 */
export function serves(served: ProtocolId, requested: ProtocolId): boolean {
  if (served.name !== requested.name || served.major !== requested.major) return false
  if (served.major > 0) return requested.minor <= served.minor
  if (served.minor !== requested.minor) return false
  return served.minor > 0 ? requested.patch <= served.patch : served.patch === requested.patch
}

/** The group of versions that one handler can serve, e.g. `/gf/send/1`: two handlers of one group would contradict each other. */
export function compatibilityGroup(id: ProtocolId): string {
  if (id.major > 0) return `${id.name}/${id.major}`
  return id.minor > 0 ? `${id.name}/0.${id.minor}` : `${id.name}/0.0.${id.patch}`
}

/**
 * The IDs that a handler of version `id` is registered under. libp2p's registrar compares IDs as text, so every version that is served
 * is registered by itself: each older minor as `x.y.0`, and the newest minor with each patch. The list is bounded; the newest come first.
 * Whoever asks for a version that is served but not in the list finds the right ID in identify's list (see `requestIds`).
 */
export function servedIds(id: ProtocolId): readonly string[] {
  const ids: string[] = []
  const add = (major: number, minor: number, patch: number): void => {
    if (ids.length < MAX_SERVED_VERSIONS) ids.push(`${id.name}/${major}.${minor}.${patch}`)
  }
  add(id.major, id.minor, id.patch)
  if (id.major === 0 && id.minor === 0) return ids
  for (let patch = id.patch - 1; patch >= 0; patch -= 1) add(id.major, id.minor, patch)
  if (id.major > 0) for (let minor = id.minor - 1; minor >= 0; minor -= 1) add(id.major, minor, 0)
  return ids
}

/**
 * The IDs to propose to a peer, best first: the wanted one, unless the peer advertises only others that serve it (then its oldest
 * such version, which has the least in it that the request does not know).
 */
export function requestIds(wanted: ProtocolId, advertised: readonly string[]): readonly string[] {
  const own = `${wanted.name}/${wanted.major}.${wanted.minor}.${wanted.patch}`
  if (advertised.includes(own)) return [own]
  const candidates = advertised
    .map(text => ({ text, id: parseProtocolId(text) }))
    .filter((entry): entry is { text: string; id: ProtocolId } => entry.id !== undefined && serves(entry.id, wanted))
    .sort((a, b) => a.id.minor - b.id.minor || a.id.patch - b.id.patch)
  const best = candidates[0]
  return best === undefined ? [own] : [best.text, own]
}
