import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Runs a TypeScript program of this folder: here where this Node can, else with the Node that the project's set-up put into `.tools`. */
export async function launch(program) {
  if (process.features.typescript) return import(`./${program}`)
  const name = process.platform === 'win32' ? 'node.exe' : 'bin/node'
  const node = fileURLToPath(new URL(`../../../.tools/node/node_modules/node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}/${name}`, import.meta.url))
  if (!existsSync(node)) {
    console.error(`This needs Node 22.18 or newer, and here is ${process.version}; "npm test" at the root sets one up`)
    process.exit(2)
  }
  const run = spawnSync(node, [fileURLToPath(new URL(program, import.meta.url)), ...process.argv.slice(2)], { stdio: 'inherit' })
  process.exit(run.status ?? 2)
}
