import { defineConfig } from '@playwright/test'
import { chromiumOptions } from './support/chromium.ts'
import { jsonReportPath } from './support/environment.ts'

const report = jsonReportPath()

/** Two cores are the machine that this is sized for: a browser and a relay each want one. */
export default defineConfig({
  testDir: 'specs',
  testMatch: '*.spec.ts',
  outputDir: 'build/test-results',
  workers: 2,
  fullyParallel: true,
  // Deadlines are for a machine that is busy with other things; nothing waits for them when all is well.
  timeout: 120_000,
  expect: { timeout: 30_000 },
  forbidOnly: true,
  retries: 0,
  reporter: [['list'], ...(report === undefined ? [] : [['json', { outputFile: report }] satisfies ['json', object]])],
  use: {
    browserName: 'chromium',
    launchOptions: chromiumOptions(),
    trace: 'off',
    screenshot: 'only-on-failure',
    actionTimeout: 30_000,
    serviceWorkers: 'allow'
  }
})
