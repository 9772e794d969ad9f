import { parseArgs } from 'node:util'
import { openAccess, P2pError, parsePeerId, type AccessPolicy } from '../src/index.ts'

/** What the command line says. */
export interface Settings {
  readonly dataDir: string | undefined
  readonly relays: readonly string[]
  readonly listen: readonly string[] | undefined
  readonly network: string | undefined
  readonly bootstrap: readonly string[]
  readonly access: AccessPolicy
  readonly downloads: string | undefined
  /** Every offer waits for the command `accept`, instead of being accepted at once. */
  readonly ask: boolean
  readonly dht: boolean
  readonly bridge: boolean
  /** Go on when standard input ends, e.g. as a service. */
  readonly keepRunning: boolean
  readonly show: 'help' | 'version' | undefined
}

export const HELP = `gloflow-peer: a peer without a window. Commands come in on standard input and answers and events go out on
standard output, one JSON object a line.

  --data-dir DIR        key, peer book and datastore (default: nothing is kept)
  --relay ADDRESS       a relay: https://… or a multiaddr with /p2p/… (may be repeated)
  --bootstrap ADDRESS   a further peer to connect to at start (may be repeated)
  --listen ADDRESS      a multiaddr to listen on, e.g. /ip4/0.0.0.0/tcp/0 (may be repeated)
  --network NAME        who is in the same network (default: gloflow_testnet)
  --access open|allow   who may open protocols here (default: open); with "allow" only those named by --allow
  --allow PEERID        (may be repeated)
  --downloads DIR       accept every file that is offered, and put it there; without it none can be accepted
  --ask                 with --downloads: an offer waits for the command "accept"
  --dht                 be in the DHT of GloFlow's Go peers
  --bridge              forward the general channel between Go peers that speak TLS alone and others
  --keep-running        go on when standard input ends
  --help  --version

Commands: {"id":1,"cmd":"status"}  {"cmd":"dial","addr":…}  {"cmd":"say","text":…}  {"cmd":"send","peer":…,"file":…}
{"cmd":"accept","offer":…} ("offer" left out: every offer that waits)  {"cmd":"decline","offer":…}
{"cmd":"open","peer":…,"protocol":…}  {"cmd":"stop"}
`

const FLAGS = {
  'data-dir': { type: 'string' },
  'relay': { type: 'string', multiple: true },
  'bootstrap': { type: 'string', multiple: true },
  'listen': { type: 'string', multiple: true },
  'network': { type: 'string' },
  'access': { type: 'string' },
  'allow': { type: 'string', multiple: true },
  'downloads': { type: 'string' },
  'ask': { type: 'boolean' },
  'dht': { type: 'boolean' },
  'bridge': { type: 'boolean' },
  'keep-running': { type: 'boolean' },
  'help': { type: 'boolean' },
  'version': { type: 'boolean' }
} as const

/** Reads the command line. Throws P2pError OPTION_INVALID or ADDRESS_INVALID. */
export function parseSettings(argv: readonly string[]): Settings {
  const values = parseFlags(argv)
  return {
    dataDir: values['data-dir'],
    relays: values.relay ?? [],
    listen: values.listen,
    network: values.network,
    bootstrap: values.bootstrap ?? [],
    access: parseAccess(values.access ?? 'open', values.allow ?? []),
    downloads: values.downloads,
    ask: values.ask ?? false,
    dht: values.dht ?? false,
    bridge: values.bridge ?? false,
    keepRunning: values['keep-running'] ?? false,
    show: values.help === true ? 'help' : values.version === true ? 'version' : undefined
  }
}

function parseFlags(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: FLAGS, strict: true, allowPositionals: false }).values
  } catch (cause) {
    throw new P2pError('OPTION_INVALID', `${(cause instanceof Error ? cause.message : String(cause)).replace(/\.?$/, '.')} See --help.`, { cause })
  }
}

function parseAccess(access: string, allow: readonly string[]): AccessPolicy {
  if (access === 'open') {
    if (allow.length > 0) throw new P2pError('OPTION_INVALID', '--allow has no effect with --access open. Add --access allow.')
    return openAccess()
  }
  if (access !== 'allow') throw new P2pError('OPTION_INVALID', `--access ${access} is not known. Use open or allow.`)
  const allowed = new Set(allow.map((text) => parsePeerId(text).toString()))
  return {
    decide: ({ peer }) => allowed.has(peer.toString())
      ? { allowed: true }
      : { allowed: false, code: 'ACCESS_DENIED', reason: `${peer.toString()} is not named by --allow` }
  }
}
