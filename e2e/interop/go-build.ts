// Builds a Go program once for each content of its sources and each Go version, and keeps the binary.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { type Generation, type Toolchain, type Unsupported, findToolchain, goEnv, lastLine } from './go-toolchain.ts'

/** What to build: the package `pkg` of the module in `dir`, with a go.mod of another name or build tags where given. */
export interface GoProgram {
  readonly name: string
  readonly generation: Generation
  readonly dir: string
  readonly pkg: string
  readonly modFile: string
  readonly tags: readonly string[]
  /** Where binaries go: `cacheDir/name-HASH`. */
  readonly cacheDir: string
}

/** A binary that is there, and the Go version that made it. */
export interface Built {
  readonly state: 'built'
  readonly path: string
  readonly goVersion: string
}

/** Cold, both peers together take two to three minutes on two cores; a build that is slower than this has hung. */
const BUILD_TIMEOUT_MS = 900_000
/** Fetching the modules of one peer takes half a minute on a fair line. */
const FETCH_TIMEOUT_MS = 300_000
const LOCK_POLL_MS = 200

function* sources(dir: string): Generator<string> {
  for (const entry of readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(dir, entry.name)
    if (entry.isDirectory() && entry.name !== 'testdata') yield* sources(path)
    else if (/\.(go|mod|sum)$/.test(entry.name) && !entry.name.endsWith('_test.go')) yield path
  }
}

function contentHash(program: GoProgram, toolchain: Toolchain): string {
  const hash = createHash('sha256')
  hash.update(JSON.stringify([toolchain.version, process.arch, process.platform, program.pkg, program.modFile, program.tags]))
  for (const path of sources(program.dir)) {
    const content = readFileSync(path)
    hash.update(`\n${relative(program.dir, path)} ${content.length}\n`).update(content)
  }
  return hash.digest('hex').slice(0, 20)
}

/**
 * Builds the program, or finds it in the cache. Missing toolchain or unreachable modules give `unsupported`; sources that
 * do not compile throw.
 */
export function buildGo(program: GoProgram, log: (line: string) => void): Built | Unsupported {
  const toolchain = findToolchain(program.generation, log)
  if ('state' in toolchain) return toolchain
  const path = join(program.cacheDir, `${program.name}-${contentHash(program, toolchain)}`)
  const built: Built = { state: 'built', path, goVersion: toolchain.version }
  if (existsSync(path)) {
    log(`${program.name}: cached, ${path}`)
    return built
  }
  mkdirSync(program.cacheDir, { recursive: true })
  const release = lock(`${path}.lock`)
  try {
    if (!existsSync(path)) return compile(program, toolchain, built, log)
    return built
  } finally {
    release()
  }
}

function compile(program: GoProgram, toolchain: Toolchain, built: Built, log: (line: string) => void): Built | Unsupported {
  const mod = [`-modfile=${program.modFile}`]
  log(`${program.name}: fetching modules with Go ${toolchain.version}`)
  const fetched = run(toolchain, program.dir, ['mod', 'download', ...mod], FETCH_TIMEOUT_MS)
  if (fetched.status !== 0) {
    return { state: 'unsupported', why: `the Go modules of ${program.name} cannot be fetched: ${lastLine(fetched.stderr)}` }
  }
  log(`${program.name}: building with Go ${toolchain.version}`)
  const started = Date.now()
  const temporary = `${built.path}.${process.pid}.tmp`
  const tags = program.tags.length > 0 ? [`-tags=${program.tags.join(',')}`] : []
  const result = run(toolchain, program.dir, ['build', ...mod, ...tags, '-trimpath', '-o', temporary, program.pkg], BUILD_TIMEOUT_MS)
  if (result.status !== 0) {
    rmSync(temporary, { force: true })
    throw new Error(`${program.name} does not build with Go ${toolchain.version}:\n${result.stderr}`)
  }
  renameSync(temporary, built.path)
  log(`${program.name}: built in ${((Date.now() - started) / 1000).toFixed(1)} s, ${built.path}`)
  dropOlder(program, built.path)
  return built
}

function run(toolchain: Toolchain, cwd: string, args: string[], timeout: number): { status: number | null; stderr: string } {
  const result = spawnSync(toolchain.go, args, { cwd, env: goEnv(), encoding: 'utf8', timeout, maxBuffer: 16 << 20 })
  return { status: result.status, stderr: result.error === undefined ? result.stderr : String(result.error) }
}

/** Binaries of 35 MB each add up: only the newest of a program stays. */
function dropOlder(program: GoProgram, keep: string): void {
  for (const name of readdirSync(program.cacheDir)) {
    const path = join(program.cacheDir, name)
    if (name.startsWith(`${program.name}-`) && path !== keep && !name.endsWith('.lock')) rmSync(path, { force: true })
  }
}

/** Two test runs at once build one after the other; a lock whose process is gone is taken over. */
function lock(path: string): () => void {
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' })
      return () => rmSync(path, { force: true })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    if (holderIsGone(path)) rmSync(path, { force: true })
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_POLL_MS)
  }
}

function holderIsGone(path: string): boolean {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    if (pid > 0) process.kill(pid, 0)
    return false
  } catch (error) {
    // ESRCH: the holder died. Anything else (the file just went, or the process is another user's) is no proof of that.
    return error instanceof Error && 'code' in error && error.code === 'ESRCH'
  }
}
