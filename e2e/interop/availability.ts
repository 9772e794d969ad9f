// What this machine can run, found out once before tests are declared, so that a skipped test says why in its name.
import { buildGoPeer } from './build-go-peers.ts'
import type { Generation } from './go-toolchain.ts'

/** One Go build as the tests see it. */
export interface Availability {
  readonly generation: Generation
  readonly available: boolean
  /** The generation, and where it is not available the reason: for names of tests. */
  readonly title: string
}

/** Both Go builds; builds what is not cached. */
export const GO_BUILDS: readonly Availability[] = (['legacy', 'current'] as const).map((generation) => {
  const build = buildGoPeer(generation, (line) => console.log(line))
  const available = build.state === 'built'
  return { generation, available, title: available ? generation : `${generation} (unsupported: ${build.why})` }
})
