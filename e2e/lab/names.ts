import { readFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'

// A namespace is called `gflab.<owner>.<serial>.<host>`. The owner is a process (pid and start time, so that a pid that was
// given out again is not taken for it) or `hand` for what a person brought up, which lives until it is taken down.

const PREFIX = 'gflab'

/** The owner of what a person brought up by command. */
export const BY_HAND = 'hand'

/** One namespace's name, taken apart. */
export interface NamespaceName {
  readonly labId: string
  readonly owner: string
  readonly host: string
  readonly name: string
}

/** A new laboratory's id, which starts with its owner. */
export function createLabId(owner: string): string {
  return `${owner}.${randomBytes(3).toString('hex')}`
}

/** The owner's name of a process that is running. */
export function ownerOf(pid: number): string {
  return `${pid}-${startTicks(pid) ?? 'gone'}`
}

/** The namespace of a host. */
export function namespaceName(labId: string, host: string): string {
  return `${PREFIX}.${labId}.${host}`
}

/** Takes a namespace's name apart; `undefined` for names that are not the laboratory's. */
export function parseNamespaceName(name: string): NamespaceName | undefined {
  const match = /^gflab\.((hand|\d+-\d+)\.[0-9a-f]{6})\.([a-z0-9-]+)$/.exec(name)
  if (match?.[1] === undefined || match[2] === undefined || match[3] === undefined) return undefined
  return { labId: match[1], owner: match[2], host: match[3], name }
}

/** True while the owner lives; always for what was brought up by hand. */
export function isOwnerAlive(owner: string): boolean {
  if (owner === BY_HAND) return true
  return ownerOf(Number(owner.split('-')[0])) === owner
}

/** When a process started, in clock ticks since boot (proc(5), field 22 of stat); `undefined` where there is none. */
function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
