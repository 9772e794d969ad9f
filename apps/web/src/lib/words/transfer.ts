import { formatBytes } from './format.ts'
import type { Transfer } from '../peer/client.ts'

/** What is going on with a file, in one line. */
export function transferWords(transfer: Transfer, person: string): string {
  const outwards = transfer.direction === 'out'
  const size = formatBytes(transfer.totalBytes)
  const done = formatBytes(transfer.doneBytes)
  switch (transfer.state) {
    case 'offered': return outwards ? `Asking ${person} · ${size}` : `From ${person} · ${size}`
    case 'running': return outwards ? `To ${person} · ${done} of ${size}` : `From ${person} · ${done} of ${size}`
    case 'waiting': return `Waits for ${person} to be back · ${done} of ${size} are kept`
    case 'done': return outwards ? `${person} has it · ${size}` : `From ${person} · ${size} · checked. Save it to keep it.`
    case 'declined': return outwards ? `${person} did not want it` : 'You did not want it'
    case 'cancelled': return 'Cancelled'
    case 'failed': return transfer.error?.message ?? 'It did not arrive. Nothing else is lost; give it again.'
  }
}
