// Builds both Go peers for the interop tests: `node e2e/interop/build-go-peers.ts`. Dependency-free: runs before an install.
import { join } from 'node:path'
import { type Built, buildGo } from './go-build.ts'
import type { Generation, Unsupported } from './go-toolchain.ts'

const here = import.meta.dirname

/** Where binaries of Go programs are kept; ignored by git. */
export const goCacheDir = join(here, '../../.tools/go-peer')

/** Builds the Go peer of one generation, or says why this machine cannot. */
export function buildGoPeer(generation: Generation, log: (line: string) => void = console.log): Built | Unsupported {
  return buildGo(
    {
      name: `go-peer-${generation}`,
      generation,
      dir: join(here, 'go-peer'),
      pkg: '.',
      modFile: generation === 'legacy' ? 'legacy.mod' : 'go.mod',
      tags: generation === 'legacy' ? ['legacy'] : [],
      cacheDir: goCacheDir
    },
    log
  )
}

if (import.meta.main) {
  for (const generation of ['legacy', 'current'] as const) {
    const result = buildGoPeer(generation)
    console.log(`${generation}: ${result.state === 'built' ? `${result.path} (Go ${result.goVersion})` : `unsupported: ${result.why}`}`)
  }
}
