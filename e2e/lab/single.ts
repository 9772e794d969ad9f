import { LabError } from './errors.ts'
import { createLabId, namespaceName, ownerOf } from './names.ts'
import { reapStale, removeLab } from './reaper.ts'
import { run, runInNamespace } from './shell.ts'
import { namespaceSupport } from './support.ts'
import { startWatchdog } from './watch.ts'

/** One computer that is on no network but has an interface: enough for WebRTC between programs on it. */
export interface SingleNamespace extends AsyncDisposable {
  readonly namespace: string
  /** Its address besides loopback. It is no secure origin for a browser. */
  readonly ipv4: string
}

const IPV4 = '10.88.0.2'
const GATEWAY = '10.88.0.1'

/** Makes a namespace with loopback, a veth pair that leads nowhere, and a default route. Throws UNSUPPORTED. */
export async function createSingleNamespace(): Promise<SingleNamespace> {
  const support = await namespaceSupport()
  if (!support.available) throw new LabError('UNSUPPORTED', support.reason)
  await reapStale()
  const id = createLabId(ownerOf(process.pid))
  const namespace = namespaceName(id, 'single')
  const watchdog = startWatchdog(id)
  await run('ip', ['netns', 'add', namespace])
  await runInNamespace(namespace, `
ip link set lo up
ip link add lan0 type veth peer name lan1
ip link set lan0 up
ip link set lan1 up
ip addr add ${IPV4}/24 dev lan0
ip route add default via ${GATEWAY} dev lan0
`)
  return {
    namespace,
    ipv4: IPV4,
    async [Symbol.asyncDispose]() {
      await removeLab(id)
      watchdog.release()
    }
  }
}
