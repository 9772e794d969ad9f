import type { ConfigSource, OptionKey, RelayConfig } from './options.ts'
import { optionEntries } from './options.ts'
import { environmentName, quote } from './option.ts'
import { readArguments } from './arguments.ts'
import { readFileSettings } from './config-file.ts'

/** What the relay is started from: the arguments after the program's name, the environment, and a way to read the config file. */
export interface ConfigInput {
  readonly argv: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Returns the file's text; throws what the file system throws. */
  readonly readFile: (path: string) => string
}

/** The outcome: a configuration with the source of each value, or all that is wrong, one sentence each. */
export type ConfigOutcome =
  | { readonly ok: true; readonly config: RelayConfig; readonly sources: Readonly<Record<OptionKey, ConfigSource>>; readonly commands: ReadonlySet<Command> }
  | { readonly ok: false; readonly problems: readonly string[]; readonly commands: ReadonlySet<Command> }

/** Flags that ask for something to be printed instead of a relay to be started. */
export type Command = 'help' | 'version' | 'print-config'

/** The texts of one setting and how a message names the place they came from. */
interface Given {
  readonly texts: readonly string[]
  readonly place: string
  readonly source: ConfigSource
}

/** Reads all sources with one precedence: flag, then environment, then file, then default. Every problem is reported, not the first. */
export function parseConfig(input: ConfigInput): ConfigOutcome {
  const problems: string[] = []
  const args = readArguments(input.argv, problems)
  const filePath = args.configFile ?? input.environment['GF_RELAY_CONFIG']
  const file = filePath === undefined ? new Map<string, readonly string[]>() : readFileSettings(filePath, input.readFile, problems)
  checkEnvironmentNames(input.environment, problems)

  const values: Partial<Record<OptionKey, unknown>> = {}
  const sources: Partial<Record<OptionKey, ConfigSource>> = {}
  for (const [key, option] of optionEntries()) {
    const given = find(option.flag, option.repeats, args.settings, input.environment, file, filePath)
    sources[key] = given?.source ?? 'default'
    values[key] = option.fallback
    if (given === undefined) continue
    const reading = option.read(given.texts)
    if (reading.ok) values[key] = reading.value
    else problems.push(`${given.place}: expected ${reading.expected}${option.repeats ? '' : `, got ${quote(given.texts.join(' '))}`}.`)
  }
  // Each key of the table was filled above, with a value that the option's own reader made or with its default.
  const config = values as RelayConfig
  if (problems.length === 0) problems.push(...contradictions(config))
  if (problems.length > 0) return { ok: false, problems, commands: args.commands }
  return { ok: true, config, sources: sources as Record<OptionKey, ConfigSource>, commands: args.commands }
}

function find(
  flag: string,
  repeats: boolean,
  settings: ReadonlyMap<string, readonly string[]>,
  environment: Readonly<Record<string, string | undefined>>,
  file: ReadonlyMap<string, readonly string[]>,
  filePath: string | undefined
): Given | undefined {
  const fromFlag = settings.get(flag)
  if (fromFlag !== undefined) return { texts: fromFlag, place: `--${flag}`, source: 'flag' }
  const variable = environmentName(flag)
  const fromEnvironment = environment[variable]
  if (fromEnvironment !== undefined) {
    const texts = repeats ? fromEnvironment.split(/[\s,]+/).filter((part) => part !== '') : [fromEnvironment]
    return { texts, place: variable, source: 'environment' }
  }
  const fromFile = file.get(flag)
  return fromFile === undefined ? undefined : { texts: fromFile, place: `"${flag}" in ${filePath ?? 'the config file'}`, source: 'file' }
}

function checkEnvironmentNames(environment: Readonly<Record<string, string | undefined>>, problems: string[]): void {
  const known = new Set(['GF_RELAY_CONFIG', ...optionEntries().map(([, option]) => environmentName(option.flag))])
  for (const name of Object.keys(environment)) {
    if (name.startsWith('GF_RELAY_') && !known.has(name)) problems.push(`${name}: there is no such setting; see --help.`)
  }
}

/** What is wrong between settings that are right one by one. */
function contradictions(config: RelayConfig): string[] {
  const problems: string[] = []
  if ((config.tlsCert === undefined) !== (config.tlsKey === undefined)) problems.push('--tls-cert and --tls-key: give both or neither.')
  if (config.access === 'allow' && config.allow.length === 0) problems.push('--access allow: name at least one peer with --allow, or nobody may use this relay.')
  const both = config.allow.filter((id) => config.deny.includes(id))
  if (both.length > 0) problems.push(`--allow and --deny: ${both.join(', ')} is in both.`)
  const tcpPorts = [['--http-port', config.httpPort], ['--tcp-port', config.tcpPort], ['--admin-port', config.adminPort]] as const
  const udpPorts = [['--stun-port', config.stunPort], ['--webrtc-direct-port', config.webrtcDirectPort]] as const
  for (const group of [tcpPorts, udpPorts]) problems.push(...samePorts(group))
  return problems
}

function samePorts(ports: readonly (readonly [string, number | 'off'])[]): string[] {
  const problems: string[] = []
  for (const [index, [flag, value]] of ports.entries()) {
    const other = ports.slice(0, index).find(([, earlier]) => earlier === value)
    if (value !== 0 && value !== 'off' && other !== undefined) problems.push(`${other[0]} and ${flag}: both are ${value}; each needs a port of its own.`)
  }
  return problems
}
