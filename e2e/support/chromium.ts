import type { LaunchOptions } from '@playwright/test'
import { chromiumPath } from './environment.ts'

/** Nothing that Chromium does by itself over the network, and as root no sandbox, which it refuses there. */
const ARGUMENTS = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

/** How Chromium is started. */
export function chromiumOptions(): LaunchOptions {
  const executablePath = chromiumPath()
  return {
    args: [...ARGUMENTS, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
    ...(executablePath === undefined ? {} : { executablePath })
  }
}
