// Judges cases of vectors/ by the Go verifier.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { goCacheDir } from './build-go-peers.ts'
import { type Built, buildGo } from './go-build.ts'
import type { Unsupported } from './go-toolchain.ts'

/** What both judges take. */
export interface Case {
  readonly id: string
  readonly kind: string
  readonly now: number
  readonly input: string
  readonly context: object
}

/** Builds go/gfauthz/cmd/verify-vector, or says why this machine cannot. */
export function buildGoJudge(log: (line: string) => void = console.log): Built | Unsupported {
  return buildGo(
    { name: 'verify-vector', generation: 'current', dir: join(import.meta.dirname, '../../go/gfauthz'), pkg: './cmd/verify-vector', modFile: 'go.mod', tags: [], cacheDir: goCacheDir },
    log
  )
}

/** The verdicts of one process on many cases, in their order. Throws where it ends otherwise than in order. */
export async function judgeInGo(path: string, cases: readonly Case[]): Promise<unknown[]> {
  const child = spawn(path, ['-all'], { stdio: ['pipe', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-4096)))
  child.stdin.on('error', () => {}) // the exit says why
  const verdicts: unknown[] = []
  createInterface({ input: child.stdout }).on('line', (line) => verdicts.push(JSON.parse(line)))
  const closed = once(child, 'close')
  for (const each of cases) {
    if (!child.stdin.write(`${JSON.stringify(each)}\n`)) await Promise.race([once(child.stdin, 'drain').catch(() => closed), closed])
  }
  child.stdin.end()
  const [code] = await closed
  if (code !== 0 || verdicts.length !== cases.length) throw new Error(`verify-vector ended with ${String(code)} after ${verdicts.length} of ${cases.length} cases: ${stderr}`)
  return verdicts
}
