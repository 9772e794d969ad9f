import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { letGo } from './background.ts'
import type { Lab } from './create.ts'
import { LabError } from './errors.ts'
import type { Dependence } from './kinds.ts'
import type { Site } from './topology.ts'

const SERVER = fileURLToPath(new URL('probe/server.ts', import.meta.url))
const CLIENT = fileURLToPath(new URL('probe/client.ts', import.meta.url))

/** Added to the longest silence: start of Node and all other measurements on a busy machine. */
const PROBE_TIMEOUT_MS = 60_000

/** What a host finds out about its gateway. `undefined`: nothing got through, or it was not measured. */
export interface Measured {
  readonly mapping: Dependence | undefined
  readonly filtering: Dependence | undefined
  readonly hairpin: boolean | undefined
  readonly survivesHalfOfIdle: boolean | undefined
  readonly survivesOneAndAHalfOfIdle: boolean | undefined
  /** UDP only: written to again after one and a half of its idle time, the endpoint is the one before. */
  readonly keepsEndpointOverIdle: boolean | undefined
}

/** Measured for both protocols. */
export interface Measurement {
  readonly udp: Measured
  readonly tcp: Measured
  /** Whether a TCP connection to port 443 can be made. */
  readonly reachesTcp443: boolean
}

/** Measures what the gateway of this host does, from the host, against the laboratory's probe server. */
export async function measure(lab: Lab, hostName: string, options: { readonly idle: boolean }): Promise<Measurement> {
  const site = lab.topology.sites.find(({ hosts }) => hosts.includes(hostName))
  if (site === undefined) throw new LabError('TOPOLOGY_UNKNOWN', `"${hostName}" is no host of "${lab.topology.name}".`)
  await probeServer(lab)
  const silences = options.idle ? [site.timing.udpIdleMs, site.timing.tcpIdleMs] : [0, 0]
  const output = await lab.host(hostName).exec(process.execPath, [CLIENT, ...lab.probeAddresses, ...silences.map(String)], { timeoutMs: PROBE_TIMEOUT_MS + 2 * Math.max(...silences) })
  return parseMeasurement(output)
}

const servers = new WeakMap<Lab, Promise<void>>()

/** Starts the server at the first measurement; it ends with its laboratory. */
function probeServer(lab: Lab): Promise<void> {
  const started = servers.get(lab) ?? startServer(lab)
  servers.set(lab, started)
  return started
}

async function startServer(lab: Lab): Promise<void> {
  const server = lab.host('probe').spawn(process.execPath, [SERVER, ...lab.probeAddresses])
  await once(createInterface({ input: server.stdout }), 'line')
  letGo(server)
}

/** Proves that the gateway does what its label says; throws PROBE_FAILED with each difference. */
export async function proveLabel(lab: Lab, hostName: string, options: { readonly idle: boolean }): Promise<Measurement> {
  const site = lab.topology.sites.find(({ hosts }) => hosts.includes(hostName))
  const measurement = await measure(lab, hostName, options)
  const differences = site === undefined ? [] : compareToLabel(site, measurement, options)
  if (differences.length > 0) throw new LabError('PROBE_FAILED', `The gateway of "${site?.name}" is not "${site?.gateway.name}": ${differences.join('; ')}.`)
  return measurement
}

/** What differs between label and measurement, in words; empty where nothing does. */
export function compareToLabel(site: Site, measurement: Measurement, options: { readonly idle: boolean }): string[] {
  const { behaviour, egress } = site.gateway
  const passes = { udp: egress === 'all', tcp: egress !== 'tcp-443-only' }
  const differences: string[] = []
  const compare = (what: string, expected: unknown, measured: unknown): void => {
    if (expected !== measured) differences.push(`${what} is ${String(measured)} instead of ${String(expected)}`)
  }
  for (const protocol of ['udp', 'tcp'] as const) {
    const measured = measurement[protocol]
    const through = passes[protocol]
    const filtering = site.gateway.statefulFirewall ? 'address-and-port-dependent' : behaviour?.filtering ?? 'endpoint-independent'
    compare(`${protocol} mapping`, through ? behaviour?.mapping ?? 'endpoint-independent' : undefined, measured.mapping)
    compare(`${protocol} filtering`, through ? filtering : undefined, measured.filtering)
    // With a mapping of its own for each remote, two inside hosts cannot name each other: hairpin has no meaning there.
    if (protocol === 'udp' && through && behaviour?.mapping === 'endpoint-independent') compare('udp hairpin', behaviour.hairpin, measured.hairpin)
    if (options.idle && through && behaviour !== undefined) {
      compare(`${protocol} mapping after half of its idle time`, true, measured.survivesHalfOfIdle)
      // The kernel's NAT gives the inside port again where it is free.
      if (protocol === 'udp' && site.gateway.nat === 'user-space') compare('the external endpoint that outlives its idle time', false, measured.keepsEndpointOverIdle)
      compare(`${protocol} mapping after one and a half of its idle time`, false, measured.survivesOneAndAHalfOfIdle)
    }
  }
  compare('a connection to TCP port 443', true, measurement.reachesTcp443)
  return differences
}

function parseMeasurement(text: string): Measurement {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || !('udp' in value) || !('tcp' in value)) throw new LabError('PROBE_FAILED', `The probe printed no measurement: ${text.slice(0, 200)}`)
  return { udp: parseMeasured(value.udp), tcp: parseMeasured(value.tcp), reachesTcp443: 'reachesTcp443' in value && value.reachesTcp443 === true }
}

function parseMeasured(value: unknown): Measured {
  const fields: Record<string, unknown> = typeof value === 'object' && value !== null ? { ...value } : {}
  const flag = (name: string): boolean | undefined => typeof fields[name] === 'boolean' ? fields[name] : undefined
  return {
    mapping: parseDependence(fields['mapping']),
    filtering: parseDependence(fields['filtering']),
    hairpin: flag('hairpin'),
    survivesHalfOfIdle: flag('survivesHalfOfIdle'),
    survivesOneAndAHalfOfIdle: flag('survivesOneAndAHalfOfIdle'),
    keepsEndpointOverIdle: flag('keepsEndpointOverIdle')
  }
}

function parseDependence(value: unknown): Dependence | undefined {
  return value === 'endpoint-independent' || value === 'address-dependent' || value === 'address-and-port-dependent' ? value : undefined
}
