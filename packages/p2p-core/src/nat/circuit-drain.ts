import type { Connection } from '@libp2p/interface'
import { P2pError } from '../errors.ts'
import { CIRCUIT_DRAIN_MAX_MS, CIRCUIT_IDLE_CHECK_MS } from '../limits.ts'
import { pause } from '../pause.ts'

/** Protocols that libp2p runs by itself: nobody waits for their streams. */
const BACKGROUND_PROTOCOLS: ReadonlySet<string> = new Set(['/ipfs/id/1.0.0', '/ipfs/id/push/1.0.0', '/ipfs/ping/1.0.0', '/libp2p/dcutr', '/webrtc-signaling/0.0.1'])

/**
 * Closes a relayed connection once nobody uses it any more; to be called when a direct path was proven. `isStillDirect` is asked before
 * each step: should the direct path go meanwhile, the circuit stays.
 */
export async function drainCircuit(circuit: Connection, isStillDirect: () => boolean, signal: AbortSignal): Promise<void> {
  const startMs = performance.now()
  let idleChecks = 0
  while (circuit.status === 'open' && idleChecks < 2) {
    await pause(CIRCUIT_IDLE_CHECK_MS, signal)
    if (signal.aborted || !isStillDirect()) return
    idleChecks = isIdle(circuit) ? idleChecks + 1 : 0
    if (performance.now() - startMs > CIRCUIT_DRAIN_MAX_MS) break
  }
  await circuit.close({ signal: AbortSignal.any([signal, AbortSignal.timeout(CIRCUIT_IDLE_CHECK_MS)]) })
    .catch(() => { circuit.abort(new P2pError('STREAM_CLOSED', 'A direct path has taken the place of this circuit.')) })
}

function isIdle(connection: Connection): boolean {
  return connection.streams.every(({ protocol }) => BACKGROUND_PROTOCOLS.has(protocol))
}
