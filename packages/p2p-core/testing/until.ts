import { P2pError } from '../src/index.ts'

const POLL_MS = 10

/** Resolves once the condition holds. Throws P2pError DIAL_TIMEOUT after `timeoutMs`. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs
  while (!await condition()) {
    if (performance.now() > deadlineMs) throw new P2pError('DIAL_TIMEOUT', `This did not become true within ${timeoutMs} ms: ${condition.toString()}`)
    await new Promise((resolve) => { setTimeout(resolve, POLL_MS) })
  }
}
