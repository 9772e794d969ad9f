import { blackHoleScript, endBlackHoleScript } from './scripts.ts'
import { runInNamespace } from './shell.ts'

/** A cable that can be pulled. */
export interface Link {
  /** Takes the link down: both ends see that there is no carrier. */
  cut(): Promise<void>
  /** Loses every packet without a word: nobody sees anything but silence. */
  blackHole(): Promise<void>
  /** Undoes `cut` and `blackHole`, with the addresses and routes that went with them. */
  restore(): Promise<void>
}

/** The link behind a device; `configure` puts back what the kernel forgets when a link goes down. */
export function createLink(namespace: string, device: string, configure: () => Promise<void>): Link {
  return {
    cut: async () => { await runInNamespace(namespace, `ip link set ${device} down\n`) },
    blackHole: async () => { await runInNamespace(namespace, blackHoleScript(device)) },
    async restore() {
      await runInNamespace(namespace, endBlackHoleScript(device))
      await configure()
    }
  }
}
