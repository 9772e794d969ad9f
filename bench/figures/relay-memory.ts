import { spawn } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Figure } from '../figure.ts'

/** Reservations held at once for these figures. `hold-reservations.ts --count 2000` holds as many as a relay has by default. */
const RESERVATIONS = 500

const HOLD_RESERVATIONS = fileURLToPath(new URL('../../apps/relay-server/scripts/hold-reservations.ts', import.meta.url))
const HELD_WEBSOCKETS = fileURLToPath(new URL('../floors/held-websockets.ts', import.meta.url))

interface Held {
  readonly idleRssMiB: number
  readonly rssPerReservationKiB: number
}

function start(argv: readonly string[]): { readonly write: (text: string) => void; readonly lines: Interface; readonly stop: () => void } {
  const child = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'ignore'] })
  return { write: (text) => { child.stdin.write(text) }, lines: createInterface({ input: child.stdout }), stop: () => { child.kill('SIGKILL') } }
}

async function nextLine(lines: Interface): Promise<string> {
  return new Promise((resolve, reject) => {
    lines.once('line', resolve)
    lines.once('close', () => reject(new TypeError('the process ended without the line that was awaited')))
  })
}

async function holdReservations(): Promise<Held> {
  const run = start([HOLD_RESERVATIONS, '--count', String(RESERVATIONS), '--hold-seconds', '5'])
  const result: unknown = JSON.parse(await nextLine(run.lines))
  if (typeof result !== 'object' || result === null) throw new TypeError('the command printed no object')
  const fields: Record<string, unknown> = { ...result }
  if (fields['held'] !== RESERVATIONS) throw new TypeError(`only ${String(fields['held'])} of ${RESERVATIONS} reservations were held`)
  return { idleRssMiB: Number(fields['idleRssMiB']), rssPerReservationKiB: Number(fields['rssPerReservationKiB']) }
}

async function bareWebSocketKiB(): Promise<number> {
  const server = start([HELD_WEBSOCKETS, 'serve'])
  const port = await nextLine(server.lines)
  const rss = async (): Promise<number> => {
    server.write('\n')
    return Number(await nextLine(server.lines))
  }
  const before = await rss()
  const clients = start([HELD_WEBSOCKETS, 'hold', port, String(RESERVATIONS)])
  await nextLine(clients.lines)
  const after = await rss()
  clients.stop()
  server.stop()
  return (after - before) / RESERVATIONS
}

/** The relay's memory before anyone came. */
export const relayIdle: Figure = {
  id: 'relay-idle',
  title: 'relay RSS, nobody there',
  unit: 'MiB',
  floor: undefined,
  aim: '–',
  measure: async () => ({ product: [(await holdReservations()).idleRssMiB], floor: [] })
}

/** What each person that is there adds to it. */
export const relayPerPeer: Figure = {
  id: 'relay-peer',
  title: `relay RSS for each of ${RESERVATIONS} reservations over WebSocket`,
  unit: 'KiB',
  floor: 'bare WebSocket',
  aim: '≤ 193 KiB (stock)',
  measure: async () => ({ product: [(await holdReservations()).rssPerReservationKiB], floor: [await bareWebSocketKiB()] })
}
