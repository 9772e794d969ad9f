import { TAB_CONFIRM_EVERY_MS, TAB_LEASE_MS, TAB_OWN_SLEEP_MS, TAB_UNANSWERED_BEFORE_TAKEOVER } from '../limits.ts'

/**
 * Which tab of an origin hosts the peer, as a pure state machine: inputs in, effects out, time is an argument.
 * The lock decides who leads; the epoch number in storage fences: a leader acts only on a confirmation that is younger than
 * the lease, and one that finds a greater epoch stops. A take-over waits longer than the lease.
 */
export type TabState =
  | { readonly kind: 'following'; readonly queued: boolean; readonly unanswered: number; readonly patience: number; readonly tickedAtMs: number; readonly leaderEpoch: number }
  /** The lock is held; the epoch is being raised. */
  | { readonly kind: 'claiming'; readonly leaderEpoch: number }
  | { readonly kind: 'leading'; readonly epoch: number; readonly confirmedAtMs: number; readonly fenced: boolean; readonly reading: boolean }
  | { readonly kind: 'closed' }

export type TabInput =
  | { readonly kind: 'lock-granted' }
  | { readonly kind: 'lock-lost' }
  /** `askedAtMs` is when the storage was asked: what is confirmed is that moment, not the answer's. */
  | { readonly kind: 'epoch-raised'; readonly epoch: number; readonly askedAtMs: number }
  | { readonly kind: 'epoch-read'; readonly epoch: number; readonly askedAtMs: number }
  /** Storage refused. Without it the lock alone decides. */
  | { readonly kind: 'epoch-failed'; readonly nowMs: number }
  /** A leader's sign of life. */
  | { readonly kind: 'heard'; readonly epoch: number }
  | { readonly kind: 'tick'; readonly nowMs: number }
  | { readonly kind: 'close' }

export type TabEffect =
  | 'request-lock'
  | 'steal-lock'
  | 'release-lock'
  | 'raise-epoch'
  | 'read-epoch'
  | 'start-peer'
  | 'stop-peer'
  | 'say-alive'
  | 'ask-leader'

export interface TabStep {
  readonly state: TabState
  readonly effects: readonly TabEffect[]
}

/** The first state, and the request for the lock. `jitter` (0..1) keeps tabs from taking over at the same moment. */
export function startElection(nowMs: number, jitter: number): TabStep {
  return { state: follower(nowMs, jitter, 0), effects: ['request-lock', 'ask-leader'] }
}

/** One step. `jitter` is a random number from 0 to 1. */
export function stepElection(state: TabState, input: TabInput, jitter: number): TabStep {
  if (state.kind === 'closed') return { state, effects: input.kind === 'lock-granted' ? ['release-lock'] : [] }
  if (input.kind === 'close') return close(state)
  switch (state.kind) {
    case 'following': return follow(state, input)
    case 'claiming': return claim(state, input, jitter)
    case 'leading': return lead(state, input, jitter)
  }
}

/** Whether a tab may act as the leader now: `check` = only after the epoch was read again. */
export function mayAct(state: TabState, nowMs: number): 'yes' | 'check' | 'no' {
  if (state.kind !== 'leading') return 'no'
  if (!state.fenced) return 'yes'
  const age = nowMs - state.confirmedAtMs
  return age >= 0 && age < TAB_LEASE_MS ? 'yes' : 'check'
}

function follower(nowMs: number, jitter: number, leaderEpoch: number): TabState {
  return { kind: 'following', queued: true, unanswered: 0, patience: TAB_UNANSWERED_BEFORE_TAKEOVER + Math.floor(jitter * 3), tickedAtMs: nowMs, leaderEpoch }
}

function close(state: TabState): TabStep {
  const effects: TabEffect[] = state.kind === 'leading' ? ['stop-peer', 'release-lock'] : ['release-lock']
  return { state: { kind: 'closed' }, effects }
}

function follow(state: TabState & { kind: 'following' }, input: TabInput): TabStep {
  switch (input.kind) {
    case 'lock-granted': return { state: { kind: 'claiming', leaderEpoch: state.leaderEpoch }, effects: ['raise-epoch'] }
    case 'heard': {
      if (input.epoch < state.leaderEpoch) return { state, effects: [] }
      return { state: { ...state, unanswered: 0, leaderEpoch: input.epoch }, effects: [] }
    }
    // Asked for again at the next tick, never at once: a browser that refuses would be asked for ever.
    case 'lock-lost': return { state: { ...state, queued: false }, effects: [] }
    case 'tick': return followTick(state, input.nowMs)
    default: return { state, effects: [] }
  }
}

function followTick(state: TabState & { kind: 'following' }, nowMs: number): TabStep {
  const slept = nowMs - state.tickedAtMs > TAB_OWN_SLEEP_MS || nowMs < state.tickedAtMs
  const unanswered = slept ? 0 : state.unanswered + 1
  const next = { ...state, queued: true, unanswered, tickedAtMs: nowMs }
  if (unanswered < state.patience) return { state: next, effects: state.queued ? ['ask-leader'] : ['request-lock', 'ask-leader'] }
  return { state: { ...next, unanswered: 0 }, effects: ['steal-lock'] }
}

function claim(state: TabState & { kind: 'claiming' }, input: TabInput, jitter: number): TabStep {
  switch (input.kind) {
    case 'epoch-raised': {
      return { state: { kind: 'leading', epoch: input.epoch, confirmedAtMs: input.askedAtMs, fenced: true, reading: false }, effects: ['start-peer', 'say-alive'] }
    }
    case 'epoch-failed': {
      return { state: { kind: 'leading', epoch: state.leaderEpoch + 1, confirmedAtMs: input.nowMs, fenced: false, reading: false }, effects: ['start-peer', 'say-alive'] }
    }
    case 'lock-lost': return { state: follower(0, jitter, state.leaderEpoch), effects: ['request-lock'] }
    default: return { state, effects: [] }
  }
}

function lead(state: TabState & { kind: 'leading' }, input: TabInput, jitter: number): TabStep {
  switch (input.kind) {
    case 'lock-lost': return depose(state.epoch, jitter, false)
    case 'heard': return input.epoch > state.epoch ? depose(input.epoch, jitter, true) : { state, effects: [] }
    case 'epoch-read': {
      if (input.epoch !== state.epoch) return depose(input.epoch, jitter, true)
      return { state: { ...state, confirmedAtMs: Math.max(state.confirmedAtMs, input.askedAtMs), reading: false }, effects: [] }
    }
    case 'epoch-failed': return { state: { ...state, fenced: false, reading: false }, effects: [] }
    case 'tick': {
      const due = state.fenced && !state.reading && Math.abs(input.nowMs - state.confirmedAtMs) >= TAB_CONFIRM_EVERY_MS
      return { state: due ? { ...state, reading: true } : state, effects: due ? ['read-epoch', 'say-alive'] : ['say-alive'] }
    }
    default: return { state, effects: [] }
  }
}

function depose(leaderEpoch: number, jitter: number, heldLock: boolean): TabStep {
  const effects: TabEffect[] = heldLock ? ['stop-peer', 'release-lock', 'request-lock'] : ['stop-peer', 'request-lock']
  return { state: follower(0, jitter, leaderEpoch), effects }
}
