import type { P2pErrorCode } from './errors.ts'
import { P2pError } from './errors.ts'
import { isPeerIdMismatch } from './identity/verify.ts'

/** Names that libp2p gives to refusals by the address policy. */
const FORBIDDEN = new Set(['DialDeniedError', 'ConnectionInterceptedError', 'ConnectionDeniedError'])

/** Names that libp2p gives to dials without anything to dial. */
const NO_ADDRESS = new Set(['NoValidAddressesError', 'NoPeerRoutersError', 'NotFoundError'])

/** Turns what a dial threw into a typed error; `whom` is the PeerId or address as it is shown. */
export function dialError(error: unknown, whom: string, signal?: AbortSignal): P2pError {
  if (error instanceof P2pError) return error
  const all = flatten(error)
  const make = (code: P2pErrorCode, message: string, retryable = false): P2pError => new P2pError(code, message, { cause: error, retryable })
  if (all.some(isPeerIdMismatch)) {
    return make('PEER_ID_MISMATCH', `Another peer than ${whom} answered at that address, so the connection was refused. The address is out of date or someone stands in between: ask for a new one.`)
  }
  if (signal?.aborted === true) return make('ABORTED', `Dialling ${whom} was stopped.`)
  if (all.some((one) => one.message === 'Tried to dial self' || one.message === 'Can not dial self')) return make('ADDRESS_INVALID', 'This is the address of this peer itself. Enter the address of another one.')
  if (all.some((one) => FORBIDDEN.has(one.name))) return make('ADDRESS_FORBIDDEN', `The address policy does not allow this address of ${whom} (${reasons(all)}).`)
  if (all.some((one) => NO_ADDRESS.has(one.name))) return make('PEER_NOT_FOUND', `No address of ${whom} is known that could be dialled from here. Connect to a relay that ${whom} is at, or enter a full address.`, true)
  if (all.some((one) => one.name === 'TimeoutError' || one.name === 'AbortError')) return make('DIAL_TIMEOUT', `${whom} did not answer in time (${reasons(all)}). Check that it is running and reachable.`, true)
  return make('DIAL_FAILED', `${whom} could not be reached (${reasons(all)}). Check that it is running, and its address.`, true)
}

/** The errors in an AggregateError and in causes. What is thrown and is no Error (a browser's ErrorEvent) gets a readable one. */
function flatten(error: unknown): Error[] {
  if (error instanceof AggregateError) return error.errors.flatMap(flatten)
  if (error instanceof Error) return [error]
  const event = typeof error === 'object' && error !== null && 'type' in error ? String(error.type) : String(error)
  return [new P2pError('DIAL_FAILED', `the transport reported "${event}"`)]
}

function reasons(errors: readonly Error[]): string {
  return [...new Set(errors.map((error) => error.message || error.name))].slice(0, 3).join('; ')
}
