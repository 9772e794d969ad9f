/** How a step ended, in tests. */
export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** What was skipped and why, and what failed outside of a test. */
  readonly notes: readonly string[]
}

/** The parts of a run that what the command line says has an influence on. */
export interface TierOptions {
  /** All of it (up to 40 minutes on two cores) instead of what is quick (up to 10). */
  readonly full: boolean
  /** Whether browsers and tools that are missing may be installed. */
  readonly setup: boolean
}

/** One part of the test run. */
export interface Step {
  readonly name: string
  run(options: TierOptions): Promise<Counts>
}

/** Nothing ran. */
export const NOTHING: Counts = { passed: 0, failed: 0, skipped: 0, notes: [] }

/** Adds up. */
export function sum(all: readonly Counts[]): Counts {
  return all.reduce((a, b) => ({
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    notes: [...a.notes, ...b.notes]
  }), NOTHING)
}
