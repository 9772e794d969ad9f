import { describe, expect, test } from 'vitest'
import { createLab } from './create.ts'
import { GATEWAY_KINDS } from './kinds.ts'
import { compareToLabel, measure, proveLabel } from './measure.ts'
import { needsLab } from './test-support.ts'
import { parseTopology, site, type Topology } from './topology.ts'

/** Short, so that the test of idle times does not take minutes; the label is as true at 2 s as at 30 s. */
const SHORT_IDLE = { udpIdleMs: 2_000, tcpIdleMs: 3_000 }

/** One site of each kind; kinds' names are too long for some hosts' names, hence numbers. */
const everyKind: Topology = { name: 'every kind', sites: GATEWAY_KINDS.map(({ name }, index) => site(`site-${index}`, name, [`h${index}`], SHORT_IDLE)) }

describe('gateways', () => {
  test('[NL1] [NL2] every kind does what its label says, idle times included', async (context) => {
    needsLab(context)
    await using lab = await createLab(everyKind)
    const problems: string[] = []
    const hosts = GATEWAY_KINDS.map((_, index) => `h${index}`)
    const next = hosts.values()
    const worker = async (): Promise<void> => {
      for (const host of next) await proveLabel(lab, host, { idle: true }).catch((error: unknown) => problems.push(String(error)))
    }
    await Promise.all([worker(), worker(), worker()])
    expect(problems).toEqual([])
  })

  test('[NL3] the probe tells gateways from what they are not', async (context) => {
    needsLab(context)
    await using lab = await createLab(parseTopology('pair:symmetric+port-restricted'))
    const measured = await measure(lab, 'a', { idle: false })
    expect(compareToLabel(site('a', 'full-cone', []), measured, { idle: false })).toEqual([
      'udp mapping is address-and-port-dependent instead of endpoint-independent',
      'udp filtering is address-and-port-dependent instead of endpoint-independent',
      'tcp mapping is address-and-port-dependent instead of endpoint-independent',
      'tcp filtering is address-and-port-dependent instead of endpoint-independent'
    ])
    expect(compareToLabel(site('a', 'no-udp', []), measured, { idle: false })).toContain('udp mapping is address-and-port-dependent instead of undefined')
    const other = await measure(lab, 'b', { idle: false })
    expect(compareToLabel(site('b', 'port-restricted-hairpin', []), other, { idle: false })).toEqual(['udp hairpin is false instead of true'])
  })
})
