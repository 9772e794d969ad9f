import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from '@playwright/test'
import { chromiumOptions } from '../../support/chromium.ts'
import { chromiumPath } from '../../support/environment.ts'
import { peerPage } from '../../support/peer-page.ts'
import { LabError } from '../errors.ts'
import type { LabHost } from '../host.ts'
import type { LabRelay } from './lab-relay.ts'
import type { Party } from './party.ts'

const ATTRIBUTES = { path: 'data-gf-path', reason: 'data-gf-path-reason', transport: 'data-gf-transport' } as const

/** A person with Chromium on a host of the laboratory. */
export async function startBrowserParty(host: LabHost, relay: LabRelay): Promise<Party> {
  const executable = chromiumPath()
  if (executable === undefined) throw new LabError('UNSUPPORTED', 'Chromium is not installed on this machine.')
  // Playwright starts a file: this one starts Chromium inside the host's namespace and hands its pipes on.
  const folder = await mkdtemp(join(tmpdir(), 'gf-browser-'))
  const wrapper = join(folder, 'chromium')
  const { command, args } = host.wrap(executable, [])
  await writeFile(wrapper, `#!/bin/sh\nexec ${[command, ...args].map((word) => `'${word}'`).join(' ')} "$@"\n`)
  await chmod(wrapper, 0o755)
  const browser = await chromium.launch({ ...chromiumOptions(), executablePath: wrapper })
  const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage()
  const lines: string[] = []
  page.on('console', (message) => lines.push(message.text()))
  await page.goto(relay.url)
  const person = peerPage(page)
  return {
    id: await person.joined(),
    async pathTo(id) {
      const element = person.person(id)
      if (await element.count() === 0) return undefined
      const read = async (name: string): Promise<string> => await element.getAttribute(name, { timeout: 1_000 }).catch(() => '') ?? ''
      return { path: await read(ATTRIBUTES.path), reason: await read(ATTRIBUTES.reason), transport: await read(ATTRIBUTES.transport) }
    },
    say: person.say,
    timesHeard: person.timesHeard,
    log: () => lines.join('\n'),
    async [Symbol.asyncDispose]() {
      await browser.close()
      await rm(folder, { recursive: true, force: true })
    }
  }
}
