import { setTimeout as delay } from 'node:timers/promises'
import { createLab, type Lab } from '../create.ts'
import { proveLabel } from '../measure.ts'
import { parseTopology } from '../topology.ts'
import { startBrowserParty } from './browser-party.ts'
import { startLabRelay } from './lab-relay.ts'
import { startNodeParty } from './node-party.ts'
import type { Party, SeenPath } from './party.ts'

/** What kind of program a party is. */
export type PartyKind = 'browser' | 'node'

/** A pair of peers behind a pair of gateways. */
export interface Cell {
  readonly peers: readonly [PartyKind, PartyKind]
  /** `pair:KIND+KIND` or `lan:KIND`. */
  readonly topology: string
}

/** What came of a cell. Times count from the moment that both had joined. */
export interface CellResult {
  /** As the first and as the second see it. */
  readonly paths: readonly [SeenPath, SeenPath]
  /** Until the two saw each other. */
  readonly metMs: number
  /** Until both were direct; `undefined` where they stayed relayed. */
  readonly directMs: number | undefined
  /** How often a message arrived that the first, and one that the second said after the path had settled: 1 and 1. */
  readonly heard: readonly [number, number]
}

const NO_PATH: SeenPath = { path: 'none', reason: 'none', transport: 'none' }

const MEET_TIMEOUT_MS = 45_000

/** A path that is still relayed after this, with a reason that is final, stays so. */
const SETTLE_TIMEOUT_MS = 60_000
const POLL_MS = 100
const HEAR_TIMEOUT_MS = 10_000

/** Brings the cell's laboratory up, proves its gateways, and lets the two peers find each other. */
export async function runCell(cell: Cell, options: { readonly prove: boolean }): Promise<CellResult> {
  await using lab = await createLab(parseTopology(cell.topology))
  if (options.prove) for (const host of new Set([firstHostOf(lab, 'site-a'), firstHostOf(lab, 'site-b')])) if (host !== undefined) await proveLabel(lab, host, { idle: false })
  await using relay = await startLabRelay(lab.host('relay'))
  await using first = await startParty(cell.peers[0], lab, 'a', relay)
  await using second = await startParty(cell.peers[1], lab, 'b', relay)
  return await observe(first, second) // before the parties are stopped
}

function firstHostOf(lab: Lab, siteName: string): string | undefined {
  return lab.topology.sites.find(({ name }) => name === siteName)?.hosts[0]
}

function startParty(kind: PartyKind, lab: Lab, host: string, relay: Parameters<typeof startNodeParty>[1]): Promise<Party> {
  return kind === 'node' ? startNodeParty(lab.host(host), relay) : startBrowserParty(lab.host(host), relay)
}

async function observe(first: Party, second: Party): Promise<CellResult> {
  const startMs = performance.now()
  const seen = (): Promise<[SeenPath | undefined, SeenPath | undefined]> => Promise.all([first.pathTo(second.id), second.pathTo(first.id)])
  await until(MEET_TIMEOUT_MS, `the two see each other\n${first.log()}\n----\n${second.log()}`, async () => (await seen()).every((path) => path !== undefined))
  const metMs = Math.round(performance.now() - startMs)
  let paths = await seen()
  const settled = await until(SETTLE_TIMEOUT_MS, undefined, async () => {
    paths = await seen()
    return paths.every((path) => path !== undefined && path.path !== 'relayed') || paths.every((path) => path !== undefined && path.path === 'relayed' && path.reason !== 'upgrading')
  })
  const direct = paths.every((path) => path !== undefined && path.path !== 'relayed')
  const directMs = settled && direct ? Math.round(performance.now() - startMs) : undefined
  return { paths: [paths[0] ?? NO_PATH, paths[1] ?? NO_PATH], metMs, directMs, heard: await talk(first, second) }
}

async function talk(first: Party, second: Party): Promise<[number, number]> {
  const [there, back] = [crypto.randomUUID(), crypto.randomUUID()]
  await first.say(there)
  await second.say(back)
  await until(HEAR_TIMEOUT_MS, undefined, async () => await second.timesHeard(there) > 0 && await first.timesHeard(back) > 0)
  return [await second.timesHeard(there), await first.timesHeard(back)]
}

/** Polls; returns whether it became true in time, or rejects with `what` where that is given. */
async function until(timeoutMs: number, what: string | undefined, condition: () => Promise<boolean>): Promise<boolean> {
  const untilMs = performance.now() + timeoutMs
  for (;;) {
    if (await condition()) return true
    if (performance.now() > untilMs) {
      if (what === undefined) return false
      throw new Error(`not within ${timeoutMs} ms: ${what}`)
    }
    await delay(POLL_MS)
  }
}
