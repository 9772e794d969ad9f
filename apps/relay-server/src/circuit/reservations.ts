import type { PeerId } from '@libp2p/interface'

/** Why a reservation is refused. */
export type ReservationRefusal = 'RESERVATIONS_FULL' | 'CLIENT_RESERVATIONS_FULL'

/** One peer's slot. */
export interface Reservation {
  readonly peer: PeerId
  /** The client's key for limits (an IPv4 address, an IPv6 /64); `undefined` = no limit by client. */
  readonly client: string | undefined
  /** The connection that reserved last. */
  readonly connection: string
  readonly expiresAtMs: number
}

/** How many slots there are and how long they last. */
export interface ReservationLimits {
  /** 0 = no limit. */
  readonly total: number
  readonly perClient: number
  readonly ttlMs: number
  /** How long a slot is kept after its peer's last connection went. */
  readonly graceMs: number
}

/** The slots of a relay. Time is an argument of each call, in ms. */
export interface Reservations {
  readonly size: () => number
  readonly get: (peer: PeerId, nowMs: number) => Reservation | undefined
  /** Opens or renews a slot, or says why not. `previous` is the slot as it was before. */
  readonly reserve: (
    slot: Pick<Reservation, 'peer' | 'client' | 'connection'>,
    nowMs: number
  ) => { readonly ok: true; readonly reservation: Reservation; readonly previous: Reservation | undefined } | { readonly ok: false; readonly refusal: ReservationRefusal }
  /** Frees the slot at once. */
  readonly release: (peer: PeerId) => boolean
  /** Its last connection went: the slot ends after the grace, unless the peer is back before. */
  readonly markGone: (peer: PeerId, nowMs: number) => void
  readonly markBack: (peer: PeerId) => void
  /** Frees what ended; returns how many slots that were. */
  readonly sweep: (nowMs: number) => number
}

/** Keeps slots. libp2p's own store keeps those of peers that left until their TTL, so that a relay fills up with nobody there. */
export function createReservations(limits: ReservationLimits): Reservations {
  const slots = new Map<string, Reservation>()
  const goneAtMs = new Map<string, number>()
  const perClient = new Map<string, number>()

  const count = (client: string | undefined, change: number): void => {
    if (client === undefined) return
    const now = (perClient.get(client) ?? 0) + change
    if (now <= 0) perClient.delete(client)
    else perClient.set(client, now)
  }
  const free = (id: string): boolean => {
    const slot = slots.get(id)
    if (slot === undefined) return false
    slots.delete(id)
    goneAtMs.delete(id)
    count(slot.client, -1)
    return true
  }
  const hasEnded = (id: string, slot: Reservation, nowMs: number): boolean =>
    slot.expiresAtMs <= nowMs || (goneAtMs.get(id) ?? Number.POSITIVE_INFINITY) + limits.graceMs <= nowMs
  const sweep = (nowMs: number): number => {
    const ended = [...slots].filter(([id, slot]) => hasEnded(id, slot, nowMs))
    for (const [id] of ended) free(id)
    return ended.length
  }

  const isFull = (): boolean => limits.total > 0 && slots.size >= limits.total
  /** The grace is for when there is room: a peer that is here goes before one that went, the longest gone first. */
  const makeRoom = (nowMs: number): boolean => {
    sweep(nowMs)
    const [longestGone] = [...goneAtMs].toSorted(([, a], [, b]) => a - b)
    if (isFull() && longestGone !== undefined) free(longestGone[0])
    return !isFull()
  }

  return {
    size: () => slots.size,
    get: (peer, nowMs) => {
      const slot = slots.get(peer.toString())
      return slot === undefined || hasEnded(peer.toString(), slot, nowMs) ? undefined : slot
    },
    reserve: (wanted, nowMs) => {
      const id = wanted.peer.toString()
      const previous = slots.get(id)
      if (previous === undefined && isFull() && !makeRoom(nowMs)) return { ok: false, refusal: 'RESERVATIONS_FULL' }
      const moves = previous?.client !== wanted.client
      const sameClient = wanted.client === undefined ? 0 : perClient.get(wanted.client) ?? 0
      if ((previous === undefined || moves) && sameClient >= limits.perClient) return { ok: false, refusal: 'CLIENT_RESERVATIONS_FULL' }
      if (previous !== undefined) count(previous.client, -1)
      count(wanted.client, 1)
      goneAtMs.delete(id)
      const reservation = { ...wanted, expiresAtMs: nowMs + limits.ttlMs }
      slots.set(id, reservation)
      return { ok: true, reservation, previous }
    },
    release: (peer) => free(peer.toString()),
    markGone: (peer, nowMs) => {
      if (slots.has(peer.toString())) goneAtMs.set(peer.toString(), nowMs)
    },
    markBack: (peer) => { goneAtMs.delete(peer.toString()) },
    sweep
  }
}
