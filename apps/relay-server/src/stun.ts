import type { ConfigSource, RelayConfig } from './config/options.ts'
import type { Log } from './log.ts'
import { onOwnPort } from './own-port.ts'
import type { RelayMeter } from './status/meter.ts'
import { startStunServer } from './stun/stun-server.ts'
import type { StunServer } from './stun/stun-server.ts'

/** Starts STUN as configured; `undefined` = off. */
export async function startStun(config: RelayConfig, source: ConfigSource, meter: RelayMeter, log: Log, now: () => number): Promise<StunServer | undefined> {
  const port = config.stunPort
  if (port === 'off') return undefined
  return await onOwnPort(port, source, log, 'STUN', (free) => startStunServer({ port: free, host: config.httpHost, onOutcome: meter.stun, now }))
}
