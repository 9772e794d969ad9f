import { readdir } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { LabError } from './errors.ts'
import { STOP_GRACE_MS } from './limits.ts'
import { isOwnerAlive, parseNamespaceName, type NamespaceName } from './names.ts'
import { run } from './shell.ts'

const NETNS_DIRECTORY = '/run/netns'
const POLL_MS = 50

/** All namespaces of all laboratories on this machine. */
export async function listNamespaces(): Promise<NamespaceName[]> {
  const names = await readdir(NETNS_DIRECTORY).catch(() => [])
  return names.map(parseNamespaceName).filter((name) => name !== undefined).sort((a, b) => a.name.localeCompare(b.name))
}

/** Ends what still runs in the namespaces and removes them. */
export async function removeNamespaces(names: readonly string[]): Promise<void> {
  await Promise.all(names.map(stopProcesses))
  for (const name of names) {
    await run('ip', ['netns', 'del', name]).catch((error: unknown) => {
      // Someone else removed it in the meantime: that is what was wanted.
      if (!(error instanceof LabError) || !/No such file|Invalid argument/.test(error.message)) throw error
    })
  }
}

/** Removes laboratories whose owner is gone. Returns the names of the namespaces that went. */
export async function reapStale(): Promise<string[]> {
  const stale = (await listNamespaces()).filter(({ owner }) => !isOwnerAlive(owner)).map(({ name }) => name)
  await removeNamespaces(stale)
  return stale
}

/** Removes one laboratory, whoever owns it. */
export async function removeLab(labId: string): Promise<void> {
  await removeNamespaces((await listNamespaces()).filter((name) => name.labId === labId).map(({ name }) => name))
}

/** SIGTERM, a grace period, SIGKILL: for every process whose network is this namespace. */
async function stopProcesses(namespace: string): Promise<void> {
  signalAll(await pidsIn(namespace), 'SIGTERM')
  const until = Date.now() + STOP_GRACE_MS
  while (Date.now() < until) {
    if ((await pidsIn(namespace)).length === 0) return
    await delay(POLL_MS)
  }
  signalAll(await pidsIn(namespace), 'SIGKILL')
}

async function pidsIn(namespace: string): Promise<number[]> {
  const output = await run('ip', ['netns', 'pids', namespace]).catch(() => '')
  return output.split('\n').filter(Boolean).map(Number).filter((pid) => pid !== process.pid)
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch {
      // It ended by itself.
    }
  }
}
