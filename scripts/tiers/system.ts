import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { root } from '../checks/check.ts'

/** Whether system packages can be installed here: Debian's apt as root. */
function canInstall(): boolean {
  return process.getuid?.() === 0 && onPath('apt-get') !== undefined
}

/** The path of a program, or `undefined` where there is none of that name. */
export function onPath(program: string): string | undefined {
  return (process.env['PATH'] ?? '').split(delimiter).map((dir) => join(dir, program)).find((path) => existsSync(path))
}

/** Runs a program in the foreground and resolves with its exit code. */
export function inForeground(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> {
  const child = spawn(file, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'inherit'] })
  return new Promise((resolve) => {
    child.once('error', () => { resolve(127) })
    child.once('exit', (code) => { resolve(code ?? 1) })
  })
}

let listsUpdated = false

/** Installs one of Debian's packages, quietly. Returns whether it went well. */
function installPackage(name: string): boolean {
  console.log(`[set-up] Installing the system's package "${name}" …`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (args: readonly string[]): boolean => spawnSync('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=300', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
  if (!listsUpdated) listsUpdated = apt(['update'])
  return apt(['install', '-y', '--no-install-recommends', name])
}

/** Makes sure that a program is there, by a system package where that is allowed. Returns its path or why there is none. */
export function ensureProgram(program: string, packageName: string, setup: boolean): { path: string } | { missing: string } {
  const there = onPath(program)
  if (there !== undefined) return { path: there }
  if (!setup) return { missing: `"${program}" is not installed, and --no-setup forbids to install it` }
  if (!canInstall()) return { missing: `"${program}" is not installed, and installing the package "${packageName}" needs root and apt` }
  installPackage(packageName)
  const path = onPath(program)
  return path === undefined ? { missing: `"${program}" is not installed, and the package "${packageName}" could not be installed` } : { path }
}

/** Playwright's own browser, where an earlier run or the machine's owner has downloaded it. */
function playwrightChromium(): string | undefined {
  const cache = process.env['PLAYWRIGHT_BROWSERS_PATH'] ?? join(homedir(), '.cache/ms-playwright')
  if (!existsSync(cache)) return undefined
  const builds = readdirSync(cache).filter((name) => /^chromium-\d+$/.test(name)).sort()
  return builds.reverse().map((build) => join(cache, build, 'chrome-linux/chrome')).find((path) => existsSync(path))
}

/** A Chromium for the tests: one that is there, else Playwright's download, else the system's package. */
export async function ensureChromium(setup: boolean): Promise<{ path: string } | { missing: string }> {
  const given = process.env['GF_CHROMIUM']
  const there = given ?? ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'].map(onPath).find((path) => path !== undefined) ?? playwrightChromium()
  if (there !== undefined) return { path: there }
  if (!setup) return { missing: 'there is no Chromium here, and --no-setup forbids to get one' }
  console.log('[set-up] No Chromium here: trying the download of Playwright …')
  const cli = join(createRequire(join(root, 'e2e/package.json')).resolve('@playwright/test/package.json'), '../cli.js')
  await inForeground(process.execPath, [cli, 'install', 'chromium'])
  const downloaded = playwrightChromium()
  if (downloaded !== undefined) return { path: downloaded }
  return ensureProgram('chromium', 'chromium', setup)
}
