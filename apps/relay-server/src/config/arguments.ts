import { optionEntries } from './options.ts'
import { quote } from './option.ts'
import type { Command } from './parse-config.ts'

/** What the command line says, not yet checked value by value. */
export interface Arguments {
  /** Texts by flag name, in the order given. */
  readonly settings: ReadonlyMap<string, readonly string[]>
  readonly configFile: string | undefined
  readonly commands: ReadonlySet<Command>
}

const COMMANDS: readonly Command[] = ['help', 'version', 'print-config']

/** Cuts the command line into flags and values. `--name value` and `--name=value` mean the same. Adds to `problems` what it cannot place. */
export function readArguments(argv: readonly string[], problems: string[]): Arguments {
  const settings = new Map<string, string[]>()
  const commands = new Set<Command>()
  const known = new Set(['config', ...optionEntries().map(([, option]) => option.flag)])
  let configFile: string | undefined
  const rest = [...argv]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') continue
    if (!word.startsWith('--')) {
      problems.push(`${quote(word)}: expected a flag such as --http-port 8080; see --help.`)
      continue
    }
    const equals = word.indexOf('=')
    const name = equals === -1 ? word.slice(2) : word.slice(2, equals)
    const command = COMMANDS.find((candidate) => candidate === name)
    if (command !== undefined) {
      commands.add(command)
      continue
    }
    const value = equals === -1 ? takeValue(rest) : word.slice(equals + 1)
    if (!known.has(name)) problems.push(`--${name.slice(0, 60)}: there is no such flag; see --help.`)
    else if (value === undefined) problems.push(`--${name}: a value is missing.`)
    else if (name === 'config') configFile = value
    else settings.set(name, [...(settings.get(name) ?? []), value])
  }
  return { settings, configFile, commands }
}

/** The next word, where it is not itself a flag. */
function takeValue(rest: string[]): string | undefined {
  return rest[0]?.startsWith('--') === true ? undefined : rest.shift()
}
