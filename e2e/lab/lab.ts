// By hand: `node e2e/lab/lab.ts up TOPOLOGY | list | probe TOPOLOGY | down [LAB-ID]`. Needs root on Linux.
import { createLab } from './create.ts'
import { LabError } from './errors.ts'
import { GATEWAY_KINDS } from './kinds.ts'
import { proveLabel } from './measure.ts'
import { isOwnerAlive } from './names.ts'
import { listNamespaces, reapStale, removeNamespaces } from './reaper.ts'
import { TOPOLOGY_FORMS, parseTopology } from './topology.ts'

const USAGE = `usage: lab.ts COMMAND
  up TOPOLOGY     brings a laboratory up and leaves it there
  probe TOPOLOGY  brings one up, proves that each gateway does what its label says (idle times too), and removes it
  list            shows every laboratory on this machine and who owns it
  down [LAB-ID]   removes one that was brought up by hand, or all of those, and what crashed tests left
topologies:
  ${TOPOLOGY_FORMS.join('\n  ')}
kinds:
  ${GATEWAY_KINDS.map(({ name, about }) => `${name.padEnd(24)}${about}`).join('\n  ')}`

try {
  const [command, argument] = process.argv.slice(2)
  if (command === 'up' && argument !== undefined) await up(argument)
  else if (command === 'probe' && argument !== undefined) await probe(argument)
  else if (command === 'list') await list()
  else if (command === 'down') await down(argument)
  else {
    console.error(USAGE)
    process.exitCode = 2
  }
} catch (error) {
  console.error(error instanceof LabError ? `${error.code}: ${error.message}` : error)
  process.exitCode = 1
}

async function up(topologyName: string): Promise<void> {
  const lab = await createLab(parseTopology(topologyName), { byHand: true })
  console.log(`Up: ${lab.id} (${topologyName})`)
  for (const site of lab.topology.sites) {
    console.log(`  ${site.name}: ${site.gateway.name}${lab.external(site.name) === undefined ? '' : `, seen as ${lab.external(site.name)}`}`)
    for (const name of site.hosts) {
      const host = lab.host(name)
      console.log(`    ${name}  ${host.ipv4}${host.ipv6 === undefined ? '' : `  ${host.ipv6}`}\n      ip netns exec ${host.namespace} COMMAND`)
    }
  }
  console.log(`Down: node e2e/lab/lab.ts down ${lab.id}`)
}

async function probe(topologyName: string): Promise<void> {
  await using lab = await createLab(parseTopology(topologyName))
  const hosts = lab.topology.sites.flatMap(({ hosts }) => hosts.slice(0, 1)).filter((name) => name !== 'relay')
  for (const name of hosts) console.log(`${name}: ${JSON.stringify(await proveLabel(lab, name, { idle: true }))}`)
}

async function list(): Promise<void> {
  for (const { name, owner } of await listNamespaces()) console.log(`${name}  ${isOwnerAlive(owner) ? owner : `${owner} (gone: "down" removes it)`}`)
}

async function down(labId: string | undefined): Promise<void> {
  const reaped = await reapStale()
  const byHand = (await listNamespaces()).filter((name) => name.owner === 'hand' && (labId === undefined || name.labId === labId)).map(({ name }) => name)
  await removeNamespaces(byHand)
  console.log(`Removed ${reaped.length + byHand.length} namespaces.`)
}
