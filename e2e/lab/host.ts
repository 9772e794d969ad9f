import { spawn, type ChildProcessByStdio, type SpawnOptions } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import type { HostAddresses } from './addresses.ts'
import { run } from './shell.ts'

/** A computer of the laboratory. */
export interface LabHost {
  readonly name: string
  readonly namespace: string
  readonly ipv4: string
  /** Public IPv6; `undefined` behind a NAT. */
  readonly ipv6: string | undefined
  /** The command line that runs a program on this host, for those who start it themselves (a browser, say). */
  wrap(command: string, args: readonly string[]): { readonly command: string; readonly args: string[] }
  /** Starts a program. The pid is the program's own. It is ended with the laboratory at the latest. */
  spawn(command: string, args: readonly string[], options?: Pick<SpawnOptions, 'cwd' | 'env'>): ChildProcessByStdio<Writable, Readable, Readable>
  /** Runs a program to its end and returns its standard output. Throws COMMAND_FAILED. */
  exec(command: string, args: readonly string[], options?: { readonly timeoutMs?: number; readonly input?: string }): Promise<string>
}

/** A handle on the host in that namespace. */
export function createHost(name: string, namespace: string, addresses: HostAddresses): LabHost {
  const wrap: LabHost['wrap'] = (command, args) => ({ command: 'ip', args: ['netns', 'exec', namespace, command, ...args] })
  return {
    name,
    namespace,
    ipv4: addresses.ipv4,
    ipv6: addresses.ipv6,
    wrap,
    spawn(command, args, options = {}) {
      const wrapped = wrap(command, args)
      return spawn(wrapped.command, wrapped.args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] })
    },
    exec(command, args, options = {}) {
      const wrapped = wrap(command, args)
      return run(wrapped.command, wrapped.args, options)
    }
  }
}
