/** What can go wrong with the laboratory itself. */
export type LabErrorCode = 'COMMAND_FAILED' | 'GATEWAY_FAILED' | 'PROBE_FAILED' | 'TOPOLOGY_UNKNOWN' | 'UNSUPPORTED'

/** The laboratory's one error class. The message says what happened, to what, and what to do. */
export class LabError extends Error {
  readonly code: LabErrorCode

  constructor(code: LabErrorCode, message: string, init: { readonly cause?: unknown } = {}) {
    super(message, init.cause === undefined ? {} : { cause: init.cause })
    this.name = 'LabError'
    this.code = code
  }
}
