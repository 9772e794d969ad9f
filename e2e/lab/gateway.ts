import { createHash } from 'node:crypto'
import { spawn } from 'node:child_process'
import { mkdir, readdir, readFile, rename, stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { letGo } from './background.ts'
import { LabError } from './errors.ts'
import { GATEWAY_BUILD_TIMEOUT_MS, GATEWAY_READY_TIMEOUT_MS } from './limits.ts'
import type { SitePlan } from './addresses.ts'
import { run } from './shell.ts'
import type { Site } from './topology.ts'

const SOURCE = fileURLToPath(new URL('nat', import.meta.url))
const CACHE = fileURLToPath(new URL('../build/lab', import.meta.url))

/** Compiles the user-space gateway once for each state of its source. Returns the program's path. */
export async function buildGateway(): Promise<string> {
  const files = (await readdir(SOURCE)).filter((name) => /\.(go|mod)$/.test(name)).sort()
  const hash = createHash('sha256')
  for (const name of files) hash.update(name).update('\0').update(await readFile(join(SOURCE, name)))
  const program = join(CACHE, `nat-${hash.digest('hex').slice(0, 16)}`)
  if (await stat(program).then(() => true, () => false)) return program
  await mkdir(CACHE, { recursive: true })
  const unfinished = `${program}.${process.pid}`
  await run('go', ['build', '-trimpath', '-o', unfinished, '.'], {
    cwd: SOURCE,
    timeoutMs: GATEWAY_BUILD_TIMEOUT_MS,
    env: { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '-mod=mod', GOWORK: 'off' }
  })
  await rename(unfinished, program)
  return program
}

/** True for a site whose packets go through the user-space gateway. */
export function needsProgram(site: Site): boolean {
  return site.gateway.nat === 'user-space' || (site.gateway.nat === 'none' && site.timing.delayMs > 0)
}

/**
 * Starts the user-space gateway of a site in its namespace, and waits until its device is there. With `detached` it lives on
 * without this process; otherwise it ends with it, however that ends.
 */
export async function startGateway(program: string, namespace: string, site: Site, plan: SitePlan, options: { readonly detached: boolean }): Promise<void> {
  const child = spawn('ip', ['netns', 'exec', namespace, program, ...gatewayFlags(site, plan), ...(options.detached ? ['-stay'] : [])], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true // a Ctrl-C at the terminal is for the owner, who then takes the laboratory down in order
  })
  const errors: string[] = []
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString('utf8')))
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string): void => reject(new LabError('GATEWAY_FAILED', `The gateway of "${site.name}" did not start (${why}): ${errors.join('').trim()}`))
    const timer = setTimeout(() => fail('no answer'), GATEWAY_READY_TIMEOUT_MS)
    createInterface({ input: child.stdout }).once('line', () => {
      clearTimeout(timer)
      resolve()
    })
    child.once('error', (error) => fail(error.message))
    child.once('exit', (code) => fail(`exit code ${code}`))
  })
  child.removeAllListeners('exit')
  if (options.detached) {
    child.stdin.end()
    child.stdout.destroy()
    child.stderr.destroy()
  }
  letGo(child)
}

function gatewayFlags(site: Site, plan: SitePlan): string[] {
  const { behaviour } = site.gateway
  const times = ['-udp-idle', `${site.timing.udpIdleMs}ms`, '-tcp-idle', `${site.timing.tcpIdleMs}ms`, '-delay', `${site.timing.delayMs}ms`]
  if (behaviour === undefined || plan.external === undefined) return ['-mapping', 'none', ...times]
  return ['-external', plan.external, '-inside', plan.lan, '-mapping', behaviour.mapping, '-filtering', behaviour.filtering, `-hairpin=${behaviour.hairpin}`, ...times]
}
