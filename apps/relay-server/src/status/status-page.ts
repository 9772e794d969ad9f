import type { PublicStatus } from './status.ts'

/** What the page says besides the status. */
export interface StatusPageFacts {
  readonly network: string
  readonly access: string
  readonly maxReservations: number
  readonly ready: string | undefined
}

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 40rem; margin: 3rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem; font-weight: 600 }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .4rem 1.5rem }
dt { opacity: .7 } dd { margin: 0; font-variant-numeric: tabular-nums }
p { opacity: .8 }`

/** The status in words, for people. */
export function statusPage(status: PublicStatus, facts: StatusPageFacts): string {
  const slots = facts.maxReservations === 0 ? '' : ` of ${number(facts.maxReservations)}`
  const refused = Object.entries(status.refused).map(([code, count]) => `${code} ${number(count)}`).join(', ')
  const rows: readonly (readonly [string, string])[] = [
    ['State', facts.ready ?? 'Serving'],
    ['Up since', duration(status.uptimeMs)],
    ['Network', facts.network],
    ['Who may use it', facts.access],
    ['Connected', `${number(status.peers)} peers`],
    ['Reachable through this relay', `${number(status.reservations)}${slots}`],
    ['Conversations relayed now', number(status.circuits)],
    ['Relayed so far', size(status.bytesRelayed)],
    ['Reachability of the relay', status.reachability],
    ['DHT', status.dht.mode === 'off' ? 'off' : `${status.dht.mode}, ${number(status.dht.peers)} peers`],
    ['Bridge to Go peers', `${number(status.bridge.messages)} messages, ${number(status.bridge.dropped)} dropped`],
    ['Refused', refused === '' ? 'nothing' : refused],
    ['Version', status.version]
  ]
  const list = rows.map(([name, value]) => `<dt>${escape(name)}</dt><dd>${escape(value)}</dd>`).join('\n')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Relay status</title><style>${STYLE}</style></head>
<body><main><h1>GloFlow relay</h1><dl>
${list}
</dl><p>What peers say to each other is encrypted from end to end; the relay carries it and cannot read it. <a href="/status.json">As JSON</a> · <a href="/">Open the page</a></p></main></body></html>
`
}

function number(value: number): string {
  return value.toLocaleString('en')
}

function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}

function duration(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 1) return `${Math.floor(ms / 1000)} s`
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24]
  return `${days > 0 ? `${days} d ` : ''}${hours > 0 ? `${hours} h ` : ''}${minutes % 60} min`
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
