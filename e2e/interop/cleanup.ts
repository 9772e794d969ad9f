// Stops what a test started, whatever the test's end.
import { afterEach } from 'vitest'

/** Call once in a test file. What is given to the returned function is stopped after the test, the last started first. */
export function stopAfterEach(): <T extends AsyncDisposable>(it: T) => T {
  const started: AsyncDisposable[] = []
  afterEach(async () => {
    for (const each of started.splice(0).toReversed()) await each[Symbol.asyncDispose]()
  })
  return (it) => {
    started.push(it)
    return it
  }
}
