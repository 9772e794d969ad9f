import { guestAddresses, planSite, type HostAddresses, type SitePlan } from './addresses.ts'
import { LabError } from './errors.ts'
import { buildGateway, needsProgram, startGateway } from './gateway.ts'
import { createHost, type LabHost } from './host.ts'
import { createLink, type Link } from './link.ts'
import { BY_HAND, createLabId, namespaceName, ownerOf } from './names.ts'
import { reapStale, removeLab } from './reaper.ts'
import { FORWARDING_SCRIPT, coreScript, firewallScript, gatewayLanScript, gatewayWanScript, hostScript, masqueradeScript, tunScript } from './scripts.ts'
import { run, runInNamespace } from './shell.ts'
import { labSupport } from './support.ts'
import { checked, site, type Site, type Topology } from './topology.ts'
import { startWatchdog } from './watch.ts'

/** The number of the site with the probe's server; beyond those of a topology. */
const PROBE_SITE_NUMBER = 250
const PROBE_SECOND_HOST_OCTET = 11

/** A laboratory that is up. */
export interface Lab extends AsyncDisposable {
  readonly id: string
  readonly topology: Topology
  /** The host of that name; throws TOPOLOGY_UNKNOWN. `probe` is always there, with two addresses. */
  host(name: string): LabHost
  /** The link of a site (between its gateway and the world) or of a host (its cable). */
  link(name: string): Link
  /** Unplugs a host and plugs it in at another site, as a phone that leaves the Wi-Fi. Its addresses change; returns it anew. */
  move(hostName: string, siteName: string): Promise<LabHost>
  /** The address that the world sees of a site behind a NAT. */
  external(siteName: string): string | undefined
  /** The two public addresses of the host `probe`. */
  readonly probeAddresses: readonly [string, string]
  /** Ends everything that runs in it and removes it. May be called twice. */
  remove(): Promise<void>
}

interface PlannedSite {
  readonly site: Site
  readonly plan: SitePlan
  readonly coreDevice: string
  readonly gateway: string
}

/**
 * Brings a laboratory up: a core that only routes between sites and has no way out of the machine, a gateway for each site, and
 * the hosts, each in a network namespace. It goes with `remove`, with `await using`, or with the end of this process; with
 * `byHand` it stays until `lab.ts down`. Throws UNSUPPORTED with the reason where the machine cannot do this.
 */
export async function createLab(wanted: Topology, options: { readonly byHand?: boolean } = {}): Promise<Lab> {
  const support = await labSupport()
  if (!support.available) throw new LabError('UNSUPPORTED', `The network laboratory cannot run here: ${support.reason}.`)
  const topology = checked(wanted)
  await reapStale()
  const program = topology.sites.some(needsProgram) ? await buildGateway() : ''
  const byHand = options.byHand ?? false
  const id = createLabId(byHand ? BY_HAND : ownerOf(process.pid))
  const core = namespaceName(id, 'core')
  const planned = [...topology.sites, site('probe-site', 'open', ['probe'])].map((each, index): PlannedSite => {
    const number = index < topology.sites.length ? index + 1 : PROBE_SITE_NUMBER
    return { site: each, plan: planSite(each, number), coreDevice: `site${number}`, gateway: namespaceName(id, `gw-${each.name}`) }
  })
  const watchdog = byHand ? undefined : startWatchdog(id)
  const remove = async (): Promise<void> => {
    await removeLab(id)
    watchdog?.release()
  }
  try {
    await run('ip', ['-batch', '-'], { input: linksBatch(id, core, planned) })
    await runInNamespace(core, FORWARDING_SCRIPT + planned.map(({ coreDevice, plan }) => coreScript(coreDevice, plan)).join(''))
    await Promise.all(planned.map(async (each) => {
      await runInNamespace(each.gateway, FORWARDING_SCRIPT + gatewayWanScript(each.plan) + gatewayLanScript(each.plan) + firewallScript(each.site))
      if (each.site.gateway.nat === 'masquerade') await runInNamespace(each.gateway, masqueradeScript(each.site, each.plan))
      if (needsProgram(each.site)) {
        await startGateway(program, each.gateway, each.site, each.plan, { detached: byHand })
        await runInNamespace(each.gateway, tunScript(each.site, each.plan))
      }
      await Promise.all([...each.plan.hosts].map(([name, addresses]) => runInNamespace(namespaceName(id, name), hostScript(each.plan, addresses, moreAddresses(name, each.plan)))))
    }))
  } catch (error) {
    await remove()
    throw error
  }
  return openLab({ id, topology, core, planned, remove })
}

