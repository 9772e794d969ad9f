import type { ConfigSource, OptionKey, RelayConfig } from './options.ts'
import { optionEntries } from './options.ts'
import { environmentName } from './option.ts'

/** The text of `--help`. */
export function helpText(): string {
  const rows = optionEntries().map(([, option]) => {
    const name = `--${option.flag} ${option.placeholder}`
    const fallback = option.repeats ? '(repeats)' : option.fallback === undefined ? '' : `[${shown(option.fallback)}]`
    return `  ${name.padEnd(32)} ${option.meaning} ${fallback}`.trimEnd()
  })
  return [
    'gloflow-relay: the relay, bootstrap and rendezvous server of a GloFlow network; serves the web peer.',
    '',
    ...rows,
    `  ${'--config FILE'.padEnd(32)} a JSON file with these names: {"http-port": 8080}`,
    `  ${'--print-config'.padEnd(32)} print the configuration in effect, and where each value comes from`,
    `  ${'--help'.padEnd(32)} this text`,
    `  ${'--version'.padEnd(32)} the version`,
    '',
    `Each setting is also read from the environment (--http-port is ${environmentName('http-port')}; lists are separated by commas).`,
    'A flag wins over the environment, that over the file, that over the default.'
  ].join('\n')
}

/** The text of `--print-config`: a config file that says the same, and beside each value its source. */
export function configText(config: RelayConfig, sources: Readonly<Record<OptionKey, ConfigSource>>): string {
  const settings = Object.fromEntries(optionEntries().map(([key, option]) => [option.flag, config[key] ?? null]))
  const origins = Object.fromEntries(optionEntries().map(([key, option]) => [option.flag, sources[key]]))
  return JSON.stringify({ settings, sources: origins }, undefined, 2)
}

const WHO: Readonly<Record<RelayConfig['access'], string>> = {
  open: 'open to everyone',
  allow: 'for those named by --allow',
  invite: 'for those named by --allow or invited'
}

/** Who may use the relay, and how much of it, in one line: an operator should see that without asking. */
export function accessText(config: RelayConfig): string {
  const quota = (flag: string, value: number, meaning: string): string => `--${flag} ${value} ${value === 0 ? '(no limit)' : meaning}`
  const quotas = [
    quota('max-reservations', config.maxReservations, 'peers reachable through it'),
    quota('circuit-max-bytes', config.circuitMaxBytes, 'each way'),
    quota('circuit-max-ms', config.circuitMaxMs, 'a circuit'),
    quota('peer-max-bytes', config.peerMaxBytes, 'a peer and hour')
  ]
  const denied = config.deny.length === 0 ? '' : `, but for ${config.deny.length} denied`
  return `Access: ${config.access} (${WHO[config.access]}${denied}); ${quotas.join(', ')}`
}

function shown(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return value === '' ? 'all' : String(value)
}
