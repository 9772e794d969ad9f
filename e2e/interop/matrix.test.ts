import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { chromiumPath } from '../support/environment.ts'
import { GO_BUILDS } from './availability.ts'

const ROOT = join(import.meta.dirname, '../..')
/** Four minutes on two cores that do nothing else. */
const TIMEOUT_MS = 900_000

/** Why this machine cannot try every cell; undefined where it can. */
function whyNotHere(): string | undefined {
  const missing = GO_BUILDS.find((build) => !build.available)
  if (missing !== undefined) return missing.title
  if (chromiumPath() === undefined) return 'there is no Chromium'
  return existsSync(join(ROOT, 'apps/web/build/index.html')) ? undefined : 'the page is not built: pnpm -C apps/web build'
}

const reason = whyNotHere()
it.skipIf(reason !== undefined)(`[GO23] the committed matrix is what a run gives${reason === undefined ? '' : ` (${reason})`}`, { timeout: TIMEOUT_MS }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gf-matrix-'))
  const out = join(folder, 'matrix.md')
  try {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'matrix.ts'), '--strict', '--out', out], { stdio: ['ignore', 'pipe', 'inherit'] })
    let lines = ''
    child.stdout.on('data', (chunk: Buffer) => (lines += chunk.toString()))
    const [code] = await once(child, 'close')
    expect(code, lines).toBe(0)
    expect(readFileSync(out, 'utf8')).toBe(readFileSync(join(ROOT, 'docs/interop-matrix.md'), 'utf8'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
