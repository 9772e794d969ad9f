import { DEFAULT_NETWORK } from '@gloflow/p2p-core'
import { DEFAULT_CIRCUIT_MAX_BYTES, DEFAULT_CIRCUIT_MAX_MS, DEFAULT_MAX_RESERVATIONS, DEFAULT_PEER_MAX_BYTES } from '../limits.ts'
import type { Option } from './option.ts'
import { list, optional, single } from './option.ts'
import { address, cidr, host, oneOf, onOrOff, peerAddress, peerId, port, portOrOff, text, webOrigin, wholeNumber } from './values.ts'

/** Greatest length of a network's name: it is a rendezvous namespace, and those end at 255 characters. */
const GREATEST_NETWORK_LENGTH = 255

const logFormats = oneOf<'json' | 'pretty'>('json', 'pretty')
const accessModes = oneOf<'open' | 'allow' | 'invite'>('open', 'allow', 'invite')

/** Every setting of the relay, once: flags, environment, config file, `--help` and `--print-config` all read this table. */
export const OPTIONS = {
  httpPort: single('http-port', 'N', 8080, port, 'page, WebSocket and info document (0 = any free port)'),
  httpHost: single('http-host', 'IP', '', host, 'address to listen on for them; empty = all'),
  tcpPort: single('tcp-port', 'N', 4001, port, 'libp2p over TCP: TLS and Noise (0 = any free port)'),
  tcpHost: single('tcp-host', 'IP', '', host, 'address to listen on for it; empty = all'),
  stunPort: single('stun-port', 'N', 3478, portOrOff, 'STUN over UDP, or "off"'),
  webrtcDirectPort: single('webrtc-direct-port', 'N', 'off', portOrOff, 'WebRTC Direct over UDP, or "off"'),
  adminPort: single('admin-port', 'N', 9090, portOrOff, 'metrics and full status, on loopback only, or "off"'),
  dataDir: single('data-dir', 'DIR', './data', text('a directory'), 'key, peer book and cache'),
  publicUrl: optional('public-url', 'URL', webOrigin, 'what people open, where it is not this machine\'s own address'),
  announce: list('announce', 'MULTIADDR', address, 'what peers dial, instead of the addresses listened on'),
  tlsCert: optional('tls-cert', 'FILE', text('a file'), 'certificate chain in PEM: makes the page\'s port https and wss'),
  tlsKey: optional('tls-key', 'FILE', text('a file'), 'its private key in PEM'),
  trustedProxy: list('trusted-proxy', 'CIDR', cidr, 'proxies whose X-Forwarded-For counts'),
  relay: list('relay', 'MULTIADDR', peerAddress, 'other relays of this network'),
  bootstrap: list('bootstrap', 'MULTIADDR', peerAddress, 'peers to start from, for the DHT'),
  network: single('network', 'NAME', DEFAULT_NETWORK, networkName, 'rendezvous namespace and DHT rendezvous string'),
  bridge: single('bridge', 'on|off', true, onOrOff, 'bridge the general channel to peers that speak TLS alone'),
  access: single('access', 'MODE', 'open', accessModes, 'who may reserve and be dialled: open, allow or invite'),
  allow: list('allow', 'PEERID', peerId, 'a peer that may, with --access allow or invite'),
  deny: list('deny', 'PEERID', peerId, 'a peer that may not, whatever the access'),
  maxReservations: single('max-reservations', 'N', DEFAULT_MAX_RESERVATIONS, count, 'reservations at once; 0 = no limit'),
  circuitMaxBytes: single('circuit-max-bytes', 'N', DEFAULT_CIRCUIT_MAX_BYTES, count, 'bytes that a circuit carries in each direction; 0 = no limit'),
  circuitMaxMs: single('circuit-max-ms', 'N', DEFAULT_CIRCUIT_MAX_MS, count, 'time that a circuit stays, in ms; 0 = no limit'),
  peerMaxBytes: single('peer-max-bytes', 'N', DEFAULT_PEER_MAX_BYTES, count, 'bytes that a peer may send through circuits in an hour; 0 = no limit'),
  embedOrigin: list('embed-origin', 'ORIGIN', webOrigin, 'a site that may embed <gf-peer> of this relay'),
  log: single('log', 'FORMAT', 'pretty', logFormats, 'how the log looks: json or pretty')
}

function count(raw: string): ReturnType<ReturnType<typeof wholeNumber>> {
  return wholeNumber(Number.MAX_SAFE_INTEGER, 'a whole number; 0 = no limit')(raw)
}

function networkName(raw: string): ReturnType<ReturnType<typeof text>> {
  const fits = raw.length <= GREATEST_NETWORK_LENGTH && /^[\w.:/-]+$/.test(raw)
  return fits ? { ok: true, value: raw } : { ok: false, expected: 'a name of 1 to 255 letters, digits or any of _ . : / -' }
}

/** Names of the settings as the code knows them. */
export type OptionKey = keyof typeof OPTIONS

/** The relay's configuration after all sources are read and checked. */
export type RelayConfig = { readonly [Key in OptionKey]: (typeof OPTIONS)[Key] extends Option<infer Value> ? Value : never }

/** Where a value came from. */
export type ConfigSource = 'flag' | 'environment' | 'file' | 'default'

/** All settings with their keys, in the order of the table. */
export function optionEntries(): readonly (readonly [OptionKey, Option<unknown>])[] {
  return (Object.keys(OPTIONS) as OptionKey[]).map((key) => [key, OPTIONS[key] as Option<unknown>] as const)
}