function openLab(parts: { readonly id: string; readonly topology: Topology; readonly core: string; readonly planned: readonly PlannedSite[]; readonly remove: () => Promise<void> }): Lab {
  const { id, topology, core, planned, remove } = parts
  const hosts = new Map<string, LabHost>()
  const links = new Map<string, Link>()
  const find = <Thing>(map: ReadonlyMap<string, Thing>, name: string): Thing => {
    const thing = map.get(name)
    if (thing === undefined) throw new LabError('TOPOLOGY_UNKNOWN', `"${name}" is not in the topology "${topology.name}". There are: ${[...map.keys()].join(', ')}.`)
    return thing
  }
  const plug = (name: string, plan: SitePlan, addresses: HostAddresses): LabHost => {
    const namespace = namespaceName(id, name)
    const host = createHost(name, namespace, addresses)
    hosts.set(name, host)
    links.set(name, createLink(namespace, 'eth0', async () => { await runInNamespace(namespace, hostScript(plan, addresses, moreAddresses(name, plan))) }))
    return host
  }
  for (const { site, plan, coreDevice, gateway } of planned) {
    links.set(site.name, createLink(core, coreDevice, async () => {
      await runInNamespace(core, coreScript(coreDevice, plan))
      await runInNamespace(gateway, gatewayWanScript(plan))
    }))
    for (const [name, addresses] of plan.hosts) plug(name, plan, addresses)
  }
  let moves = 0
  const move = async (hostName: string, siteName: string): Promise<LabHost> => {
    const { namespace } = find(hosts, hostName)
    const { plan, gateway } = find(new Map(planned.map((each) => [each.site.name, each])), siteName)
    const addresses = guestAddresses(plan, moves)
    const port = `guest${moves++}`
    await runInNamespace(namespace, 'ip link del eth0\n')
    await run('ip', ['link', 'add', port, 'netns', gateway, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace])
    await runInNamespace(gateway, `ip link set ${port} master lan\nip link set ${port} up\n`)
    await runInNamespace(namespace, hostScript(plan, addresses))
    return plug(hostName, plan, addresses)
  }
  const probe = find(hosts, 'probe').ipv4
  return {
    id,
    topology,
    host: (name) => find(hosts, name),
    link: (name) => find(links, name),
    move,
    external: (siteName) => planned.find(({ site }) => site.name === siteName)?.plan.external,
    probeAddresses: [probe, secondAddress(probe)],
    remove,
    [Symbol.asyncDispose]: remove
  }
}

/** Namespaces and cables for `ip -batch`. */
function linksBatch(id: string, core: string, planned: readonly PlannedSite[]): string {
  const lines = [`netns add ${core}`]
  for (const { site, coreDevice, gateway } of planned) {
    lines.push(`netns add ${gateway}`, `link add ${coreDevice} netns ${core} type veth peer name wan netns ${gateway}`)
    site.hosts.forEach((host, index) => {
      const namespace = namespaceName(id, host)
      lines.push(`netns add ${namespace}`, `link add lan${index} netns ${gateway} type veth peer name eth0 netns ${namespace}`)
    })
  }
  return `${lines.join('\n')}\n`
}

function moreAddresses(host: string, plan: SitePlan): string[] {
  const own = plan.hosts.get(host)?.ipv4
  return host === 'probe' && own !== undefined ? [secondAddress(own)] : []
}

function secondAddress(ipv4: string): string {
  return `${ipv4.split('.').slice(0, 3).join('.')}.${PROBE_SECOND_HOST_OCTET}`
}
