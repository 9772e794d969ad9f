import { SELF_TEST_STEP_MS } from '../limits.ts'
import { STEPS } from './steps.ts'
import type { Snapshot } from '../peer/client.ts'
import type { Finding, Step, StepResult, TestBench } from './steps.ts'

/** Runs the steps one after the other, each in bounded time, and yields what each found. */
export async function* runSelfTest(snapshot: () => Snapshot, steps: readonly Step[] = STEPS, origin: string = location.origin): AsyncIterable<StepResult> {
  const bench: TestBench = { snapshot, origin, info: undefined }
  for (const step of steps) {
    const finding = await runStep(step, bench)
    yield { id: step.id, title: step.title, ...finding }
  }
}

async function runStep(step: Step, bench: TestBench): Promise<Finding> {
  const signal = AbortSignal.timeout(SELF_TEST_STEP_MS)
  const late = new Promise<Finding>((resolve) => {
    signal.addEventListener('abort', () => {
      resolve({ outcome: 'failed', finding: `No answer within ${SELF_TEST_STEP_MS / 1000} s.`, advice: 'Check again; if it stays like this, look at the step before it.' })
    }, { once: true })
  })
  try {
    return await Promise.race([step.run(bench, signal), late])
  } catch (error) {
    return { outcome: 'failed', finding: error instanceof Error ? error.message : String(error), advice: 'Reload the page and check again.' }
  }
}
