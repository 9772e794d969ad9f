import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { findToolchain, goEnv } from './go-toolchain.ts'

const toolchain = findToolchain('current', console.log)
const title = 'state' in toolchain ? ` (unsupported: ${toolchain.why})` : ''

for (const command of ['vet', 'test']) {
  it.skipIf('state' in toolchain)(`go ${command} of gfauthz and its example passes${title}`, { timeout: 300_000 }, () => {
    if ('state' in toolchain) return
    const run = spawnSync(toolchain.go, [command, './...'], { cwd: join(import.meta.dirname, '../../go/gfauthz'), env: goEnv(), encoding: 'utf8' })
    expect(run.status, `${run.stdout}\n${run.stderr}`).toBe(0)
  })
}
