import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

/** Whether this machine can run the laboratory, and why not. */
export type LabSupport = { readonly available: true } | { readonly available: false; readonly reason: string }

/** Finds out whether the laboratory can run here. */
export async function labSupport(): Promise<LabSupport> {
  const namespaces = await namespaceSupport()
  if (!namespaces.available) return namespaces
  for (const program of ['nft', 'go']) {
    if (!(await isOnPath(program))) return unavailable(`the program "${program}" is missing (Debian packages: nftables, golang)`)
  }
  const tun = await access('/dev/net/tun', constants.R_OK | constants.W_OK).then(() => true, () => false)
  return tun ? { available: true } : unavailable('/dev/net/tun is missing: the user-space NAT needs TUN devices (modprobe tun)')
}

/** Finds out whether network namespaces can be made here. */
export async function namespaceSupport(): Promise<LabSupport> {
  if (process.platform !== 'linux') return unavailable('network namespaces exist on Linux only')
  if (process.getuid?.() !== 0) return unavailable('network namespaces need root: run the same command as root')
  return (await isOnPath('ip')) ? { available: true } : unavailable('the program "ip" is missing (Debian package: iproute2)')
}

function unavailable(reason: string): LabSupport {
  return { available: false, reason }
}

async function isOnPath(program: string): Promise<boolean> {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const found = await Promise.all(folders.map((folder) => access(join(folder, program), constants.X_OK).then(() => true, () => false)))
  return found.includes(true)
}
