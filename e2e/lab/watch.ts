import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { letGo } from './background.ts'

/** A process that waits for the end of this one. */
export interface Watchdog {
  /** Lets it end: it then removes what is left of the laboratory. */
  release(): void
}

/** Starts a process of its own that outlives a crash of this one and then removes the laboratory. */
export function startWatchdog(labId: string): Watchdog {
  const child = spawn(process.execPath, [fileURLToPath(new URL('watchdog.ts', import.meta.url)), labId], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  letGo(child)
  return { release: () => { child.stdin?.end() } }
}
