import { readFile } from 'node:fs/promises'
import type { Counts } from './step.ts'

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function number(record: Record<string, unknown>, key: string): number {
  const value = record[key]
  return typeof value === 'number' ? value : 0
}

function list(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : []
}

async function readReport(path: string): Promise<Record<string, unknown> | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  const value: unknown = text === undefined ? undefined : JSON.parse(text)
  return isRecord(value) ? value : undefined
}

/** A run that left no report failed, whatever its exit code. */
function noReport(name: string): Counts {
  return { passed: 0, failed: 1, skipped: 0, notes: [`${name}: the runner ended without a report`] }
}

/** Counts vitest's JSON report. A file that fails before its first test, and an error outside of tests, count as one failure. */
export async function countVitest(name: string, path: string, exitCode: number): Promise<Counts> {
  const report = await readReport(path)
  if (report === undefined) return noReport(name)
  const files = list(report['testResults'])
  const broken = files.filter((file) => file['status'] === 'failed' && !list(file['assertionResults']).some((test) => test['status'] === 'failed'))
  const skipped = files.flatMap((file) => list(file['assertionResults'])).filter((test) => test['status'] === 'pending' || test['status'] === 'skipped' || test['status'] === 'todo')
  const failed = number(report, 'numFailedTests') + broken.length
  const outside = exitCode !== 0 && failed === 0 ? 1 : 0
  return {
    passed: number(report, 'numPassedTests'),
    failed: failed + outside,
    skipped: skipped.length,
    notes: [
      ...skipped.map((test) => `${name}: skipped: ${String(test['fullName'])}`),
      ...broken.map((file) => `${name}: failed to run: ${String(file['name']).split('/').pop() ?? ''}`),
      ...(outside === 1 ? [`${name}: an error outside of the tests (exit ${exitCode}); it is printed above`] : [])
    ]
  }
}

/** Counts Playwright's JSON report. A flaky test is a failed one; an error outside of tests counts as one failure. */
export async function countPlaywright(name: string, path: string, exitCode: number): Promise<Counts> {
  const report = await readReport(path)
  const stats = report === undefined ? undefined : report['stats']
  if (report === undefined || !isRecord(stats)) return noReport(name)
  const failed = number(stats, 'unexpected') + number(stats, 'flaky')
  const outside = exitCode !== 0 && failed === 0 ? 1 : 0
  const skipped = skippedSpecs(list(report['suites']))
  return {
    passed: number(stats, 'expected'),
    failed: failed + outside,
    skipped: number(stats, 'skipped'),
    notes: [...skipped.map((title) => `${name}: skipped: ${title}`), ...(outside === 1 ? [`${name}: an error outside of the tests (exit ${exitCode}); it is printed above`] : [])]
  }
}

function skippedSpecs(suites: readonly Record<string, unknown>[]): string[] {
  return suites.flatMap((suite) => [
    ...skippedSpecs(list(suite['suites'])),
    ...list(suite['specs']).flatMap((spec) => list(spec['tests']).filter((test) => test['status'] === 'skipped').map((test) => {
      const reason = list(test['annotations']).map((annotation) => annotation['description']).find((text) => typeof text === 'string')
      return `${String(spec['title'])}${reason === undefined ? '' : ` (${String(reason)})`}`
    }))
  ])
}
