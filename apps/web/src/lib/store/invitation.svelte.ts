import { toFailure, type Failure } from '../errors.ts'
import { invitationIn } from './invitation-link.ts'

/** The invitation with which the page was opened. It leaves the address once the relay has answered. */
export class Invitation {
  failure: Failure | undefined = $state.raw()
  /** Whether the relay is being asked; a refusal from before says nothing then. */
  busy = $state(false)
  // Beside `busy`, which the page shows: an effect that begins this must not depend on what it writes.
  #asking = false
  readonly #use: (token: string) => Promise<unknown>

  /** `use` shows it to the relay, for this peer; throws WebError. */
  constructor(use: (token: string) => Promise<unknown>) {
    this.#use = use
  }

  /** Uses what the address has, if anything. */
  async take(): Promise<void> {
    const token = invitationIn(location.hash)
    if (token === undefined || this.#asking) return
    this.#asking = true
    this.busy = true
    this.failure = undefined
    try {
      await this.#use(token)
      leaveAddress()
    } catch (error) {
      this.failure = toFailure(error)
      if (!this.failure.retryable) leaveAddress()
    } finally {
      this.#asking = false
      this.busy = false
    }
  }
}

/** Whoever looks over a shoulder, or gets the address copied, must not get the invitation too. */
function leaveAddress(): void {
  history.replaceState(history.state, '', location.pathname + location.search)
}
