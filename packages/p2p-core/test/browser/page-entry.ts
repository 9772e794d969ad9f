// What the test's page loads: the package as an application would, put where the test can reach it.
import { openIdbStorage } from '../../src/persistence/idb.browser.ts'
import { createPeer, openAccess, type Peer, type PeerOptions } from '../../src/index.ts'
import { storageContract } from '../../testing/storage.contract.ts'

declare global {
  var startPeer: (options: Partial<PeerOptions>) => Promise<Peer>
  var peer: Peer
  var runStorageContract: () => Promise<Record<string, string>>
}

globalThis.startPeer = async (options) => {
  globalThis.peer = await createPeer({ access: openAccess(), webrtc: false, ...options })
  return globalThis.peer
}

/** Runs the contract of the storage port on IndexedDB; returns what came of each rule. */
globalThis.runStorageContract = async () => {
  const rules: [string, () => Promise<void>][] = []
  storageContract({
    it: (name, run) => { rules.push([name, run]) },
    equal: (actual, expected) => {
      const [one, other] = [actual, expected].map((value) => JSON.stringify(value instanceof Uint8Array ? [...value] : value))
      if (one !== other) throw new TypeError(`${one?.slice(0, 100)} is not ${other?.slice(0, 100)}`)
    },
    open: openIdbStorage,
    keeps: true
  })
  const results: Record<string, string> = {}
  for (const [name, run] of rules) results[name] = await run().then(() => 'holds', (error: unknown) => String(error))
  return results
}
