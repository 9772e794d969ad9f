/** Someone who could be dialled now. */
export interface Candidate {
  readonly peer: string
  readonly isFriend: boolean
}

/** How many more may be dialled. */
export interface Room {
  /** People that are connected, and dials under way, friends included. */
  readonly taken: number
  /** Connections to people at which strangers are no longer dialled. */
  readonly budget: number
  /** Dials that may begin now. */
  readonly slots: number
}

/** Whom to dial now: friends first and whatever the budget, then others in random order up to the budget. */
export function chooseWhomToDial(candidates: readonly Candidate[], { taken, budget, slots }: Room, random: () => number): string[] {
  const friends = candidates.filter(({ isFriend }) => isFriend)
  const others = candidates.filter(({ isFriend }) => !isFriend).map(candidate => ({ candidate, key: random() })).sort((a, b) => a.key - b.key)
  const room = Math.max(0, budget - taken - friends.length)
  return [...friends, ...others.slice(0, room).map(({ candidate }) => candidate)].slice(0, Math.max(0, slots)).map(({ peer }) => peer)
}
