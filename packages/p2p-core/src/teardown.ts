/** What has been started, to be stopped in the opposite order. */
export interface Teardown {
  defer(stop: () => void | Promise<void>): void
  /** Stops everything, also what comes after something that failed; then throws the first failure. What is deferred later is not forgotten. */
  run(): Promise<void>
}

/** Makes an empty list of what is to be stopped. */
export function createTeardown(): Teardown {
  const stops: (() => void | Promise<void>)[] = []
  return {
    defer(stop) { stops.push(stop) },
    async run() {
      const failures: unknown[] = []
      for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) {
        try {
          await stop()
        } catch (error) {
          failures.push(error)
        }
      }
      if (failures.length > 0) throw failures[0]
    }
  }
}
