// Memory and CPU of a process on Linux, from /proc.
import { readFileSync } from 'node:fs'

/** The kernel's clock ticks a second as seen by programs (USER_HZ): 100 on every Linux platform that Node supports. */
const TICKS_PER_S = 100

/** What a process has used so far. */
export interface Usage {
  readonly atMs: number
  /** Resident memory, bytes. */
  readonly rssBytes: number
  /** CPU time in user and kernel mode, ms. */
  readonly cpuMs: number
}

/** Reads the usage of a running process. */
export function usageOf(pid: number): Usage {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const rssKiB = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1])
  // Fields 14 and 15 of stat (proc(5)); the second field is a name in parentheses that may hold spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  const ticks = Number(fields[11]) + Number(fields[12])
  return { atMs: Date.now(), rssBytes: rssKiB * 1024, cpuMs: (ticks * 1000) / TICKS_PER_S }
}

/** What a process used between two readings: growth of memory in MB, CPU as share of one core. */
export function usageBetween(before: Usage, after: Usage): { rssGrowthMb: number; cpuShare: number; seconds: number } {
  const elapsedMs = after.atMs - before.atMs
  return {
    rssGrowthMb: (after.rssBytes - before.rssBytes) / 1e6,
    cpuShare: (after.cpuMs - before.cpuMs) / elapsedMs,
    seconds: elapsedMs / 1000
  }
}
