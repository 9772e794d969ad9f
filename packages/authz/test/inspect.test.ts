import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { inspect } from '../bin/inspect.ts'
import { parseVector, type VectorCase } from '../testing/index.ts'

const NOW = 1_800_000_000
const PROGRAM = fileURLToPath(new URL('../bin/gloflow-authz', import.meta.url))

async function vector(kind: string, id: string): Promise<VectorCase> {
  const cases: unknown = JSON.parse(await readFile(new URL(`../../../vectors/${kind}.json`, import.meta.url), 'utf8'))
  const found = Array.isArray(cases) ? cases.find((candidate) => candidate.id === id) : undefined
  if (found === undefined) throw new RangeError(`no case ${id}`)
  return parseVector(JSON.stringify(found))
}

const bytes = (input: string): Uint8Array => Uint8Array.from(Buffer.from(input, 'base64'))

describe('gloflow-authz inspect', () => {
  it('prints a chain readably, and that it verifies', async () => {
    const { input } = await vector('bundle', 'AZ13-guest-views')
    const run = spawnSync(process.execPath, [PROGRAM, 'inspect', input, '--now', String(NOW)], { encoding: 'utf8' })
    expect(run.status).toBe(0)
    expect(run.stdout).toContain('bundle of')
    for (const part of ['0 root: the flow, given to its owner', '1 grant: admin', '2 invitation link: view', '3 guest of a link: view', 'the role viewer', 'VERIFIES']) expect(run.stdout).toContain(part)
    expect(run.stdout).not.toContain('✗')
  })

  it('says at which link and why one does not', async () => {
    const cases = [
      ['bundle', 'AZ15-forged-last', 'SIGNATURE_INVALID'],
      ['bundle', 'AZ13-editor-redelegates', 'MAY_NOT_DELEGATE at link 3'],
      ['bundle', 'AZ13-editor-redelegates', '3 grant: tagger'],
      ['bundle', 'AZ14-middle-link-expired', 'EXPIRED'],
      ['delegation', 'AZ10-t21-cmd-upper', 'COMMAND_INVALID'],
      ['delegation', 'AZ1-t15-trailing-byte', 'CBOR_INVALID'],
      ['delegation', 'AZ6-t17-y-p', 'KEY_WEAK']
    ] as const
    for (const [kind, id, wanted] of cases) {
      const report = await inspect(bytes((await vector(kind, id)).input), NOW)
      expect(report.verifies, id).toBe(false)
      expect(report.text, id).toContain(wanted)
    }
  })

  it('takes a token alone, a file and standard input, in any usual encoding', async () => {
    const { input } = await vector('delegation', 'AZ9-t08-exp-largest')
    const hex = Buffer.from(input, 'base64').toString('hex')
    for (const encoded of [Buffer.from(input, 'base64').toString('base64url'), hex]) {
      const run = spawnSync(process.execPath, [PROGRAM, 'inspect', '-', '--now', String(NOW)], { input: `${encoded}\n`, encoding: 'utf8' })
      expect(run.stdout).toContain('no root: a part of a chain')
      expect(run.stdout).toContain('9007199254740991 s')
      expect(run.status).toBe(0)
    }
  })

  it('says how it is used where it is used otherwise', () => {
    for (const args of [[], ['inspect', 'AA', '--now', 'soon']]) {
      const run = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8' })
      expect(run.status).toBe(2)
      expect(run.stderr).toContain('gloflow-authz inspect TOKEN|BUNDLE')
    }
    expect(spawnSync(process.execPath, [PROGRAM, 'inspect', '@/no/such/file'], { encoding: 'utf8' }).status).toBe(2)
  })
})
