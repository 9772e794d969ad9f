import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { environmentName } from '../src/config/option.ts'
import { OPTIONS, optionEntries } from '../src/config/options.ts'
import { parseConfig } from '../src/config/parse-config.ts'
import type { ConfigOutcome } from '../src/config/parse-config.ts'
import { accessText, configText, helpText } from '../src/config/show-config.ts'
import { cidr, toBlockList } from '../src/config/values.ts'

const ID = '12D3KooWP8zHb4ydR76acy8iW9zD1yKfr9dREqM6khzeG8pNtpfD'
const OTHER = '12D3KooWRuyALHCj3roH2DeNWCYaY8hCr526PmdsCiEieFdY1eF8'

function parse(argv: readonly string[], environment: Record<string, string> = {}, file?: string): ConfigOutcome {
  return parseConfig({ argv, environment, readFile: () => { if (file === undefined) throw new TypeError('ENOENT: no such file'); return file } })
}

function problems(outcome: ConfigOutcome): string {
  return outcome.ok ? '' : outcome.problems.join('\n')
}

describe('precedence', () => {
  test('[RL1] flag, then environment, then file, then default; for each setting by itself', () => {
    const sources = fc.record({ flag: fc.boolean(), environment: fc.boolean(), file: fc.boolean() })
    fc.assert(fc.property(sources, sources, (http, tcp) => {
      const argv = [...(http.flag ? ['--http-port', '1001'] : []), ...(tcp.flag ? ['--tcp-port=2001'] : []), '--config', 'relay.json']
      const environment = { ...(http.environment ? { GF_RELAY_HTTP_PORT: '1002' } : {}), ...(tcp.environment ? { GF_RELAY_TCP_PORT: '2002' } : {}) }
      const file = { ...(http.file ? { 'http-port': 1003 } : {}), ...(tcp.file ? { 'tcp-port': '2003' } : {}) }
      const outcome = parse(argv, environment, JSON.stringify(file))
      const expected = (from: typeof http, base: number, fallback: number): number => from.flag ? base + 1 : from.environment ? base + 2 : from.file ? base + 3 : fallback
      expect(outcome.ok && [outcome.config.httpPort, outcome.config.tcpPort]).toEqual([expected(http, 1000, 8080), expected(tcp, 2000, 4001)])
    }))
  })

  test('[RL1] a list given by flags replaces the list of the environment', () => {
    const outcome = parse(['--deny', ID], { GF_RELAY_DENY: `${OTHER}, ${ID}` })
    expect(outcome.ok && outcome.config.deny).toEqual([ID])
    const environment = parse([], { GF_RELAY_DENY: `${OTHER}, ${ID}` })
    expect(environment.ok && environment.config.deny).toEqual([OTHER, ID])
  })
})

describe('problems', () => {
  test('[RL2] every problem of every source is reported at once', () => {
    const outcome = parse(
      ['--http-port', 'eighty', '--nonsense', 'x', 'stray', '--relay', '/ip4/1.2.3.4/tcp/1', '--config', 'relay.json'],
      { GF_RELAY_STUN_PORT: '99999', GF_RELAY_STUN_PROT: '3478' },
      '{"access": "everyone", "network": ["a", "b"], "colour": 3}'
    )
    const text = problems(outcome)
    for (const part of ['--http-port', '--nonsense', '"stray"', '--relay', 'GF_RELAY_STUN_PORT', 'GF_RELAY_STUN_PROT', '"access" in relay.json', '"network" in relay.json', '"colour" in relay.json']) expect(text).toContain(part)
  })

  test.each([
    [['--tls-cert', 'cert.pem'], 'give both or neither'],
    [['--access', 'allow'], 'name at least one peer'],
    [['--allow', ID, '--deny', ID], 'is in both'],
    [['--http-port', '7000', '--tcp-port', '7000'], 'both are 7000'],
    [['--http-port'], 'a value is missing'],
    [['--http-port', '--log', 'json'], 'a value is missing'],
    [['--trusted-proxy', '10.0.0.0/33'], 'an address range'],
    [['--public-url', 'https://relay.example/path'], 'without a path'],
    [['--http-port', '1', '--http-port', '2'], 'exactly one value']
  ])('[RL2] %j is a problem: %s', (argv, message) => {
    expect(problems(parse(argv))).toContain(message)
  })

  test.each(['[]', '"text"', 'null', '{', '{"http-port": {"a": 1}}', `{"log": "${'x'.repeat(300_000)}"}`])('[RL2] a config file that is %.30s is a problem, not a crash', (file) => {
    expect(problems(parse(['--config', 'relay.json'], {}, file))).toContain('relay.json')
  })

  test('[RL2] no text on the command line, in the environment or in the file makes the parser throw', () => {
    const word = fc.oneof(fc.constantFrom('--http-port', '--relay', '--config', '--', '--help', '--allow=', '--=x', '--__proto__', '--constructor=1'), fc.string())
    fc.assert(fc.property(fc.array(word), fc.dictionary(fc.constantFrom(...optionEntries().map(([, { flag }]) => environmentName(flag))), fc.string()), fc.oneof(fc.string(), fc.json()), (argv, environment, file) => {
      const outcome = parse([...argv, '--config', 'f'], environment, file)
      expect(outcome.ok || outcome.problems.length > 0).toBe(true)
    }))
  })
})

describe('what is shown', () => {
  test('[RL3] --print-config gives a config file that reads back as the same configuration', () => {
    const first = parse(['--http-port', '0', '--stun-port', 'off', '--deny', ID, '--embed-origin', 'https://gloflow.example', '--bridge', 'off', '--trusted-proxy', '10.0.0.0/8'])
    if (!first.ok) throw new TypeError(problems(first))
    const { settings } = JSON.parse(configText(first.config, first.sources)) as { settings: Record<string, unknown> }
    const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null))
    const second = parse(['--config', 'f'], {}, JSON.stringify(given))
    expect(second.ok && second.config).toEqual(first.config)
  })

  test('[RL3] --help names every setting', () => {
    for (const option of Object.values(OPTIONS)) expect(helpText()).toContain(`--${option.flag} ${option.placeholder}`)
  })
})

test('[RL57] who may use the relay, and each quota by its flag, is said in one line', () => {
  const text = (...argv: string[]): string => {
    const outcome = parse(argv)
    return outcome.ok ? accessText(outcome.config) : ''
  }
  expect(text()).toBe('Access: open (open to everyone); --max-reservations 2000 peers reachable through it, --circuit-max-bytes 67108864 each way, --circuit-max-ms 3600000 a circuit, --peer-max-bytes 4294967296 a peer and hour')
  expect(text('--access', 'allow', '--allow', ID, '--deny', OTHER, '--peer-max-bytes', '0')).toMatch(/^Access: allow \(for those named by --allow, but for 1 denied\);.*--peer-max-bytes 0 \(no limit\)$/)
})

describe('address ranges', () => {
  test('[RL15] a range holds what it says, in both families', () => {
    const ranges = ['10.0.0.0/8', '192.0.2.7', 'fd00::/8'].map((text) => cidr(text)).map((reading) => reading.ok ? reading.value : '')
    const set = toBlockList(ranges)
    expect([set.check('10.9.8.7'), set.check('192.0.2.7'), set.check('192.0.2.8'), set.check('fd12::1', 'ipv6'), set.check('2001:db8::1', 'ipv6')]).toEqual([true, true, false, true, false])
  })
})
