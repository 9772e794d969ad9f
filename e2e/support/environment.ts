import { existsSync } from 'node:fs'
import { isIPv4 } from 'node:net'

/** The variables between `run.ts`, the scripts around it, and the scenarios. This file alone reads them. */
export const ENVIRONMENT = {
  /** This machine's address besides loopback, in the namespace of the run. */
  address: 'GF_E2E_ADDRESS',
  /** Why there is no WebRTC here; unset where there is. */
  noWebrtc: 'GF_E2E_NO_WEBRTC',
  /** Where Chromium is. */
  chromium: 'GF_CHROMIUM',
  /** Where Firefox is. */
  firefox: 'GF_FIREFOX',
  /** Where Playwright's JSON report goes. */
  jsonReport: 'GF_JSON_REPORT'
} as const

/** The address besides loopback; `undefined` outside of the namespace. */
export function outsideAddress(): string | undefined {
  const value = process.env[ENVIRONMENT.address]
  return value !== undefined && isIPv4(value) ? value : undefined
}

/** Why scenarios with a direct path cannot run, or `undefined`. */
export function reasonAgainstWebrtc(): string | undefined {
  return process.env[ENVIRONMENT.noWebrtc] ?? (outsideAddress() === undefined ? 'start the scenarios with e2e/run.ts: WebRTC needs an interface besides loopback' : undefined)
}

/** Chromium: the one named, else the system's, else `undefined` = Playwright's own. */
export function chromiumPath(): string | undefined {
  return firstThere([process.env[ENVIRONMENT.chromium], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'])
}

/** Firefox, or `undefined`. */
export function firefoxPath(): string | undefined {
  return firstThere([process.env[ENVIRONMENT.firefox], '/usr/bin/firefox-esr', '/usr/bin/firefox'])
}

/** The file for the JSON report, or `undefined`. */
export function jsonReportPath(): string | undefined {
  return process.env[ENVIRONMENT.jsonReport]
}

function firstThere(paths: readonly (string | undefined)[]): string | undefined {
  return paths.find((path) => path !== undefined && existsSync(path))
}
