// Finds the Go toolchains that the interop tests need; sets up the old one where this machine lets us.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** The two generations of go-libp2p that GloFlow's network holds. */
export type Generation = 'legacy' | 'current'

/** A Go command that was run and said its version, such as `1.19.8`. */
export interface Toolchain {
  readonly go: string
  readonly version: string
}

/** Why this machine cannot build or run something. It is said in tests, in the matrix and by the commands. */
export interface Unsupported {
  readonly state: 'unsupported'
  readonly why: string
}

interface Wanted {
  readonly places: readonly string[]
  readonly accepts: (major: number, minor: number) => boolean
  readonly words: string
}

/** quic-go v0.33, which go-libp2p v0.26.2 pulls, refuses Go >= 1.21; current libraries ask for Go 1.26. */
const WANTED: Readonly<Record<Generation, Wanted>> = {
  legacy: {
    places: ['/usr/lib/go-1.19/bin/go', '/usr/lib/go-1.20/bin/go', 'go'],
    accepts: (major, minor) => major === 1 && (minor === 19 || minor === 20),
    words: 'Go 1.19 or 1.20 (Debian: apt-get install golang-1.19)'
  },
  current: {
    places: ['go', '/usr/local/go/bin/go'],
    accepts: (major, minor) => major > 1 || minor >= 26,
    words: 'Go 1.26 or later (https://go.dev/dl)'
  }
}

/** A package mirror can be slow; an install that takes longer than this is given up. */
const APT_TIMEOUT_MS = 300_000

/** Set `GF_TEST_SETUP=off` to keep tests from installing system packages. */
function mayInstall(): boolean {
  return process.env['GF_TEST_SETUP'] !== 'off' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
}

function versionOf(go: string): string | undefined {
  const run = spawnSync(go, ['env', 'GOVERSION'], { encoding: 'utf8', env: goEnv() })
  return run.status === 0 ? /^go(\d+\.\d+(?:\.\d+)?)/.exec(run.stdout)?.[1] : undefined
}

function search(wanted: Wanted): Toolchain | undefined {
  for (const go of wanted.places) {
    const version = versionOf(go)
    if (version === undefined) continue
    const [major = 0, minor = 0] = version.split('.').map(Number)
    if (wanted.accepts(major, minor)) return { go, version }
  }
  return undefined
}

/** The environment of every Go command here: no other toolchain is fetched, no C compiler is asked for, no flags from outside. */
export function goEnv(): NodeJS.ProcessEnv {
  return { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '-buildvcs=false', CGO_ENABLED: '0', GOWORK: 'off' }
}

/** Finds the toolchain for a generation. As root on Debian the old one is installed when it is missing; `log` hears of it. */
export function findToolchain(generation: Generation, log: (line: string) => void): Toolchain | Unsupported {
  const wanted = WANTED[generation]
  const found = search(wanted)
  if (found !== undefined) return found
  if (generation === 'legacy' && mayInstall()) {
    log('installing golang-1.19 from Debian (474 MB unpacked; GF_TEST_SETUP=off prevents it)')
    const args = ['-y', '-q', '-o', 'DPkg::Lock::Timeout=300', '--no-install-recommends', 'install', 'golang-1.19']
    const run = spawnSync('apt-get', args, { encoding: 'utf8', timeout: APT_TIMEOUT_MS, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
    const installed = search(wanted)
    if (installed !== undefined) return installed
    return { state: 'unsupported', why: `${wanted.words} is missing and could not be installed: ${lastLine(run.stderr ?? '')}` }
  }
  return { state: 'unsupported', why: `${wanted.words} is missing` }
}

/** The last line of a command's output that says something. */
export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
