import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { countPlaywright, countVitest } from '../tiers/reports.ts'

let dir = ''
beforeAll(async () => { dir = await mkdtemp(join(tmpdir(), 'reports-')) })
afterAll(async () => { await rm(dir, { recursive: true, force: true }) })

async function report(content: unknown): Promise<string> {
  const path = join(dir, `${Math.random()}.json`)
  await writeFile(path, JSON.stringify(content))
  return path
}

test('a run without a report is a failure', async () => {
  expect(await countVitest('x', join(dir, 'none.json'), 0)).toMatchObject({ passed: 0, failed: 1 })
  expect(await countPlaywright('x', join(dir, 'none.json'), 0)).toMatchObject({ passed: 0, failed: 1 })
})

test('a file that breaks before its first test is a failure', async () => {
  const path = await report({ numPassedTests: 3, numFailedTests: 0, testResults: [{ status: 'failed', name: 'a.test.ts', assertionResults: [] }] })
  expect(await countVitest('x', path, 1)).toMatchObject({ passed: 3, failed: 1, skipped: 0 })
})

test('skipped tests of vitest are counted and named', async () => {
  const path = await report({ numPassedTests: 1, numFailedTests: 0, testResults: [{ status: 'passed', name: 'a', assertionResults: [{ status: 'pending', fullName: 'needs root' }, { status: 'passed' }] }] })
  expect(await countVitest('x', path, 0)).toEqual({ passed: 1, failed: 0, skipped: 1, notes: ['x: skipped: needs root'] })
})

test('an error outside of the tests is a failure', async () => {
  const path = await report({ numPassedTests: 1, numFailedTests: 0, testResults: [] })
  expect(await countVitest('x', path, 1)).toMatchObject({ passed: 1, failed: 1 })
})

test('a flaky test of Playwright is a failure, a skip keeps its reason', async () => {
  const suites = [{ suites: [{ specs: [{ title: 'direct', tests: [{ status: 'skipped', annotations: [{ type: 'skip', description: 'no namespace' }] }] }] }] }]
  const path = await report({ stats: { expected: 2, unexpected: 1, flaky: 1, skipped: 1 }, suites })
  expect(await countPlaywright('x', path, 1)).toEqual({ passed: 2, failed: 2, skipped: 1, notes: ['x: skipped: direct (no namespace)'] })
})
