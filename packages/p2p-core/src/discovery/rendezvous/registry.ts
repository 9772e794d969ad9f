import { MAX_RENDEZVOUS_NAMESPACE, MAX_RENDEZVOUS_PER_PEER, MAX_RENDEZVOUS_TOTAL } from '../../limits.ts'

/** Who is registered under which namespace. */
export interface Registration {
  readonly peer: string
  readonly namespace: string
  readonly signedPeerRecord: Uint8Array
  readonly expiresMs: number
  /** Grows with every registration; cookies are about it. */
  readonly order: number
}

/** The bounds of a registry. */
export interface RegistryLimits {
  readonly total: number
  readonly perNamespace: number
  readonly perPeer: number
}

/** The bounds of a relay with the default number of reservations. */
export const DEFAULT_REGISTRY_LIMITS: RegistryLimits = { total: MAX_RENDEZVOUS_TOTAL, perNamespace: MAX_RENDEZVOUS_NAMESPACE, perPeer: MAX_RENDEZVOUS_PER_PEER }

/** What a search finds. */
export interface Found {
  readonly registrations: readonly Registration[]
  /** How many there are under the namespace, the asker left out. */
  readonly total: number
  /** Pass it on to be told only what came later. */
  readonly order: number
}

/** The memory of a rendezvous server: pure, bounded, with time as an argument. */
export interface Registry {
  readonly size: number
  /** Registers, or replaces what the peer had under the namespace. `false` = a bound is reached. */
  add(registration: Omit<Registration, 'order'>, nowMs: number): boolean
  remove(peer: string, namespace: string): void
  removePeer(peer: string, which: (registration: Registration) => boolean): void
  /** Where the namespace is full, or all of it, removes there those who are not in `here`. `false` = that made no room. */
  makeRoom(namespace: string, here: ReadonlySet<string>): boolean
  /** Without `after` a random sample, so that nobody is found by all and nobody by none; with it, what came later, oldest first. */
  find(query: { readonly namespace: string; readonly asker: string; readonly limit: number; readonly after: number | undefined }, nowMs: number): Found
  /** Drops what has expired. */
  sweep(nowMs: number): void
}

/** Makes an empty registry. `random` is uniform in [0, 1). */
export function createRegistry(limits: RegistryLimits, random: () => number): Registry {
  /** Each namespace's registrations by peer, oldest first. */
  const namespaces = new Map<string, Map<string, Registration>>()
  const perPeer = new Map<string, number>()
  let size = 0
  let order = 0

  function remove(peer: string, namespace: string): void {
    const peers = namespaces.get(namespace)
    if (peers?.delete(peer) !== true) return
    size -= 1
    const left = (perPeer.get(peer) ?? 1) - 1
    if (left === 0) perPeer.delete(peer)
    else perPeer.set(peer, left)
    if (peers.size === 0) namespaces.delete(namespace)
  }

  function sweep(nowMs: number): void {
    for (const peers of namespaces.values()) {
      for (const { peer, namespace, expiresMs } of peers.values()) {
        if (expiresMs <= nowMs) remove(peer, namespace)
      }
    }
  }

  function hasRoom(peer: string, namespace: string): boolean {
    return size < limits.total && (perPeer.get(peer) ?? 0) < limits.perPeer && (namespaces.get(namespace)?.size ?? 0) < limits.perNamespace
  }

  return {
    get size() { return size },
    add(registration, nowMs) {
      const { peer, namespace } = registration
      remove(peer, namespace)
      if (!hasRoom(peer, namespace)) sweep(nowMs)
      if (!hasRoom(peer, namespace)) return false
      const peers = namespaces.get(namespace) ?? new Map<string, Registration>()
      namespaces.set(namespace, peers)
      order += 1
      peers.set(peer, { ...registration, order })
      perPeer.set(peer, (perPeer.get(peer) ?? 0) + 1)
      size += 1
      return true
    },
    remove,
    removePeer(peer, which) {
      for (const peers of namespaces.values()) {
        const registration = peers.get(peer)
        if (registration !== undefined && which(registration)) remove(peer, registration.namespace)
      }
    },
    makeRoom(namespace, here) {
      const before = size
      const full = namespaces.get(namespace)
      const crowded = full !== undefined && full.size >= limits.perNamespace ? [full] : size >= limits.total ? [...namespaces.values()] : []
      for (const { peer, namespace: under } of crowded.flatMap(peers => [...peers.values()])) if (!here.has(peer)) remove(peer, under)
      return size < before
    },
    find({ namespace, asker, limit, after }, nowMs) {
      const present = [...(namespaces.get(namespace)?.values() ?? [])].filter(({ peer, expiresMs }) => peer !== asker && expiresMs > nowMs)
      if (after === undefined) return { registrations: sample(present, limit, random), total: present.length, order }
      const later = present.filter(registration => registration.order > after).slice(0, limit)
      return { registrations: later, total: present.length, order: later.length < limit ? order : later.at(-1)?.order ?? order }
    },
    sweep
  }
}

/** `count` different ones, each with the same chance. Shuffles the front of the list it is given. */
function sample<Item>(items: Item[], count: number, random: () => number): Item[] {
  const size = Math.min(count, items.length)
  for (let index = 0; index < size; index++) {
    const other = index + Math.floor(random() * (items.length - index))
    const [a, b] = [items[index], items[other]]
    if (a !== undefined && b !== undefined) [items[index], items[other]] = [b, a]
  }
  return items.slice(0, size)
}
